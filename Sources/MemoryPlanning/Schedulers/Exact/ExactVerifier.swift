import ComputationGraph

/// Checks an order with its certificate again, by other means than those that found them.
///
/// The order and its peak are computed from the lifetimes of storages, the initial bound from a minimum cut of the
/// whole graph by augmenting paths. Shares only the tables of ``MemoryProblem`` with the schedulers.
public enum ExactVerifier {
  /// What was found to hold.
  public enum Verdict: Hashable, Sendable {
    /// The peak is the lowest of all orders: it meets the initial bound, which was computed again.
    case optimal
    /// The peak is the lowest if the search did what its record of raises says, which is free of contradictions.
    case optimalByRecord
    /// The peak is right and the initial bound holds; nothing shows that there is no better order.
    case feasible
  }

  /// Checks `order` and `certificate`.
  ///
  /// - Throws: ``CertificateViolation`` for the first claim that does not hold.
  /// - Complexity: that of a maximum flow over all operators and storages, per storage that the bound's operator may
  ///   overwrite.
  public static func verify(
    order: [OperatorID], certificate: ExactCertificate, problem: MemoryProblem
  ) throws(CertificateViolation) -> Verdict {
    let found = try peakBytes(of: order, problem)
    guard found == certificate.peakBytes else {
      throw .peak(claimedBytes: certificate.peakBytes, foundBytes: found)
    }
    try checkInitialBound(certificate.initialBound, problem)
    var bound = certificate.initialBound.bytes
    for (index, raise) in certificate.raises.enumerated() {
      guard raise.fromBytes == bound, raise.toBytes > bound else { throw .raises(index: index) }
      bound = raise.toBytes
    }
    guard bound == certificate.boundBytes else { throw .raises(index: certificate.raises.count) }
    guard bound <= found else { throw .boundAbovePeak(boundBytes: bound, peakBytes: found) }
    if certificate.meetsInitialBound { return .optimal }
    return bound == found ? .optimalByRecord : .feasible
  }

  /// The peak from when every storage is first and last needed.
  private static func peakBytes(
    of order: [OperatorID], _ problem: MemoryProblem
  ) throws(CertificateViolation) -> Int {
    let count = problem.graph.operators.count
    guard order.count == count else {
      throw .order(.wrongOperatorCount(expected: count, found: order.count))
    }
    var step = [Int](repeating: -1, count: count)
    for (position, id) in order.enumerated() {
      guard step.indices.contains(id.index) else { throw .order(.unknownOperator(index: id.index)) }
      guard step[id.index] < 0 else { throw .order(.repeatedOperator(name: problem.graph[id].name)) }
      step[id.index] = position
    }
    for id in problem.graph.operatorIDs {
      for before in problem.graph.predecessors[id.index] where step[before.index] > step[id.index] {
        throw .order(
          .runsBeforePredecessor(
            operatorName: problem.graph[id].name, predecessorName: problem.graph[before].name))
      }
    }
    if count == 0 { return 0 }
    var change = [Int](repeating: 0, count: count + 1)
    var last: [Int] = []
    for storage in problem.storages {
      let first = storage.producer.map { step[$0.index] } ?? 0
      let end = storage.isKept ? count - 1 : storage.readers.reduce(first) { max($0, step[$1.index]) }
      change[first] += storage.bytes
      change[end + 1] -= storage.bytes
      last.append(end)
    }
    var live = 0
    var peak = 0
    for (position, id) in order.enumerated() {
      live += change[position]
      let dying = problem.overwritableStorages[id.index].first {
        last[$0] == position && !problem.storages[$0].isKept
      }
      let saved = dying.map { problem.storages[$0].bytes } ?? 0
      peak = max(peak, live + problem.workspaceBytes[id.index] - saved)
    }
    return peak
  }

  private static func checkInitialBound(
    _ bound: ExactCertificate.InitialBound, _ problem: MemoryProblem
  ) throws(CertificateViolation) {
    var least = 0
    if let index = bound.operatorIndex {
      guard problem.graph.operators.indices.contains(index) else { throw .unknownOperator(index: index) }
      let candidates = problem.overwritableStorages[index]
      least =
        candidates.map { PassageCut(problem, index, overwriting: $0).value() }.min()
        ?? PassageCut(problem, index, overwriting: nil).value()
      least += problem.outputBytes[index] + problem.workspaceBytes[index]
    }
    guard bound.bytes <= least else {
      throw .initialBound(operatorName: bound.operatorName, claimedBytes: bound.bytes, foundBytes: least)
    }
  }
}

/// The least that can be live just before an operator, as a cut of a network of all operators and storages: what is
/// on the source's side has run.
private struct PassageCut {
  private static let infinite = Int.max / 8

  private var arcs: [[Int: Int]]
  private let source: Int
  private let sink: Int

  init(_ problem: MemoryProblem, _ index: Int, overwriting: Int?) {
    let count = problem.graph.operators.count
    source = count + problem.storages.count
    sink = source + 1
    arcs = [[Int: Int]](repeating: [:], count: sink + 1)
    for id in problem.graph.operatorIDs {
      for before in problem.graph.predecessors[id.index] { add(id.index, before.index, Self.infinite) }
    }
    // Ancestors of the operator follow from its predecessors, descendants that have not run from itself.
    for before in problem.graph.predecessors[index] { add(source, before.index, Self.infinite) }
    add(index, sink, Self.infinite)
    for (number, storage) in problem.storages.enumerated() {
      add(storage.producer?.index ?? source, count + number, storage.bytes)
      if storage.isKept { add(count + number, sink, Self.infinite) }
      for reader in storage.readers where !(reader.index == index && number == overwriting) {
        add(count + number, reader.index, Self.infinite)
      }
    }
  }

  private mutating func add(_ from: Int, _ to: Int, _ capacity: Int) {
    arcs[from][to, default: 0] += capacity
    arcs[to][from, default: 0] += 0
  }

  /// The maximum flow, by shortest augmenting paths one at a time.
  consuming func value() -> Int {
    var total = 0
    while true {
      var before = [Int](repeating: -1, count: arcs.count)
      before[source] = source
      var queue = [source]
      var head = 0
      while head < queue.count, before[sink] < 0 {
        let node = queue[head]
        head += 1
        for (next, capacity) in arcs[node] where capacity > 0 && before[next] < 0 {
          before[next] = node
          queue.append(next)
        }
      }
      guard before[sink] >= 0 else { return total }
      var pushed = Int.max
      var node = sink
      while node != source {
        pushed = min(pushed, arcs[before[node]][node]!)
        node = before[node]
      }
      node = sink
      while node != source {
        arcs[before[node]][node]! -= pushed
        arcs[node][before[node]]! += pushed
        node = before[node]
      }
      total += pushed
    }
  }
}
