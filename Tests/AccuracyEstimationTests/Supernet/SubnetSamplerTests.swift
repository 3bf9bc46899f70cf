import AccuracyEstimation
import Foundations
import SearchSpaces
import Testing
import Training

@Suite struct SubnetSamplerTests {
  private let input = InputSpecification(channels: 1, height: 28, width: 28, classes: 10)

  private func sampler(
    _ sampling: SupernetConfiguration.Sampling = .independent(subnets: 1), emphasis: Double = 1,
    phases: [SupernetConfiguration.Phase] = [], seed: UInt64 = 1,
    isAdmitted: @escaping @Sendable (Architecture) -> Bool = { _ in true }
  ) throws -> (SubnetSampler, SearchSpace) {
    let space = try WeightSharingTests.space("nasbench201")
    let configuration = SupernetConfiguration(
      trainImages: 64, validationImages: 64, recalibrationImages: 32,
      training: TrainingConfiguration(seed: seed), sampling: sampling, operationEmphasis: emphasis,
      phases: phases)
    return (
      SubnetSampler(space: space, input: input, configuration: configuration, isAdmitted: isAdmitted), space
    )
  }

  @Test func singleNetworksAreOfAnySize() throws {
    let (sampler, space) = try sampler()
    var sizes: [String: Int] = [:]
    var refused = 0
    for step in 0..<400 {
      let drawn = try sampler.architectures(step, of: 400)
      #expect(drawn.admitted.count == 1)
      #expect(throws: Never.self) { try space.trainingGraph(for: drawn.admitted[0], input: input) }
      sizes["\(space.size(of: drawn.admitted[0]))", default: 0] += 1
      refused += drawn.refused
    }
    #expect(sizes.count == 10)
    #expect(sizes.values.allSatisfy { (15...70).contains($0) }, "\(sizes)")
    // Some networks of the space connect nothing.
    #expect((1...100).contains(refused))
  }

  @Test func independentNetworksOfAStepDifferInEverything() throws {
    let (sampler, space) = try sampler(.independent(subnets: 8))
    var widths: [Int: Int] = [:]
    for step in 0..<50 {
      let drawn = try sampler.architectures(step, of: 50).admitted
      #expect(drawn.count == 8)
      #expect(Set(drawn).count > 5)
      for architecture in drawn { widths[space.size(of: architecture).width, default: 0] += 1 }
    }
    #expect(widths.count == 5 && widths.values.allSatisfy { (50...110).contains($0) }, "\(widths)")
    #expect(try sampler.step(3, of: 50).subnets.count == 8)
  }

  /// Two of the five operations have weights: 2 · 6 of 2 · 6 + 3 draws take one of them.
  @Test(arguments: [(1.0, 0.4), (6.0, 0.8)])
  func operationsWithWeightsAreDrawnMoreOften(emphasis: Double, share: Double) throws {
    let (sampler, space) = try sampler(emphasis: emphasis)
    var counts: [String: Int] = [:]
    for step in 0..<400 {
      let drawn = try sampler.architectures(step, of: 400).admitted[0]
      for decision in space.architectureDecisions where decision.name.hasPrefix("cell.") {
        counts[drawn.choices[decision.name]!, default: 0] += 1
      }
    }
    let convolutions = (counts["nor_conv_1x1"]!, counts["nor_conv_3x3"]!)
    let all = Double(counts.values.reduce(0, +))
    #expect(all == 2400)
    // Networks that connect nothing, which are drawn again, mostly lack convolutions.
    #expect(abs(Double(convolutions.0 + convolutions.1) / all - share) < 0.05, "\(counts)")
    #expect(abs(convolutions.0 - convolutions.1) < 150)
    for name in ["none", "skip_connect", "avg_pool_3x3"] {
      #expect(abs(Double(counts[name]!) / all - (1 - share) / 3) < 0.05, "\(counts)")
    }
  }

