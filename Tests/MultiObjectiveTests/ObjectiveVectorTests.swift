import Foundations
import MultiObjective
import Testing

/// Random small-integer vectors, so that ties and equal points are common.
func randomVectors(
  count: Int, objectives: Int, seed: UInt64, feasibleShare: Double = 1
) -> [ObjectiveVector] {
  var generator = SeededGenerator(seed: seed)
  return (0..<count).map { _ in
    let values = (0..<objectives).map { _ in Double(Int.random(in: 0...6, using: &generator)) }
    let isFeasible = Double.random(in: 0..<1, using: &generator) < feasibleShare
    return ObjectiveVector(
      values, violation: isFeasible ? 0 : Double(Int.random(in: 1...3, using: &generator)))
  }
}

@Suite struct ObjectiveVectorTests {
  @Test func feasibleVectorsAreComparedByObjectives() {
    #expect(ObjectiveVector([1, 2]).dominates(ObjectiveVector([1, 3])))
    #expect(!ObjectiveVector([1, 3]).dominates(ObjectiveVector([1, 2])))
    #expect(!ObjectiveVector([1, 3]).dominates(ObjectiveVector([2, 2])))
    #expect(!ObjectiveVector([1, 2]).dominates(ObjectiveVector([1, 2])))
  }

  @Test func constraintsComeBeforeObjectives() {
    let good = ObjectiveVector([9, 9])
    let slightlyOver = ObjectiveVector([1, 1], violation: 0.1)
    let farOver = ObjectiveVector([0, 0], violation: 2)
    #expect(good.dominates(slightlyOver))
    #expect(!slightlyOver.dominates(good))
    #expect(slightlyOver.dominates(farOver))
    #expect(!farOver.dominates(slightlyOver))
    #expect(!slightlyOver.dominates(ObjectiveVector([5, 5], violation: 0.1)))
  }

  @Test(arguments: [UInt64(1), 2, 3]) func dominanceIsAStrictPartialOrder(seed: UInt64) {
    let vectors = randomVectors(count: 40, objectives: 3, seed: seed, feasibleShare: 0.7)
    for a in vectors {
      #expect(!a.dominates(a))
      for b in vectors where a.dominates(b) {
        #expect(!b.dominates(a))
        for c in vectors where b.dominates(c) { #expect(a.dominates(c)) }
      }
    }
  }
}
