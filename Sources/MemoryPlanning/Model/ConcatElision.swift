import ComputationGraph

/// Which Concats can be elided: their inputs are written straight to where they lie in the result.
///
/// A Concat can be elided if its inputs are contiguous ranges of its result (all dimensions before the axis are 1, as
/// for channels at batch 1), each is one whole storage or the whole result of another elided Concat, and no storage
/// occurs in the result twice. Several can be elided together if they agree on where the storages that they share
/// lie: no two storages that are tied together, directly or through others, may claim the same bytes.
///
/// An operator that is known by its type only has no axis; it is taken from the shapes, which leave one possibility.
public enum ConcatElision {
  /// The Concats that can be elided for themselves, ascending.
  ///
  /// - Parameter views: whether the memory model shares the storages of views.
  /// - Complexity: linear in operators, tensors and their connections.
  public static func candidates(_ graph: Graph, views: Bool = true) -> [OperatorID] {
    guard let table = try? StorageTable(graph: graph, sharesViews: views, elidedConcats: []) else {
      return []
    }
    return graph.operatorIDs.filter { (try? table.elidedParts(of: $0)) != nil }
  }

  /// Whether all Concats of a set can be elided together.
  ///
  /// - Complexity: nearly linear in operators, tensors and their connections.
  public static func isConsistent(_ concats: Set<OperatorID>, _ graph: Graph, views: Bool = true) -> Bool {
    do throws(SchedulingError) {
      try verify(concats, graph, views: views)
      return true
    } catch {
      return false
    }
  }

  /// The Concats, among those given, that can be elided together: all where they agree; where they contradict each
  /// other, earlier ones win.
  ///
  /// - Parameter candidates: Concats that can be elided for themselves.
  /// - Complexity: as ``isConsistent(_:_:views:)``, once for every candidate if they contradict each other.
  public static func together(_ candidates: [OperatorID], _ graph: Graph, views: Bool = true) -> Set<
    OperatorID
  > {
    if isConsistent(Set(candidates), graph, views: views) { return Set(candidates) }
    var chosen: Set<OperatorID> = []
    for id in candidates where isConsistent(chosen.union([id]), graph, views: views) { chosen.insert(id) }
    return chosen
  }

  /// Checks that all Concats of a set can be elided together.
  ///
  /// - Throws: ``SchedulingError/unknownOperator(index:)``, or
  ///   ``SchedulingError/concatNotElidable(operatorName:reason:)`` for the first that breaks a rule.
  /// - Complexity: nearly linear in operators, tensors and their connections.
  public static func verify(_ concats: Set<OperatorID>, _ graph: Graph, views: Bool = true)
    throws(SchedulingError)
  {
    _ = try RigidGroup.groups(
      of: StorageTable(graph: graph, sharesViews: views, elidedConcats: concats), in: graph)
  }
}