  @Test func aStepDependsOnItsNumberAndTheSeedAlone() throws {
    let (first, _) = try sampler()
    let (again, _) = try sampler()
    let (other, _) = try sampler(seed: 2)
    let drawn = try (0..<20).map { try first.architectures($0, of: 50).admitted }
    #expect(try (0..<20).reversed().map { try again.architectures($0, of: 50).admitted } == drawn.reversed())
    #expect(try (0..<20).map { try other.architectures($0, of: 50).admitted } != drawn)
    #expect(Set(drawn.joined()).count > 15)
  }

  @Test func whatIsNotAdmittedIsDrawnAgainAndCounted() throws {
    let (sampler, space) = try sampler { $0.choices["stemChannels"] == "4" }
    var refused = 0
    for step in 0..<100 {
      let drawn = try sampler.architectures(step, of: 100)
      #expect(space.size(of: drawn.admitted[0]).width == 4)
      refused += drawn.refused
    }
    #expect((200...800).contains(refused), "four of five widths are refused: \(refused)")
    let (nothing, _) = try self.sampler { _ in false }
    #expect(throws: TrainingError.self) { try nothing.step(0, of: 1) }
  }

  @Test func sandwichesAreSizesOfOneNetwork() throws {
    let (sampler, space) = try sampler(.sandwich(subnets: 5)) { Int($0.choices["stemChannels"]!)! <= 16 }
    for step in 0..<30 {
      let drawn = try sampler.architectures(step, of: 30).admitted
      #expect(drawn.count == 5)
      let sizes = drawn.map { space.size(of: $0) }
      #expect(sizes[0] == (16, 2))
      #expect(sizes[1] == (4, 1))
      #expect(sizes[2...].allSatisfy { $0 != sizes[0] && $0 != sizes[1] })
      #expect(Set(drawn.map { space.resized($0, width: 4, depth: 1) }).count == 1)
    }
    #expect(try sampler.step(3, of: 30).subnets.count == 5)
  }

  @Test func phasesOpenTheSizesOneAfterTheOther() throws {
    let (sampler, space) = try sampler(phases: [
      .init(share: 1, widths: [24], depths: [2]), .init(share: 2, widths: [24, 16]), .init(share: 1),
    ])
    let sizes = try (0..<200).map { space.size(of: try sampler.architectures($0, of: 200).admitted[0]) }
    #expect(sizes[..<50].allSatisfy { $0 == (24, 2) })
    #expect(Set(sizes[50..<150].map(\.width)) == [16, 24])
    #expect(Set(sizes[50..<150].map(\.depth)) == [1, 2])
    #expect(Set(sizes[150...].map(\.width)) == [4, 8, 12, 16, 24])
  }

  @Test func configurationsThatMakeNoSenseAreNamed() throws {
    func field(_ change: (inout SupernetConfiguration) -> Void) -> String? {
      var configuration = SupernetConfiguration(
        trainImages: 1280, validationImages: 64, training: TrainingConfiguration())
      change(&configuration)
      do {
        try configuration.validate(widths: [4, 8], depths: [1])
        return nil
      } catch {
        guard case .invalidConfiguration(let field, _) = error else { return "\(error)" }
        return field
      }
    }
    #expect(field { _ in } == nil)
    #expect(field { $0.trainImages = 0 } == "trainImages")
    #expect(field { $0.validationImages = -1 } == "validationImages")
    #expect(field { $0.recalibrationImages = 33 } == "recalibrationImages")
    #expect(field { $0.recalibrationImages = 1312 } == "recalibrationImages")
    #expect(field { $0.sampling = .sandwich(subnets: 1) } == "subnetsPerStep")
    #expect(field { $0.sampling = .independent(subnets: 0) } == "subnetsPerStep")
    #expect(field { $0.operationEmphasis = .nan } == "operationEmphasis")
    #expect(field { $0.operationEmphasis = 0.5 } == "operationEmphasis")
    #expect(field { $0.distillation = true } == "distillation")
    #expect(field { $0.phases = [.init(share: 0)] } == "phases")
    #expect(field { $0.phases = [.init(share: 1, widths: [16])] } == "phases")
    #expect(field { $0.phases = [.init(share: 1, depths: [])] } == "phases")
    #expect(field { $0.training.epochs = 0 } == "epochs")
  }
}
