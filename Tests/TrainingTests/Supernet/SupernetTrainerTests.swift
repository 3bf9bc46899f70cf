import ComputationGraph
import Foundation
import Foundations
import Testing
import Training

@Suite struct SupernetTrainerTests {
  private let data: ImageDataset
  private let normalization: Normalization

  init() throws {
    data = try TestNetworks.dataset(count: 160, channels: 1, height: 12, width: 12, classes: 10, seed: 3)
    normalization = Normalization(of: data)
  }

  private func graph(_ channels: Int) throws -> Graph {
    try TestNetworks.small(channels: channels, height: 12, width: 12)
  }

  private func subnet(_ channels: Int, of largest: Int = 8) throws -> Subnet {
    try Subnet(graph: graph(channels), largest: graph(largest))
  }

  private func configuration(threads: Int = 1) -> TrainingConfiguration {
    TrainingConfiguration(
      epochs: 2.4, batchSize: 64, learningRate: 0.1, weightDecay: 0.01,
      augmentation: .init(horizontalFlip: true, cropPadding: 1), labelSmoothing: 0.1, threads: threads,
      seed: 5)
  }

  private func isTrained(_ name: String) -> Bool { !name.hasSuffix(".mean") && !name.hasSuffix(".variance") }

  /// A supernet that only ever trains one network is that network, as the ordinary trainer trains it: bit for bit, both
  /// at the full width and as a slice. What lies outside the slice keeps its first contents.
  @Test(arguments: [8, 4])
  func oneSubnetTrainsAsIfAlone(channels: Int) throws {
    let subnet = try subnet(channels)
    var shared = SharedWeights(seed: configuration().seed)
    for weight in subnet.sharedWeights { _ = shared.entry(of: weight) }
    let untrained = Supernet(weights: shared, training: .none)
    let alone = try Trainer(
      graph: subnet.graph, configuration: configuration(), weights: untrained.weights(of: subnet))
    let expected = try alone.train(on: data, normalization: normalization).weights

    let supernet = try SupernetTrainer(configuration: configuration()).train(
      on: data, normalization: normalization, subnets: { _, _ in SupernetStep(subnets: [subnet]) })
    let found = supernet.weights(of: subnet)
    #expect(found.names == expected.names)
    for name in found.names where isTrained(name) {
      #expect(found[name] == expected[name], "\(name)")
      #expect(found[name] != untrained.weights(of: subnet)[name], "\(name) was not trained")
    }
    #expect(supernet.training.step == 6)
    #expect(supernet.training.subnets == 6)

    for weight in subnet.sharedWeights {
      let entry = supernet.weights.entries[weight.key]!
      let initial = shared.initialValues(of: weight)
      let inside = Set(weight.runs.flatMap { $0.shared..<$0.shared + $0.count })
      for index in 0..<entry.count where !inside.contains(index) {
        #expect(supernet.weights.values[entry.offset + index] == initial[index])
      }
      #expect(channels == 4 || inside.count == entry.count)
    }
  }

  /// Two sizes in one step: the gradients of both networks, as the ordinary trainer finds them, add up where both use a
  /// weight.
  @Test func gradientsOfAStepAddUp() throws {
    let one = data.subset(Array(0..<32))
    let configuration = TrainingConfiguration(
      epochs: 1, batchSize: 32, learningRate: 0.1, momentum: 0, weightDecay: 0, nesterov: false,
      warmupFraction: 0)
    let subnets = [try subnet(8), try subnet(4)]
    var shared = SharedWeights(seed: configuration.seed)
    for weight in subnets[0].sharedWeights { _ = shared.entry(of: weight) }
    let untrained = Supernet(weights: shared, training: .none)
    var expected = shared.values
    for subnet in subnets {
      let trainer = try Trainer(
        graph: subnet.graph, configuration: configuration, weights: untrained.weights(of: subnet))
      let gradients = try trainer.batchGradients(on: one, normalization: normalization).gradients
      for weight in subnet.sharedWeights {
        let offset = shared.entries[weight.key]!.offset
        for run in weight.runs {
          for index in 0..<run.count {
            expected[offset + run.shared + index] -= 0.1 * gradients[weight.name]![run.own + index]
          }
        }
      }
    }
    let supernet = try SupernetTrainer(configuration: configuration).train(
      on: one, normalization: normalization, subnets: { _, _ in SupernetStep(subnets: subnets) })
    for (key, entry) in shared.entries {
      let trained = supernet.weights.entries[key]!
      for index in 0..<entry.count {
        let (a, b) = (supernet.weights.values[trained.offset + index], expected[entry.offset + index])
        #expect(abs(a - b) <= 1e-5 * max(1, abs(b)), "\(key) \(index)")
      }
    }
    #expect(expected != shared.values)
  }

