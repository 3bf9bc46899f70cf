import ComputationGraph
import Foundation
import Testing
import Training

/// Optimisers, schedules, clipping and averages against the published formulas, written out in double precision.
@Suite struct OptimizerTests {
  private let graph: Graph
  private let data: ImageDataset
  private let normalization: Normalization

  init() throws {
    graph = try TestNetworks.small(channels: 4, height: 8, width: 8)
    data = try TestNetworks.dataset(count: 32, channels: 1, height: 8, width: 8, classes: 10, seed: 8)
    normalization = Normalization(of: data)
  }

  /// With one chunk of images per step the whole training is: differentiate, change the weights by a rule, repeat.
  ///
  /// - Parameter rule: the new value of a weight from its old one, its gradient, the step counted from 0, whether it
  ///   decays, and two numbers that it keeps between steps.
  private func check(
    _ configuration: TrainingConfiguration, steps: Int, clip: Double? = nil,
    rule: (Double, Double, Int, Bool, inout (Double, Double)) -> Double
  ) throws {
    let trainer = try Trainer(graph: graph, configuration: configuration)
    let start = trainer.weights
    let trained = try trainer.train(on: data, normalization: normalization).weights
    let oracle = try Trainer(graph: graph, configuration: configuration, weights: start)
    var weights = start
    var memory: [String: [(Double, Double)]] = [:]
    for step in 0..<steps {
      let gradients = try oracle.batchGradients(on: data, normalization: normalization).gradients
      var factor = 1.0
      if let clip {
        let squares = gradients.names.flatMap { gradients[$0]! }.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(squares.squareRoot() > clip, "nothing was clipped at step \(step)")
        factor = min(1, clip / squares.squareRoot())
      }
      for name in gradients.names {
        var values = weights[name]!
        var kept = memory[name] ?? values.map { _ in (0, 0) }
        for index in values.indices {
          values[index] = Float(
            rule(
              Double(values[index]), factor * Double(gradients[name]![index]), step,
              name.hasSuffix(".weight"), &kept[index]))
        }
        weights[name] = values
        memory[name] = kept
      }
      try oracle.setWeights(weights)
    }
    for name in weights.names where !name.hasSuffix(".mean") && !name.hasSuffix(".variance") {
      for (a, b) in zip(trained[name]!, weights[name]!) {
        #expect(abs(a - b) <= 3e-4 * max(1, abs(b)), "\(name): \(a), expected \(b)")
      }
      #expect(trained[name]! != start[name]!, "\(name) did not change")
    }
  }

  /// Algorithm 2 of Loshchilov and Hutter, line by line.
  @Test func adamWFollowsTheArticle() throws {
    // The large ε keeps the quotient of two tiny numbers from magnifying rounding.
    let configuration = TrainingConfiguration(
      epochs: 5, batchSize: 32, learningRate: 0.01,
      optimizer: .adamW(.init(beta1: 0.8, beta2: 0.9, epsilon: 1e-3)), weightDecay: 0.1, schedule: .cosine,
      warmupFraction: 0.2)
    try check(configuration, steps: 5) { weight, gradient, step, decays, kept in
      let multiplier = step == 0 ? 0.5 : 0.5 * (1 + cos(Double.pi * Double(step - 1) / 4))
      let t = Double(step + 1)
      kept.0 = 0.8 * kept.0 + 0.2 * gradient
      kept.1 = 0.9 * kept.1 + 0.1 * gradient * gradient
      let mean = kept.0 / (1 - pow(0.8, t))
      let square = kept.1 / (1 - pow(0.9, t))
      return weight - multiplier * (0.01 * mean / (square.squareRoot() + 1e-3) + (decays ? 0.1 : 0) * weight)
    }
  }

