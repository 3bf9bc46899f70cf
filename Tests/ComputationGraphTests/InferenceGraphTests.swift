import ComputationGraph
import Testing

@Suite struct InferenceGraphTests {
  private static let window = Window2D(kernel: Size2D(3), padding: Padding2D(1))

  /// x → relu → {conv a, conv b} and x itself → sum → relu → pool
  private static func cell() throws -> Graph {
    var builder = GraphBuilder(name: "cell")
    let image = builder.input("image", shape: [1, 2, 6, 6])
    let stem = try builder.batchNormalization(
      builder.convolution(image, outputChannels: 4, window: window, name: "stem"), name: "stemNorm")
    let relu = try builder.add(.relu, [stem], name: "shared")
    let a = try builder.batchNormalization(
      builder.convolution(relu, outputChannels: 4, window: window, name: "a"), name: "aNorm")
    let b = try builder.batchNormalization(
      builder.convolution(relu, outputChannels: 4, window: window, name: "b"), name: "bNorm")
    let sum = try builder.add(.add(activation: .none), [a, b, stem], name: "sum")
    let last = try builder.add(.relu, [sum], name: "last")
    let pool = try builder.add(.globalAveragePool, [last], name: "pool")
    return try builder.build(outputs: [pool])
  }

  @Test func foldsEveryBatchNormAfterAConvolution() throws {
    let graph = try InferenceGraph(Self.cell(), fusion: .none).graph
    #expect(
      graph.operators.map(\.kind.typeName) == [
        "Conv", "Relu", "Conv", "Conv", "Add", "Relu", "GlobalAveragePool",
      ])
    #expect(
      graph.weights.map { graph[$0].name }.sorted() == [
        "a.bias", "a.weight", "b.bias", "b.weight", "stem.bias", "stem.weight",
      ])
  }

  @Test func fusesActivationsIntoNeighbours() throws {
    let graph = try InferenceGraph(Self.cell(), fusion: .activation).graph
    #expect(graph.operators.map(\.name) == ["stem", "a", "b", "sum", "pool"])
    for name in ["a", "b"] {
      guard case .convolution(_, _, .relu, .none) = graph.operators.first(where: { $0.name == name })!.kind
      else {
        Issue.record("\(name) does not apply the shared activation as it reads")
        return
      }
    }
    #expect(graph.operators.first { $0.name == "sum" }!.kind == .add(activation: .relu))
  }

  @Test func keepsWhatTheOutsideSees() throws {
    var builder = GraphBuilder(name: "g")
    let x = builder.input("image", shape: [1, 2, 6, 6])
    let c = try builder.convolution(x, outputChannels: 2, window: Self.window, name: "c")
    let n = try builder.batchNormalization(c, name: "n")
    let r = try builder.add(.relu, [n], name: "r")
    let graph = try InferenceGraph(builder.build(outputs: [c, n, r]), fusion: .activation).graph
    #expect(graph.operators.map(\.name) == ["c", "n", "r"])
    #expect(graph.outputs.map { graph[$0].name } == ["c", "n", "r"])
  }

  @Test func foldedWeightsGiveTheSameFunction() throws {
    // One channel, a 1×1 kernel: y = scale · (w·x − mean) / √(variance + ε) + shift, by hand.
    var builder = GraphBuilder(name: "g")
    let x = builder.input("image", shape: [1, 1, 1, 1])
    let c = try builder.convolution(x, outputChannels: 1, window: Window2D(kernel: Size2D(1)), name: "c")
    let n = try builder.batchNormalization(c, epsilon: 0.25, name: "n")
    let inference = try InferenceGraph(builder.build(outputs: [n]), fusion: .none)
    let values = inference.convert(
      WeightValues(["c.weight": [3], "n.scale": [2], "n.shift": [5], "n.mean": [1], "n.variance": [2]]))
    #expect(values.firstMismatch(with: inference.graph) == nil)
    let (weight, bias) = (values["c.weight"]![0], values["c.bias"]![0])
    for input in [Float(-2), 0, 1.5] {
      #expect(abs(weight * input + bias - (2 * (3 * input - 1) / 1.5 + 5)) < 1e-5)
    }
    #expect(values["n.scale"] == nil)
  }

  @Test(arguments: [
    (ElementwiseFunction.clip(minimum: 0, maximum: 6), Activation.relu6), (.hardSwish, .hardSwish),
    (.silu, .silu),
    (.clip(minimum: 0, maximum: 5), .none), (.sigmoid, .none),
  ])
  func functionsThatAreActivationsAreFused(function: ElementwiseFunction, activation: Activation) throws {
    var builder = GraphBuilder(name: "g")
    let x = builder.input("image", shape: [1, 2, 6, 6])
    let c = try builder.batchNormalization(
      builder.convolution(x, outputChannels: 2, window: Self.window, name: "c"))
    let f = try builder.add(.elementwise(function), [c], name: "f")
    // What two read is not the producer's to change, and only ReLU is applied while reading.
    let sum = try builder.add(.add(activation: .none), [f, x], name: "sum")
    let g = try builder.add(.elementwise(function), [sum], name: "g")
    let d = try builder.convolution(g, outputChannels: 2, window: Self.window, name: "d")
    let result = try builder.add(.add(activation: .none), [d, sum], name: "result")
    let graph = try InferenceGraph(builder.build(outputs: [result]), fusion: .activation).graph
    let names = graph.operators.map(\.name)
    let expected = ["c"] + (activation == .none ? ["f"] : []) + ["sum", "g", "d", "result"]
    #expect(names == expected)
    guard case .convolution(_, _, .none, let found) = graph.operators[0].kind else {
      Issue.record("no convolution")
      return
    }
    #expect(found == activation)
  }
}
