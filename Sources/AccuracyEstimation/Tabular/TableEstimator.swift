import SearchSpaces

/// Looks accuracies up in a table: for studying search strategies without training anything.
///
/// The table knows the searched cells only: architectures that differ in width or depth have the same accuracy, which is
/// that of the benchmark's own network.
public struct TableEstimator: AccuracyEstimator {
  /// `table`.
  public static let name = "table"
  /// `table`.
  public var name: String { Self.name }
  /// The table.
  public let table: AccuracyTable
  /// The space whose architectures are looked up.
  public let space: SearchSpace

  /// The table and its column.
  public var costDescription: String { "looks up the column '\(table.column)' of \(table.file)" }

  /// Creates an estimator.
  ///
  /// - Throws: ``EstimationError/unavailable(reason:)`` if none of `probes`, some architectures of the space, is in the
  ///   table.
  public init(
    table: AccuracyTable, space: SearchSpace, probes: [Architecture] = []
  ) throws(EstimationError) {
    self.table = table
    self.space = space
    if let first = probes.first, !probes.contains(where: { table.accuracies[space.label($0)] != nil }) {
      throw .unavailable(
        reason:
          "\(table.file) has none of \(probes.count) architectures of the space '\(space.name)', such as "
          + "'\(space.label(first))'")
    }
  }

  /// Looks an architecture up; the seed makes no difference.
  ///
  /// - Throws: ``EstimationError/unavailable(reason:)`` if the table does not have it.
  public func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate
  {
    let label = space.label(subject.architecture)
    guard let accuracy = table.accuracies[label] else {
      throw .unavailable(reason: "the architecture '\(label)' is not in \(table.file)")
    }
    return AccuracyEstimate(
      accuracy: accuracy, estimator: name, split: table.column, trainImages: 0, validationImages: 0,
      epochs: 0,
      seconds: 0)
  }
}