  @Test func softTargetsAreTheTeachersAnswers() throws {
    var generator = SeededGenerator(seed: 4)
    let (classes, lanes) = (3, 32)
    func logits() -> [Float] { (0..<classes * lanes).map { _ in Float(2 * generator.nextNormal()) } }
    let (teacher, student) = (logits(), logits())
    func softmax(_ x: [Float], _ image: Int) -> [Double] {
      let row = (0..<classes).map { exp(Double(x[$0 * lanes + image])) }
      return row.map { $0 / row.reduce(0, +) }
    }
    func loss(_ x: [Float]) -> Double {
      (0..<lanes).reduce(0) { sum, image in
        sum - zip(softmax(teacher, image), softmax(x, image)).reduce(0) { $0 + $1.0 * log($1.1) }
      }
    }
    let targets = SoftTargets(chunks: 2, classes: classes)
    targets.record(chunk: 1, logits: teacher, count: lanes)
    let labels = (0..<lanes).map { $0 % classes }
    var gradient = [Float](repeating: 0, count: classes * lanes)
    let sums = targets.evaluate(chunk: 1, logits: student, labels: labels, gradient: &gradient)
    #expect(abs(sums.loss - loss(student)) < 1e-4)
    let right = (0..<lanes).count { image in
      let row = (0..<classes).map { student[$0 * lanes + image] }
      return row.firstIndex(of: row.max()!) == Int(labels[image])
    }
    #expect(sums.correct == right)
    for index in stride(from: 0, to: gradient.count, by: 7) {
      var (above, below) = (student, student)
      above[index] += 0.01
      below[index] -= 0.01
      #expect(abs(Double(gradient[index]) - (loss(above) - loss(below)) / 0.02) < 1e-3)
    }
  }

