import ComputationGraph
import Foundations
import Kernels
import Testing

struct RandomWeightsTests {
  @Test func followsFanInAndIsRepeatable() throws {
    var builder = GraphBuilder(name: "weights")
    let x = builder.input("x", shape: [1, 32, 8, 8])
    let y = try builder.convolution(
      x, outputChannels: 64, window: Window2D(kernel: Size2D(3)), bias: true, name: "c")
    let z = try builder.batchNormalization(y, name: "n")
    let graph = try builder.build(outputs: [z])
    var generator = SeededGenerator(seed: 1)
    let weights = WeightValues.random(for: graph, using: &generator)
    #expect(weights.firstMismatch(with: graph) == nil)
    let values = weights["c.weight"]!.map(Double.init)
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    #expect(abs(mean) < 0.005 && abs(variance * 288 / 2 - 1) < 0.05)
    #expect(weights["c.bias"]!.allSatisfy { abs($0) < 0.06 } && weights["c.bias"]!.contains { $0 != 0 })
    #expect(weights["n.scale"]!.allSatisfy { $0 == 1 } && weights["n.variance"]!.allSatisfy { $0 == 1 })
    #expect(weights["n.shift"]!.allSatisfy { $0 == 0 } && weights["n.mean"]!.allSatisfy { $0 == 0 })
    var again = SeededGenerator(seed: 1)
    #expect(WeightValues.random(for: graph, using: &again) == weights)
  }
}
