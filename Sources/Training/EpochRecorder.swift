import Foundation

/// Collects the losses of steps into records of epochs.
struct EpochRecorder {
  /// What a continued training takes up from; clocks begin anew.
  struct State: Codable, Hashable, Sendable {
    var records: [EpochRecord] = []
    var images = 0
    var epochImages = 0
    var sums = SoftmaxCrossEntropy.Sums()
    var seconds = 0.0
    var epochSeconds = 0.0
  }

  /// One record per finished pass, and one for the last part of one.
  var records: [EpochRecord] { state.records }
  /// Images seen.
  var images: Int { state.images }
  private var state: State
  private let imagesPerEpoch: Int
  private let imagesBefore: Int
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var epochStart: ContinuousClock.Instant

  init(imagesPerEpoch: Int, continuing state: State = State()) {
    self.imagesPerEpoch = imagesPerEpoch
    self.state = state
    imagesBefore = state.images
    start = clock.now
    epochStart = start
  }

  /// Seconds since the training began, those before an interruption included.
  var seconds: Double { state.seconds + (clock.now - start) / .seconds(1) }

  /// The rate of this process.
  var imagesPerSecond: Double {
    Double(images - imagesBefore) / max((clock.now - start) / .seconds(1), 1e-9)
  }

  /// Everything that a continued training needs.
  var snapshot: State {
    var copy = state
    copy.seconds = seconds
    copy.epochSeconds += (clock.now - epochStart) / .seconds(1)
    return copy
  }

  /// Adds a step; the step that reaches the end of a pass, or of the training, closes its record.
  ///
  /// - Parameter validation: asked for when a record closes.
  /// - Returns: the record, if one was closed.
  mutating func add(
    _ step: SoftmaxCrossEntropy.Sums, images count: Int, rate: Double, isLast: Bool,
    validation: () -> Double?
  ) -> EpochRecord? {
    let finished = state.images / imagesPerEpoch
    state.images += count
    state.epochImages += count
    state.sums += step
    guard isLast || state.images / imagesPerEpoch > finished else { return nil }
    let seconds = state.epochSeconds + (clock.now - epochStart) / .seconds(1)
    let record = EpochRecord(
      epoch: Double(state.images) / Double(imagesPerEpoch),
      trainLoss: state.sums.loss / Double(state.epochImages),
      trainAccuracy: Double(state.sums.correct) / Double(state.epochImages), learningRate: rate,
      seconds: seconds, validationAccuracy: validation())
    state.records.append(record)
    state.sums = SoftmaxCrossEntropy.Sums()
    state.epochImages = 0
    state.epochSeconds = 0
    epochStart = clock.now
    return record
  }
}
