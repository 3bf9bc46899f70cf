import CMicrokernels
import ComputationGraph
import Kernels
import Testing

/// Functions over their whole domain: what random inputs of networks do not reach.
struct ElementwiseFunctionTests {
  private static let values: [Float] =
    stride(from: Float(-110), through: 110, by: 0.0625).map { $0 }
    + [-Float.greatestFiniteMagnitude, -1e-30, -0.0, 1e-30, .greatestFiniteMagnitude]

  @Test(arguments: [
    ElementwiseFunction.clip(minimum: -1, maximum: 6), .leakyRelu(slope: 0.5), .sigmoid,
    .hardSigmoid(slope: 0.2, offset: 0.5), .hardSwish, .silu, .erf, .gelu,
  ])
  func functionsAreRightEverywhere(function: ElementwiseFunction) throws {
    var builder = GraphBuilder(name: "function")
    let x = builder.input("x", shape: [Self.values.count + 1])
    let y = try builder.add(.elementwise(function), [x])
    let graph = try builder.build(outputs: [y])
    let inputs = [graph.inputs[0]: Self.values + [.nan]]
    let expected = ReferenceExecutor.run(graph: graph, weights: WeightValues(), inputs: inputs)
    let executor = try PlannedGraph(graph, rowTile: nil).executor(weights: WeightValues())
    let found = try executor.run(Self.values + [.nan])
    for (value, pair) in zip(Self.values, zip(found, expected[graph.outputs[0]]!)) {
      #expect(
        pair.0 == pair.1 || abs(pair.0 - pair.1) <= 1e-6 * max(abs(pair.1), 1), "\(function) of \(value)")
    }
    #expect(found.last!.isNaN, "what is not a number stays so")
  }

  /// The loops behind convolutions, batch norms and sums know every code, whichever graphs use.
  @Test func activationsOfRowsAreRight() {
    let scale: [Float] = [1]
    let shift: [Float] = [0]
    let functions: [(Int, (Double) -> Double)] = [
      (ACTIVATION_NONE, { $0 }), (ACTIVATION_RELU, { max($0, 0) }),
      (ACTIVATION_RELU6, { min(max($0, 0), 6) }),
      (ACTIVATION_HARD_SWISH, { $0 * min(max($0 + 3, 0), 6) / 6 }),
      (ACTIVATION_HARD_SIGMOID, { min(max($0 / 6 + 0.5, 0), 1) }),
    ]
    let values = (-400...400).map { Float($0) / 40 } + [.nan]
    for (code, function) in functions {
      var result = [Float](repeating: 0, count: values.count)
      inference_affine(values, 1, values.count, scale, shift, Int32(code), &result)
      for (x, y) in zip(values.dropLast(), result) {
        #expect(abs(Double(y) - function(Double(x))) < 1e-6, "activation \(code) of \(x)")
      }
      #expect(result.last!.isNaN)
    }
  }
}
