import ComputationGraph
import Foundation
import Foundations
import Kernels
import ScheduleTuning
import Testing

struct CostModelTests {
  private func observations(_ workload: OperatorWorkload, _ meter: FakeMeter) -> [CostModel.Observation] {
    ScheduleSpace(of: workload, threads: 1).schedules.map {
      CostModel.Observation(
        features: ScheduleFeatures(of: $0, for: workload), milliseconds: meter.cost($0, workload))
    }
  }

  /// A latency that is a product of powers of the features' quantities is what the model assumes.
  @Test func aLinearCostIsPredictedForOperatorsNeverSeen() throws {
    var generator = SeededGenerator(seed: 21)
    let weights = (0..<ScheduleFeatures.count).map { _ in Double.random(in: -1...1, using: &generator) }
    func milliseconds(_ features: ScheduleFeatures) -> Double {
      let shift = Double(KernelAlgorithm.allCases.firstIndex(of: features.algorithm)!) * 0.1
      return exp2(zip(weights, features.values).reduce(shift) { $0 + $1.0 * $1.1 })
    }
    var model = CostModel()
    for _ in 0..<30 {
      let workload = try randomConvolution(&generator)
      for schedule in ScheduleSpace(of: workload, threads: 1).schedules {
        let features = ScheduleFeatures(of: schedule, for: workload)
        model.add(CostModel.Observation(features: features, milliseconds: milliseconds(features)))
      }
    }
    let predictor = model.predictor()
    for _ in 0..<10 {
      let workload = try randomConvolution(&generator)
      let features = ScheduleSpace(of: workload, threads: 1).schedules.map {
        ScheduleFeatures(of: $0, for: workload)
      }
      let rho = RankCorrelation.spearman(
        features.map(predictor.milliseconds), features.map(milliseconds))
      #expect(rho > 0.9 || features.count < 4, "\(workload.summary): \(rho)")
    }
  }

  @Test func whatIsKnownOfTheOperatorImprovesItsRanking() throws {
    var generator = SeededGenerator(seed: 22)
    let meter = FakeMeter()
    var model = CostModel()
    for _ in 0..<10 {
      for observation in observations(try randomConvolution(&generator), meter) { model.add(observation) }
    }
    var (general, special) = ([Double](), [Double]())
    for _ in 0..<12 {
      let all = observations(try randomConvolution(&generator), meter)
      guard all.count >= 12 else { continue }
      let split = all.shuffled(using: &generator)
      let (own, rest) = (Array(split.prefix(all.count / 2)), split.suffix(all.count - all.count / 2))
      func rho(_ predictor: CostModel.Predictor) -> Double {
        RankCorrelation.spearman(
          rest.map { predictor.milliseconds($0.features) }, rest.map(\.milliseconds))
      }
      general.append(rho(model.predictor()))
      special.append(rho(model.predictor(own: own)))
    }
    #expect(special.reduce(0, +) > general.reduce(0, +))
    #expect(special.reduce(0, +) / Double(special.count) > 0.6)
  }

  @Test func modelsAreDeterministicAndCountWhatTheyLearnedFrom() throws {
    var generator = SeededGenerator(seed: 23)
    let workload = try randomConvolution(&generator)
    let all = observations(workload, FakeMeter())
    var grown = CostModel()
    for observation in all { grown.add(observation) }
    let made = CostModel(all)
    #expect(made.observationCount == all.count && grown.observationCount == all.count)
    for observation in all {
      let prediction = made.predictor(own: all).milliseconds(observation.features)
      #expect(prediction == grown.predictor(own: all).milliseconds(observation.features))
      #expect(prediction.isFinite && prediction > 0)
    }
    // One that knows nothing predicts something finite.
    #expect(CostModel().predictor().milliseconds(all[0].features) == 1)
  }
}
