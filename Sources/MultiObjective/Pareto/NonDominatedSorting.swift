/// Sorting by dominance rank and by crowding, as NSGA-II does (Deb et al. 2002, doi 10.1109/4235.996017).
public enum NonDominatedSorting {
  /// The indices of `vectors` by rank: the first front is dominated by nobody, the second only by the first,
  /// and so on. Indices ascend within a front.
  ///
  /// - Complexity: O(m·n²) comparisons for n vectors of m objectives.
  public static func fronts(_ vectors: [ObjectiveVector]) -> [[Int]] {
    var dominated = [[Int]](repeating: [], count: vectors.count)
    var dominatorCount = [Int](repeating: 0, count: vectors.count)
    for first in vectors.indices {
      for second in vectors.indices.dropFirst(first + 1) {
        if vectors[first].dominates(vectors[second]) {
          dominated[first].append(second)
          dominatorCount[second] += 1
        } else if vectors[second].dominates(vectors[first]) {
          dominated[second].append(first)
          dominatorCount[first] += 1
        }
      }
    }
    var fronts: [[Int]] = []
    var current = vectors.indices.filter { dominatorCount[$0] == 0 }
    while !current.isEmpty {
      fronts.append(current)
      var next: [Int] = []
      for index in current {
        for other in dominated[index] {
          dominatorCount[other] -= 1
          if dominatorCount[other] == 0 { next.append(other) }
        }
      }
      current = next.sorted()
    }
    return fronts
  }

  /// The crowding distance of every vector of one front, in the order given.
  ///
  /// The extremes of each objective have an infinite distance; the others the sum over the objectives of the gap
  /// between their two neighbours, relative to the objective's range. An objective with no range adds nothing.
  /// Equal values are ordered by index, so that the result is deterministic.
  ///
  /// - Complexity: O(m·n·log n).
  public static func crowdingDistances(_ front: [ObjectiveVector]) -> [Double] {
    var distances = [Double](repeating: 0, count: front.count)
    guard let objectiveCount = front.first?.values.count else { return distances }
    for objective in 0..<objectiveCount {
      let value = { (index: Int) in front[index].values[objective] }
      let order = front.indices.sorted { (value($0), $0) < (value($1), $1) }
      let range = value(order[order.count - 1]) - value(order[0])
      distances[order[0]] = .infinity
      distances[order[order.count - 1]] = .infinity
      guard range > 0, order.count > 2 else { continue }
      for position in 1..<(order.count - 1) {
        distances[order[position]] += (value(order[position + 1]) - value(order[position - 1])) / range
      }
    }
    return distances
  }
}
