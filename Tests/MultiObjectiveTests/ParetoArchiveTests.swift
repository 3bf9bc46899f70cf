import Foundations
import MultiObjective
import Testing

@Suite struct ParetoArchiveTests {
  @Test(arguments: Array(UInt64(0)..<10))
  func holdsTheFirstOfEveryNonDominatedPoint(seed: UInt64) {
    let vectors = randomVectors(count: 50, objectives: 3, seed: seed, feasibleShare: 0.6)
    var archive = ParetoArchive<Int>()
    for (index, vector) in vectors.enumerated() { archive.insert(index, objectives: vector) }
    let expected = vectors.indices.filter { index in
      !vectors.contains { $0.dominates(vectors[index]) }
        && !vectors[..<index].contains(vectors[index])
    }
    #expect(archive.elements == expected)
  }

  @Test func saysWhetherAnElementIsTaken() {
    var archive = ParetoArchive<String>()
    let taken = [("a", 2.0), ("same", 2), ("worse", 3), ("better", 1)].map { name, cost in
      archive.insert(name, objectives: ObjectiveVector([cost, 2]))
    }
    #expect(taken == [true, false, false, true])
    #expect(archive.elements == ["better"])
  }
}
