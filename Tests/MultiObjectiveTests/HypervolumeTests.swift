import Foundations
import MultiObjective
import Testing

@Suite struct HypervolumeTests {
  /// Counts the unit cells below the reference that a point dominates: exact for integer points.
  private static func cellCount(_ points: [[Double]], reference: [Double]) -> Double {
    var count = 0
    func visit(_ corner: [Double]) {
      if corner.count == reference.count {
        if points.contains(where: { point in zip(point, corner).allSatisfy { $0 <= $1 } }) { count += 1 }
        return
      }
      var value = 0.0
      while value < reference[corner.count] {
        visit(corner + [value])
        value += 1
      }
    }
    visit([])
    return Double(count)
  }

  @Test(arguments: [1, 2, 3], Array(UInt64(0)..<12))
  func equalsTheNumberOfDominatedCells(objectives: Int, seed: UInt64) {
    let points = randomVectors(count: Int(seed) * 2, objectives: objectives, seed: seed).map(\.values)
    let reference = [6.0, 5, 7].prefix(objectives).map { $0 }
    let volume = Hypervolume.exact(points, reference: reference)
    #expect(volume == Self.cellCount(points, reference: reference))
  }

  @Test func pointsOutsideTheReferenceAddNothing() {
    #expect(Hypervolume.exact([[1, 9], [9, 1]], reference: [5, 5]) == 0)
    #expect(Hypervolume.exact([[5, 0, 0]], reference: [5, 5, 5]) == 0)
    #expect(Hypervolume.exact([], reference: [5, 5]) == 0)
  }
}
