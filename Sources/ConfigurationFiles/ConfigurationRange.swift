/// A range that can say in words what it admits.
public protocol ConfigurationRange<Bound> {
  /// What is compared.
  associatedtype Bound: Comparable
  /// Whether a value is admitted.
  func contains(_ value: Bound) -> Bool
  /// The range in words: "at least 1", "between 1 and 8".
  var text: String { get }
  /// Whether the words would say nothing.
  var isEverything: Bool { get }
}

extension ConfigurationRange {
  /// False unless a range says otherwise.
  public var isEverything: Bool { false }
}

extension ClosedRange: ConfigurationRange {
  /// "between a and b", or "a" where both are equal.
  public var text: String {
    lowerBound == upperBound ? "\(lowerBound)" : "between \(lowerBound) and \(upperBound)"
  }
  /// Whether the range holds every value of its type that a file can hold.
  public var isEverything: Bool {
    switch self {
    case let range as ClosedRange<Int>: range == Int.min...Int.max
    case let range as ClosedRange<Double>: range.upperBound == Double.greatestFiniteMagnitude
    default: false
    }
  }
}

extension PartialRangeFrom: ConfigurationRange {
  /// "at least a".
  public var text: String { "at least \(lowerBound)" }
}

extension PartialRangeThrough: ConfigurationRange {
  /// "at most b".
  public var text: String { "at most \(upperBound)" }
}

extension Range: ConfigurationRange {
  /// "at least a and below b".
  public var text: String { "at least \(lowerBound) and below \(upperBound)" }
}
