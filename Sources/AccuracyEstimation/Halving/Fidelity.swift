import Foundation

/// How much of a training an estimate is allowed.
public struct Fidelity: Hashable, Codable, Sendable {
  /// Images trained on.
  public var trainImages: Int
  /// Passes over them.
  public var epochs: Double

  /// Creates a fidelity.
  public init(trainImages: Int, epochs: Double) {
    self.trainImages = trainImages
    self.epochs = epochs
  }

  /// Images that pass in training: what it costs, in units of one image and pass.
  public var cost: Double { Double(trainImages) * epochs }

  /// Fidelities that end with `top`, each with `eta` times as many images as the one before, at least one.
  ///
  /// - Precondition: at least one rung, and an `eta` of at least 2.
  public static func ladder(top: Fidelity, rungs: Int, eta: Int) -> [Fidelity] {
    precondition(rungs > 0 && eta > 1)
    return (0..<rungs).map { rung in
      let divisor = pow(Double(eta), Double(rungs - 1 - rung))
      return Fidelity(
        trainImages: max(1, Int((Double(top.trainImages) / divisor).rounded())), epochs: top.epochs)
    }
  }
}
