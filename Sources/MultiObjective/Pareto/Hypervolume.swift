/// The volume of objective space that a set of points dominates: the usual single figure for a front.
public enum Hypervolume {
  /// The exact measure of the union of boxes between each point and `reference`, all objectives minimised.
  ///
  /// Points that are not better than the reference in every objective add nothing. One, two and three
  /// objectives: a sweep over the last objective that keeps the staircase of the first two.
  ///
  /// - Precondition: points and reference have the same one, two or three objectives.
  /// - Complexity: O(n log n) for two objectives, O(n²) for three.
  public static func exact(_ points: [[Double]], reference: [Double]) -> Double {
    precondition((1...3).contains(reference.count), "exact hypervolume of one to three objectives")
    let inside = points.filter { point in
      precondition(point.count == reference.count, "points of different objectives")
      return zip(point, reference).allSatisfy { $0 < $1 }
    }
    switch reference.count {
    case 1: return inside.map { reference[0] - $0[0] }.max() ?? 0
    case 2: return area(inside, reference: reference)
    default: return volume(inside, reference: reference)
    }
  }

  private static func area(_ points: [[Double]], reference: [Double]) -> Double {
    var total = 0.0
    var ceiling = reference[1]
    for point in points.sorted(by: { ($0[0], $0[1]) < ($1[0], $1[1]) }) where point[1] < ceiling {
      total += (reference[0] - point[0]) * (ceiling - point[1])
      ceiling = point[1]
    }
    return total
  }

  private static func volume(_ points: [[Double]], reference: [Double]) -> Double {
    let sorted = points.sorted { $0[2] < $1[2] }
    var total = 0.0
    var staircase: [[Double]] = []
    for (index, point) in sorted.enumerated() {
      let isCovered = staircase.contains { $0[0] <= point[0] && $0[1] <= point[1] }
      if !isCovered {
        staircase.removeAll { point[0] <= $0[0] && point[1] <= $0[1] }
        staircase.append([point[0], point[1]])
      }
      let upper = index + 1 < sorted.count ? sorted[index + 1][2] : reference[2]
      if upper > point[2] { total += (upper - point[2]) * area(staircase, reference: reference) }
    }
    return total
  }
}
