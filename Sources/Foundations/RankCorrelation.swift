/// How well one list of numbers ranks what another list measures.
public enum RankCorrelation {
  /// Spearman's ρ: the correlation of the ranks; equal numbers share the mean of theirs. 0 if a list has no two different numbers.
  ///
  /// - Precondition: the lists are of one length.
  /// - Complexity: O(n log n).
  public static func spearman(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count, "lists of different lengths")
    return pearson(ranks(a), ranks(b))
  }

  /// Kendall's τ-b: the share of pairs in the same order less that of pairs in opposite order, corrected for ties. 0 if a list
  /// has no two different numbers.
  ///
  /// - Precondition: the lists are of one length.
  /// - Complexity: O(n²).
  public static func kendall(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count, "lists of different lengths")
    var (sum, untiedA, untiedB) = (0.0, 0.0, 0.0)
    for i in a.indices {
      for j in 0..<i {
        let (x, y) = (sign(a[i] - a[j]), sign(b[i] - b[j]))
        sum += x * y
        untiedA += x * x
        untiedB += y * y
      }
    }
    return untiedA > 0 && untiedB > 0 ? sum / (untiedA * untiedB).squareRoot() : 0
  }

  private static func sign(_ value: Double) -> Double { value > 0 ? 1 : value < 0 ? -1 : 0 }

  private static func pearson(_ a: [Double], _ b: [Double]) -> Double {
    guard !a.isEmpty else { return 0 }
    let (meanA, meanB) = (a.reduce(0, +) / Double(a.count), b.reduce(0, +) / Double(b.count))
    var (product, squareA, squareB) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      product += (x - meanA) * (y - meanB)
      squareA += (x - meanA) * (x - meanA)
      squareB += (y - meanB) * (y - meanB)
    }
    return squareA > 0 && squareB > 0 ? product / (squareA * squareB).squareRoot() : 0
  }

  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
      for position in first..<end { ranks[order[position]] = Double(first + end - 1) / 2 }
      first = end
    }
    return ranks
  }
}