  /// Distilled, a smaller network does not see the labels: where others change nothing, it is the network that shares no
  /// weight with its teacher, whose answers of the first step are those of untrained weights.
  @Test func pupilsLearnFromTheTeacherAlone() throws {
    let flipped = try ImageDataset(
      name: data.name, channels: 1, height: 12, width: 12, classes: 10, images: data.images,
      labels: data.labels.map { 9 - $0 })
    func train(_ data: ImageDataset, distills: Bool) throws -> [Float] {
      // One step.
      let configuration = TrainingConfiguration(epochs: 0.4, batchSize: 64, learningRate: 0.1)
      // Classifiers of another shape share no weight.
      let subnets = [try subnet(8), try Subnet(graph: graph(4), largest: graph(4))]
      let supernet = try SupernetTrainer(configuration: configuration, distills: distills).train(
        on: data, normalization: normalization, subnets: { _, _ in SupernetStep(subnets: subnets) })
      #expect(supernet.training.step == 1)
      let teacher = Set(subnets[0].sharedWeights.map(\.key))
      let own = subnets[1].sharedWeights.filter { !teacher.contains($0.key) }
      #expect(
        own.count == subnets[1].sharedWeights.count - 1, "all but the biases of the classes are its own")
      let weights = supernet.weights(of: subnets[1])
      return own.flatMap { weights[$0.name]! }
    }
    #expect(try train(data, distills: true) == train(flipped, distills: true))
    #expect(try train(data, distills: false) != train(flipped, distills: false))
  }

  private struct Interruption {
    static let error = TrainingError.unsupportedGraph(reason: "interrupted")
  }

  /// Different networks in every step, two in some.
  private func step(_ step: Int) throws(TrainingError) -> SupernetStep {
    do {
      let widths = [8, 2, 6, 4][step % 4]
      let subnets = [try subnet(widths)] + (step % 3 == 0 ? [try subnet(2)] : [])
      return SupernetStep(subnets: subnets, refused: step)
    } catch {
      throw .unsupportedGraph(reason: "\(error)")
    }
  }

  @Test func threadsDoNotChangeTheResult() throws {
    func train(threads: Int) throws -> Supernet {
      try SupernetTrainer(configuration: configuration(threads: threads), distills: true).train(
        on: data, normalization: normalization,
        subnets: { step, _ throws(TrainingError) in try self.step(step) })
    }
    let one = try train(threads: 1)
    for threads in 2...3 { #expect(try train(threads: threads).weights == one.weights) }
    #expect(one.training.refused == 0 + 1 + 2 + 3 + 4 + 5)
    #expect(one.training.subnets == 8)
    let subnet = try subnet(4)
    let results = try (1...6).map {
      try one.evaluate(
        subnet, recalibration: data, validation: data, normalization: normalization, threads: $0)
    }
    for result in results { #expect(result == results[0]) }
  }

  @Test func anInterruptedTrainingGoesOnBitForBit() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "supernet-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "deep/supernet.checkpoint")
    let trainer = try SupernetTrainer(configuration: configuration(), distills: true, identity: "test")
    func train(stopping last: Int? = nil, checkpoint: URL?) throws -> Supernet {
      try trainer.train(
        on: data, normalization: normalization, checkpoint: checkpoint, interval: 0,
        subnets: { step, _ throws(TrainingError) in
          if step == last { throw Interruption.error }
          return try self.step(step)
        })
    }
    let whole = try train(checkpoint: nil)
    for last in [2, 3, 5] {
      #expect(throws: Interruption.error) { try train(stopping: last, checkpoint: file) }
    }
    let resumed = try train(checkpoint: file)
    #expect(resumed.weights == whole.weights)
    #expect(resumed.training.subnets == whole.training.subnets)
    #expect(resumed.training.refused == whole.training.refused)
    #expect(resumed.training.loss == whole.training.loss)
    // A finished one is read, not trained again.
    #expect(try train(stopping: 0, checkpoint: file).weights == whole.weights)

    let other = try SupernetTrainer(configuration: configuration(), distills: true, identity: "other")
    #expect(throws: TrainingError.self) {
      try other.train(
        on: data, normalization: normalization, checkpoint: file,
        subnets: { step, _ throws(TrainingError) in try self.step(step) })
    }
    let bytes = try Data(contentsOf: file)
    var generator = SeededGenerator(seed: 1)
    for trial in 0..<60 {
      var damaged = bytes
      if trial % 2 == 0 {
        damaged = damaged.prefix(trial < 30 ? trial * 40 : Int.random(in: 0..<bytes.count, using: &generator))
      } else {
        let place = trial < 30 ? trial * 40 : Int.random(in: 0..<bytes.count, using: &generator)
        damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      try damaged.write(to: file)
      let error = #expect(throws: TrainingError.self) { try train(checkpoint: file) }
      guard case .invalidWeightsFile = error else {
        Issue.record("unexpected: \(String(describing: error))")
        continue
      }
    }
  }

  @Test func divergenceStopsWithItsStep() throws {
    let configuration = TrainingConfiguration(epochs: 20, batchSize: 32, learningRate: 1e30)
    let trainer = try SupernetTrainer(configuration: configuration)
    let error = #expect(throws: TrainingError.self) {
      try trainer.train(
        on: data, normalization: normalization,
        subnets: { step, _ throws(TrainingError) in try self.step(step) })
    }
    guard case .diverged(let step, _) = error else {
      Issue.record("unexpected: \(String(describing: error))")
      return
    }
    #expect(step < 100)
  }

  @Test func mistakesAreNamed() throws {
    #expect(throws: TrainingError.self) {
      try SupernetTrainer(configuration: TrainingConfiguration(epochs: 0))
    }
    // Another structure, and a "largest" network that is smaller.
    #expect(throws: TrainingError.self) {
      try Subnet(graph: graph(8), largest: TestNetworks.random(seed: 1))
    }
    #expect(throws: TrainingError.self) { try Subnet(graph: graph(8), largest: graph(4)) }
    let subnet = try subnet(4)
    let large = try TestNetworks.dataset(count: 64, channels: 1, height: 13, width: 12, classes: 10, seed: 1)
    #expect(throws: TrainingError.self) {
      try SupernetTrainer(configuration: configuration()).train(
        on: large, normalization: normalization, subnets: { _, _ in SupernetStep(subnets: [subnet]) })
    }
    let supernet = Supernet(weights: SharedWeights(seed: 1), training: .none)
    for (recalibration, validation) in [(large, data), (data, large), (data.subset([1, 2]), data)] {
      #expect(throws: TrainingError.self) {
        try supernet.evaluate(
          subnet, recalibration: recalibration, validation: validation, normalization: normalization,
          threads: 1)
      }
    }
    // No other image is left to fit a classifier to.
    #expect(throws: TrainingError.self) {
      try supernet.evaluate(
        subnet, recalibration: data, validation: data.subset([0]), normalization: normalization, threads: 1,
        refitsClassifier: true)
    }
  }
}

extension SupernetProgress {
  /// Of a supernet that nobody has trained.
  static let none = SupernetProgress(steps: 0)
}
