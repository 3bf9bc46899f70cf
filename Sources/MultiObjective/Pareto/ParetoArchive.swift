/// The non-dominated elements of everything that has been inserted.
///
///     var archive = ParetoArchive<String>()
///     archive.insert("small", objectives: ObjectiveVector([1, 9]))
///     archive.insert("accurate", objectives: ObjectiveVector([9, 1]))
///     archive.insert("neither", objectives: ObjectiveVector([9, 9]))  // false: dominated by both
///
/// Of elements with equal objectives the first one inserted stays.
public struct ParetoArchive<Element> {
  /// An element with its objectives.
  public struct Member {
    /// What was inserted.
    public let element: Element
    /// Its objectives.
    public let objectives: ObjectiveVector
  }

  /// The members, in the order of insertion.
  public private(set) var members: [Member] = []

  /// Creates an empty archive.
  public init() {}

  /// The elements of the front, in the order of insertion.
  public var elements: [Element] { members.map(\.element) }

  /// Takes `element` in unless a member dominates or equals it, and drops the members it dominates.
  ///
  /// - Returns: whether the element is now a member.
  /// - Complexity: O(m·n) for n members with m objectives.
  @discardableResult
  public mutating func insert(_ element: Element, objectives: ObjectiveVector) -> Bool {
    for member in members {
      if member.objectives == objectives || member.objectives.dominates(objectives) { return false }
    }
    members.removeAll { objectives.dominates($0.objectives) }
    members.append(Member(element: element, objectives: objectives))
    return true
  }
}

extension ParetoArchive: Sendable where Element: Sendable {}
extension ParetoArchive.Member: Sendable where Element: Sendable {}