  /// By hand: after bias correction the first step is g / (|g| + ε) long, the learning rate where ε is next to nothing;
  /// a weight that decays loses a tenth of itself besides. Gradients of mere rounding have no sign to go by.
  @Test func adamWsFirstStepIsTheLearningRate() throws {
    let configuration = TrainingConfiguration(
      epochs: 1, batchSize: 32, learningRate: 0.01, optimizer: .adamW(.init(epsilon: 1e-30)),
      weightDecay: 0.1, schedule: .constant, warmupFraction: 0)
    let trainer = try Trainer(graph: graph, configuration: configuration)
    let start = trainer.weights
    let gradients = try trainer.batchGradients(on: data, normalization: normalization).gradients
    let trained = try trainer.train(on: data, normalization: normalization).weights
    var moved = 0
    for name in gradients.names {
      let decay: Float = name.hasSuffix(".weight") ? 0.1 : 0
      for (index, gradient) in gradients[name]!.enumerated() where abs(gradient) > 1e-5 {
        let expected = start[name]![index] * (1 - decay) - (gradient > 0 ? 0.01 : -0.01)
        #expect(abs(trained[name]![index] - expected) < 1e-5)
        moved += 1
      }
    }
    #expect(moved > 100)
  }

  @Test func oneCycleDrivesRateAndMomentum() throws {
    let configuration = TrainingConfiguration(
      epochs: 6, batchSize: 32, learningRate: 0.1, momentum: 0.95, weightDecay: 0, nesterov: false,
      schedule: .oneCycle(.init(startDivisor: 4, endDivisor: 10, lowestMomentum: 0.5)),
      warmupFraction: 1.0 / 3)
    // By hand: two steps up from 0.025 to 0.1, then a cosine over three steps to 0.0025; the momentum inversely.
    let rates = [0.025, 0.0625, 0.1, 0.0025 + 0.0975 * 0.75, 0.0025 + 0.0975 * 0.25, 0.0025]
    let momenta = [0.95, 0.725, 0.5, 0.95 - 0.45 * 0.75, 0.95 - 0.45 * 0.25, 0.95]
    try check(configuration, steps: 6) { weight, gradient, step, _, kept in
      kept.0 = momenta[step] * kept.0 + gradient
      return weight - rates[step] * kept.0
    }
  }

  @Test func longGradientsAreClippedByTheNormOfAll() throws {
    let configuration = TrainingConfiguration(
      epochs: 3, batchSize: 32, learningRate: 0.5, momentum: 0, weightDecay: 0.01, nesterov: false,
      schedule: .constant, warmupFraction: 0, gradientClipping: 0.05)
    try check(configuration, steps: 3, clip: 0.05) { weight, gradient, _, decays, _ in
      weight - 0.5 * (gradient + (decays ? 0.01 : 0) * weight)
    }
  }

  @Test func shortGradientsAreNotTouchedByClipping() throws {
    func train(_ clipping: Double?) throws -> WeightValues {
      let configuration = TrainingConfiguration(epochs: 3, batchSize: 32, gradientClipping: clipping)
      return try Trainer(graph: graph, configuration: configuration).train(
        on: data, normalization: normalization
      ).weights
    }
    #expect(try train(1e9) == train(nil))
    #expect(try train(1e-3) != train(nil))
  }

