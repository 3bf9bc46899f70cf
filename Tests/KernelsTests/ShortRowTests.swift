import ComputationGraph
import Foundations
import Kernels
import Testing

/// Padding and pools of single pixels, which copy rows: of all lengths around those of vectors, shared by up to 3 threads.
struct ShortRowTests {
  @Test(arguments: 0..<60)
  func paddedTensorsEqualTheReference(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let rank = draw(1...4)
    let width = [draw(1...20), draw(14...50), draw(250...300)][seed % 3]
    let shape = TensorShape((1..<rank).map { _ in draw(1...6) } + [width])
    let amounts = (0..<2).map { _ in (0..<rank).map { _ in draw(-3...4) } }
    var builder = GraphBuilder(name: "pad")
    let x = builder.input("x", shape: shape)
    // Amounts that leave nothing are drawn again by the next seed.
    guard
      let y = try? builder.add(.pad(before: amounts[0], after: amounts[1], value: 0.25), [x]),
      builder.shape(of: y).elementCount > 0
    else { return }
    try check(builder.build(outputs: [y]), threads: draw(1...3), &generator)
  }

  @Test(arguments: 0..<60)
  func poolsOfSinglePixelsEqualTheReference(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    let window = Window2D(
      kernel: Size2D(1), stride: Size2D(height: draw(1...3), width: draw(1...3)),
      dilation: Size2D(draw(1...2)))
    var builder = GraphBuilder(name: "pool")
    let x = builder.input("x", shape: [draw(1...2), draw(1...9), draw(1...20), draw(1...70)])
    let y = try builder.add(
      seed % 2 == 0 ? .maxPool(window: window) : .averagePool(window: window, countsPadding: seed % 4 == 1),
      [x])
    try check(builder.build(outputs: [y]), threads: draw(1...3), &generator)
  }

  /// Copies are exact, and nothing else of the arena is written.
  private func check(_ graph: Graph, threads: Int, _ generator: inout SeededGenerator) throws {
    let x = graph.inputs[0]
    let values = randomValues(graph[x].shape.elementCount, &generator)
    let expected = ReferenceExecutor.run(graph: graph, weights: WeightValues(), inputs: [x: values])
    var schedule = KernelSchedule.choose(for: OperatorID(0), in: graph, rowTile: nil)
    schedule.threads = threads
    let executor = try PlannedGraph(graph, rowTile: nil, schedules: [schedule]).executor(
      weights: WeightValues(), threads: threads)
    #expect(try executor.run(values) == expected[graph.outputs[0]])
  }
}
