import ComputationGraph
import Foundation
import Foundations
import Testing
import Training

@Suite struct CheckpointTests {
  private let graph: Graph
  private let data: ImageDataset
  private let held: ImageDataset
  private let normalization: Normalization

  init() throws {
    graph = try TestNetworks.small(channels: 4, height: 8, width: 8)
    data = try TestNetworks.dataset(count: 150, channels: 1, height: 8, width: 8, classes: 10, seed: 1)
    held = try TestNetworks.dataset(count: 40, channels: 1, height: 8, width: 8, classes: 10, seed: 2)
    normalization = Normalization(of: data)
  }

  private static let plain = TrainingConfiguration(epochs: 3, batchSize: 32, learningRate: 0.05, seed: 4)
  private static let rich = TrainingConfiguration(
    epochs: 3, batchSize: 32, learningRate: 0.01, optimizer: .adamW(.init()),
    schedule: .oneCycle(.init()), warmupFraction: 0.3, gradientClipping: 1, averaging: .init(decay: 0.9),
    augmentation: .init(horizontalFlip: true, cropPadding: 1, cutout: 2, mixup: 0.4), labelSmoothing: 0.1,
    seed: 4)

  private func session(
    _ configuration: TrainingConfiguration, validation: ImageDataset? = nil,
    continuing checkpoint: TrainingCheckpoint? = nil
  ) throws -> TrainingSession {
    // Another seed in the trainer's initial weights would show if a continuation did not replace them.
    try TrainingSession(
      Trainer(graph: graph, configuration: configuration), on: data, normalization: normalization,
      validation: validation, continuing: checkpoint)
  }

  private func timeless(_ history: [EpochRecord]) -> [[Double?]] {
    history.map { [$0.epoch, $0.trainLoss, $0.trainAccuracy, $0.learningRate, $0.validationAccuracy] }
  }

  @Test(arguments: [plain, rich]) func interruptedTrainingsEndBitIdentically(
    configuration: TrainingConfiguration
  ) throws {
    let whole = try session(configuration, validation: held)
    while !whole.isFinished { try whole.advance() }
    let expected = try whole.finish()
    #expect(expected.history.allSatisfy { $0.validationAccuracy != nil })
    #expect(whole.steps == 14)
    for stop in [0, 1, 4, 5, 9, 13, 14] {
      let first = try session(configuration, validation: held)
      while first.step < stop { try first.advance() }
      let bytes = first.checkpoint().encoded()
      let checkpoint = try TrainingCheckpoint(decoding: bytes, path: "c")
      #expect(checkpoint.step == stop)
      var other = configuration
      other.threads = 3
      let second = try session(other, validation: held, continuing: checkpoint)
      while !second.isFinished { try second.advance() }
      let found = try second.finish()
      #expect(WeightsFile.encode(found.weights) == WeightsFile.encode(expected.weights), "stopped at \(stop)")
      #expect(timeless(found.history) == timeless(expected.history))
    }
  }

  @Test func checkpointsAtEveryStepChangeNothing() throws {
    let expected = try Trainer(graph: graph, configuration: Self.rich).train(
      on: data, normalization: normalization)
    var checkpoint: TrainingCheckpoint?
    var current = try session(Self.rich)
    while !current.isFinished {
      current = try session(Self.rich, continuing: checkpoint)
      try current.advance()
      checkpoint = try TrainingCheckpoint(decoding: current.checkpoint().encoded(), path: "c")
    }
    #expect(try current.finish().weights == expected.weights)
  }

  @Test func validationInfluencesNothing() throws {
    let (with, without) = (try session(Self.rich, validation: held), try session(Self.rich))
    for session in [with, without] { while !session.isFinished { try session.advance() } }
    #expect(try with.finish().weights == without.finish().weights)
  }