  /// The average changes nothing about the training, so a training without one shows what is averaged.
  @Test func averagesFollowWeightsAndStatistics() throws {
    func configuration(_ averaging: TrainingConfiguration.Averaging?) -> TrainingConfiguration {
      TrainingConfiguration(epochs: 12, batchSize: 32, learningRate: 0.1, averaging: averaging)
    }
    let plain = try Trainer(graph: graph, configuration: configuration(nil))
    var average: [String: [Double]] = [:]
    for name in plain.weights.names { average[name] = plain.weights[name]!.map(Double.init) }
    let session = try TrainingSession(plain, on: data, normalization: normalization)
    while !session.isFinished {
      try session.advance()
      let t = Double(session.step)
      let decay = min(0.4, (1 + t) / (10 + t))
      for name in plain.weights.names {
        average[name] = zip(average[name]!, plain.weights[name]!).map {
          decay * $0 + (1 - decay) * Double($1)
        }
      }
    }
    let trainer = try Trainer(graph: graph, configuration: configuration(.init(decay: 0.4)))
    let found = try trainer.train(on: data, normalization: normalization).weights
    for name in found.names {
      for (a, b) in zip(found[name]!, average[name]!) { #expect(abs(Double(a) - b) < 1e-5, "\(name)") }
    }
    #expect(found.names.contains { $0.hasSuffix(".variance") })
    #expect(trainer.weights == found, "what is evaluated is the average")
    #expect(found != plain.weights)
  }

  @Test func filesOfEarlierVersionsAreRead() throws {
    let old = """
      {"epochs": 2.5, "batchSize": 96, "learningRate": 0.3, "momentum": 0.8, "weightDecay": 0.001, "nesterov": false,
       "warmupFraction": 0.2, "augmentation": {"horizontalFlip": true, "cropPadding": 3}, "labelSmoothing": 0.1,
       "threads": 3, "seed": 18446744073709551615}
      """
    let configuration = try JSONDecoder().decode(TrainingConfiguration.self, from: Data(old.utf8))
    #expect(
      configuration
        == TrainingConfiguration(
          epochs: 2.5, batchSize: 96, learningRate: 0.3, momentum: 0.8, weightDecay: 0.001, nesterov: false,
          warmupFraction: 0.2, augmentation: .init(horizontalFlip: true, cropPadding: 3), labelSmoothing: 0.1,
          threads: 3, seed: .max))
    #expect(configuration.optimizer == .sgd && configuration.schedule == .cosine)
    #expect(configuration.gradientClipping == nil && configuration.averaging == nil)
  }

  @Test func everyFieldSurvivesJSON() throws {
    for optimizer in [
      TrainingConfiguration.Optimizer.sgd, .adamW(.init(beta1: 0.7, beta2: 0.8, epsilon: 1e-5)),
    ] {
      for schedule in [
        TrainingConfiguration.Schedule.cosine, .constant, .oneCycle(.init()),
        .oneCycle(.init(startDivisor: 3, endDivisor: 7, lowestMomentum: 0.6)),
      ] {
        let configuration = TrainingConfiguration(
          optimizer: optimizer, schedule: schedule, gradientClipping: 2, averaging: .init(decay: 0.9),
          augmentation: .init(horizontalFlip: true, cropPadding: 1, cutout: 5, mixup: 0.3))
        let data = try JSONEncoder().encode(configuration)
        #expect(try JSONDecoder().decode(TrainingConfiguration.self, from: data) == configuration)
      }
    }
  }

  @Test func mistakesAreNamed() throws {
    func field(_ change: (inout TrainingConfiguration) -> Void) -> String? {
      var configuration = TrainingConfiguration()
      change(&configuration)
      let error = #expect(throws: TrainingError.self) { try configuration.validate() }
      if case .invalidConfiguration(let field, _) = error { return field }
      return nil
    }
    #expect(field { $0.optimizer = .adamW(.init(beta1: 1)) } == "optimizer.beta1")
    #expect(field { $0.optimizer = .adamW(.init(beta2: -0.1)) } == "optimizer.beta2")
    #expect(field { $0.optimizer = .adamW(.init(epsilon: 0)) } == "optimizer.epsilon")
    #expect(field { $0.schedule = .oneCycle(.init(startDivisor: 0.5)) } == "schedule.startDivisor")
    #expect(field { $0.schedule = .oneCycle(.init(endDivisor: .nan)) } == "schedule.endDivisor")
    #expect(field { $0.schedule = .oneCycle(.init(lowestMomentum: 0.99)) } == "schedule.lowestMomentum")
    #expect(
      field {
        $0.optimizer = .adamW(.init())
        $0.schedule = .oneCycle(.init(lowestMomentum: 0.5))
      } == "schedule.lowestMomentum")
    #expect(field { $0.gradientClipping = 0 } == "gradientClipping")
    #expect(field { $0.averaging = .init(decay: 1) } == "averaging.decay")
    #expect(field { $0.augmentation.cutout = -1 } == "augmentation.cutout")
    #expect(field { $0.augmentation.mixup = .infinity } == "augmentation.mixup")
  }
}
