/// How far the training of a supernet is.
public struct SupernetProgress: Codable, Hashable, Sendable {
  /// Steps finished, those before an interruption included.
  public package(set) var step = 0
  /// Steps in all.
  public let steps: Int
  /// Subnets trained, each for one batch.
  public package(set) var subnets = 0
  /// Networks that were drawn and not trained, because they fit no device or connect nothing.
  public package(set) var refused = 0
  /// Shared weights that some subnet has used.
  public package(set) var sharedWeights = 0
  /// Elements of these.
  public package(set) var parameters = 0
  /// The mean loss of the last step over its subnets and images.
  public package(set) var loss = 0.0
  /// The share of right answers in the last step.
  public package(set) var accuracy = 0.0
  /// The learning rate of the last step.
  public package(set) var learningRate = 0.0
  /// Batches of images that subnets have seen since this process began, per second, times the images of each.
  public package(set) var imagesPerSecond = 0.0
  /// Seconds of training, those before an interruption included.
  public package(set) var seconds = 0.0
  /// The time left at the rate of this process.
  public package(set) var secondsLeft = 0.0

  /// Before the first of some steps.
  package init(steps: Int) { self.steps = steps }
}

/// What a supernet trains in one step.
public struct SupernetStep: Sendable {
  /// The subnets, which see the same images; the first, the largest one, teaches the others where they are distilled.
  public let subnets: [Subnet]
  /// Networks that were drawn before and refused.
  public let refused: Int

  /// Creates a step. - Precondition: there is a subnet.
  public init(subnets: [Subnet], refused: Int = 0) {
    precondition(!subnets.isEmpty)
    self.subnets = subnets
    self.refused = refused
  }
}
