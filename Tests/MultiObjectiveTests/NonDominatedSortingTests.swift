import Foundations
import MultiObjective
import Testing

@Suite struct NonDominatedSortingTests {
  @Test(arguments: [1, 2, 3], [UInt64(4), 5, 6])
  func frontsEqualRepeatedPeeling(objectives: Int, seed: UInt64) {
    let vectors = randomVectors(count: 60, objectives: objectives, seed: seed, feasibleShare: 0.8)
    var remaining = Array(vectors.indices)
    var expected: [[Int]] = []
    while !remaining.isEmpty {
      let front = remaining.filter { index in
        !remaining.contains { vectors[$0].dominates(vectors[index]) }
      }
      expected.append(front)
      remaining.removeAll { front.contains($0) }
    }
    #expect(NonDominatedSorting.fronts(vectors) == expected)
  }

  @Test func nothingHasNoFronts() {
    #expect(NonDominatedSorting.fronts([]).isEmpty)
    #expect(NonDominatedSorting.crowdingDistances([]).isEmpty)
  }

  @Test func crowdingOfAKnownFront() {
    // Ranges 10 and 10; inner points: (4 − 0 + 10 − 4) / 10 and (10 − 1 + 7 − 0) / 10.
    let front = [[0, 10], [1, 7], [4, 4], [10, 0]].map { ObjectiveVector($0.map(Double.init)) }
    let distances = NonDominatedSorting.crowdingDistances(front)
    #expect(distances[0] == .infinity && distances[3] == .infinity)
    #expect(abs(distances[1] - 1.0) < 1e-12)
    #expect(abs(distances[2] - 1.6) < 1e-12)
  }

  @Test func anObjectiveWithoutRangeAddsNothing() {
    let front = [[0, 5], [2, 5], [3, 5]].map { ObjectiveVector($0.map(Double.init)) }
    let distances = NonDominatedSorting.crowdingDistances(front)
    #expect(distances[1] == 1)
    #expect(distances[0] == .infinity && distances[2] == .infinity)
  }
}
