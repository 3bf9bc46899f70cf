/// The objectives of one candidate, all to be minimised, and by how much it violates its constraints.
///
/// An objective that is to be maximised enters negated.
public struct ObjectiveVector: Hashable, Codable, Sendable {
  /// One number per objective; smaller is better.
  public let values: [Double]
  /// 0 when every constraint is met, otherwise the amount of the violation in a unit of the caller's choice.
  public let violation: Double

  /// Creates a vector.
  ///
  /// - Precondition: no value is NaN, and `violation` is not negative.
  public init(_ values: [Double], violation: Double = 0) {
    precondition(!values.contains(where: \.isNaN) && violation >= 0)
    self.values = values
    self.violation = violation
  }

  /// Whether every constraint is met.
  public var isFeasible: Bool { violation == 0 }

  /// Whether this vector constraint-dominates `other` (Deb et al. 2002, doi 10.1109/4235.996017).
  ///
  /// A feasible vector dominates every infeasible one; of two infeasible ones the smaller violation dominates;
  /// of two feasible ones the one that is nowhere worse and somewhere better.
  ///
  /// - Precondition: both have the same number of objectives.
  public func dominates(_ other: ObjectiveVector) -> Bool {
    precondition(values.count == other.values.count, "vectors of different objectives")
    if isFeasible != other.isFeasible { return isFeasible }
    if !isFeasible { return violation < other.violation }
    var isBetterSomewhere = false
    for (mine, theirs) in zip(values, other.values) {
      if mine > theirs { return false }
      if mine < theirs { isBetterSomewhere = true }
    }
    return isBetterSomewhere
  }
}