  /// The accuracy of the last pass is that of the network that is kept, not of the last weights.
  @Test func validationIsOfTheAveragedWeights() throws {
    let images = try TestNetworks.dataset(count: 500, channels: 1, height: 8, width: 8, classes: 10, seed: 3)
    var configuration = Self.plain
    configuration.learningRate = 0.5
    configuration.schedule = .constant
    var accuracies: [Double?] = []
    for averaging in [nil, TrainingConfiguration.Averaging(decay: 0.9)] {
      configuration.averaging = averaging
      let current = try session(configuration, validation: images)
      while !current.isFinished { try current.advance() }
      let last = try current.finish().history.last?.validationAccuracy
      #expect(try current.trainer.accuracy(on: images, normalization: normalization) == last)
      accuracies.append(last)
    }
    #expect(accuracies[0] != accuracies[1], "the averages are no better or worse: this shows nothing")
  }

  @Test func otherTrainingsAreRefused() throws {
    let checkpoint = try session(Self.plain).checkpoint()
    func reason(_ change: (inout TrainingConfiguration) -> Void) -> String? {
      var configuration = Self.plain
      change(&configuration)
      let error = #expect(throws: TrainingError.self) { try session(configuration, continuing: checkpoint) }
      if case .checkpointMismatch(let reason) = error { return reason }
      return nil
    }
    #expect(reason { $0.epochs = 4 } == "it is of a training of 3.0 epochs, not 4.0")
    #expect(reason { $0.seed = 5 } == "its seed is another")
    #expect(reason { $0.learningRate = 0.1 } == "its training configuration is another")
    #expect(throws: TrainingError.checkpointMismatch(reason: "its validation images are others")) {
      try session(Self.plain, validation: held, continuing: checkpoint)
    }
    #expect(throws: TrainingError.checkpointMismatch(reason: "its training images are others")) {
      try TrainingSession(
        Trainer(graph: graph, configuration: Self.plain), on: held, normalization: normalization,
        continuing: checkpoint)
    }
    let large = try TestNetworks.small(channels: 5, height: 8, width: 8)
    #expect(throws: TrainingError.self) {
      try TrainingSession(
        Trainer(graph: large, configuration: Self.plain), on: data, normalization: normalization,
        continuing: checkpoint)
    }
  }

  @Test func filesAreReplacedAtomicallyAndComeBack() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("tandem-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: url) }
    let current = try session(Self.rich, validation: held)
    for _ in 0..<7 { try current.advance() }
    let checkpoint = current.checkpoint()
    try checkpoint.write(to: url)
    #expect(try TrainingCheckpoint.read(url) == checkpoint)
    #expect(throws: TrainingError.self) { try TrainingCheckpoint.read(url.appendingPathComponent("x")) }
  }

  @Test func damageIsNoticed() throws {
    let current = try session(Self.plain)
    try current.advance()
    let bytes = current.checkpoint().encoded()
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      var damaged = bytes
      if Bool.random(using: &generator) {
        damaged.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      } else {
        damaged[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8(1 << Int.random(in: 0..<8))
      }
      let error = #expect(throws: TrainingError.self) {
        try TrainingCheckpoint(decoding: damaged, path: "c")
      }
      #expect(error?.description.hasPrefix("c: ") == true)
    }
  }

  /// Files whose checksum somebody made right again: an error or a checkpoint, never a crash, also when it is continued.
  @Test func forgedFilesDoNotCrash() throws {
    let current = try session(Self.plain)
    try current.advance()
    let original = [UInt8](current.checkpoint().encoded())
    let textLength = original[12..<20].reversed().reduce(0) { $0 << 8 | Int($1) }
    var generator = SeededGenerator(seed: 11)
    var refused = 0
    for _ in 0..<1500 {
      var bytes = Array(original.dropLast(8))
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        // Mostly the header, the lengths and the order of images.
        let reach = Bool.random(using: &generator) ? 20 + textLength : 20 + textLength + 700
        let place = Int.random(in: 8..<min(bytes.count, reach), using: &generator)
        bytes[place] = UInt8.random(in: 0...255, using: &generator)
      }
      let hash = bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }
      do {
        let checkpoint = try TrainingCheckpoint(decoding: Data(bytes), path: "c")
        let continued = try session(Self.plain, continuing: checkpoint)
        if !continued.isFinished { try continued.advance() }
      } catch is TrainingError {
        refused += 1
      }
    }
    #expect(refused > 1000)
  }
}
