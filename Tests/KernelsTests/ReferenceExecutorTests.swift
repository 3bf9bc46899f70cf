import ComputationGraph
import Kernels
import Testing

/// The reference against numbers worked out by hand.
struct ReferenceExecutorTests {
  private func run(
    _ shape: TensorShape, _ values: [Float], weights: WeightValues = WeightValues(),
    _ build: (inout GraphBuilder, TensorID) throws -> TensorID
  ) throws -> [Float] {
    var builder = GraphBuilder(name: "hand")
    let x = builder.input("x", shape: shape)
    let y = try build(&builder, x)
    return ReferenceExecutor.run(
      graph: try builder.build(outputs: [y]), weights: weights, inputs: [x: values])[y]!
  }

  @Test func convolution() throws {
    let weights = WeightValues(["w": [1, 2, 3, 4], "b": [10]])
    let window = Window2D(kernel: Size2D(2), padding: Padding2D(top: 1, left: 0, bottom: 0, right: 0))
    let kind = OperatorKind.convolution(window: window, groups: 1, inputActivation: .none, activation: .none)
    // Rows of x: 1 2 3 / 4 5 6, with a row of zeros above.
    #expect(
      try run([1, 1, 2, 3], [1, 2, 3, 4, 5, 6], weights: weights) { builder, x in
        try builder.add(
          kind, [x, builder.weight("w", shape: [1, 1, 2, 2]), builder.weight("b", shape: [1])])
      } == [21, 28, 47, 57])
  }

  @Test func groupedDilatedStridedConvolution() throws {
    let weights = WeightValues(["w": [1, 1, 2, -1]])
    let window = Window2D(
      kernel: Size2D(height: 1, width: 2), stride: Size2D(height: 1, width: 2),
      dilation: Size2D(height: 1, width: 2))
    let kind = OperatorKind.convolution(window: window, groups: 2, inputActivation: .relu, activation: .relu)
    #expect(
      try run([1, 2, 1, 5], [1, -2, 3, 4, -5, 1, 2, 3, 4, 5], weights: weights) { builder, x in
        try builder.add(kind, [x, builder.weight("w", shape: [2, 1, 1, 2])])
      } == [4, 3, 0, 1])
  }

  @Test func pools() throws {
    let window = Window2D(kernel: Size2D(2), stride: Size2D(2), padding: Padding2D(1))
    let values: [Float] = [-1, -2, -3, -4, -5, -6, -7, -8, -9]
    #expect(
      try run([1, 1, 3, 3], values) { try $0.add(.maxPool(window: window), [$1]) } == [-1, -2, -4, -5])
    #expect(
      try run([1, 1, 3, 3], values) { try $0.add(.averagePool(window: window, countsPadding: false), [$1]) }
        == [-1, -2.5, -5.5, -7])
    #expect(
      try run([1, 1, 3, 3], values) { try $0.add(.averagePool(window: window, countsPadding: true), [$1]) }
        == [-0.25, -1.25, -2.75, -7])
    #expect(try run([1, 2, 1, 2], [1, 3, 5, 9]) { try $0.add(.globalAveragePool, [$1]) } == [2, 7])
  }

  @Test func normalizationAndSums() throws {
    let weights = WeightValues(["s": [2, 1], "t": [1, 0], "m": [1, 0], "v": [3, 0]])
    #expect(
      try run([1, 2, 1, 2], [3, -5, 2, -2], weights: weights) { builder, x in
        let parameters = ["s", "t", "m", "v"].map { builder.weight($0, shape: [2]) }
        return try builder.add(.batchNormalization(epsilon: 1, activation: .relu), [x] + parameters)
      } == [3, 0, 2, 0])
    #expect(
      try run([1, 3], [1, -2, 3]) { try $0.add(.add(activation: .relu), [$1, $1, $1]) } == [3, 0, 9])
    #expect(try run([1, 3], [1, -2, 3]) { try $0.add(.relu, [$1]) } == [1, 0, 3])
  }

  @Test func movementAndProduct() throws {
    #expect(
      try run([2, 2], [1, 2, 3, 4]) { try $0.add(.concat(axis: 1), [$1, $1]) } == [1, 2, 1, 2, 3, 4, 3, 4])
    #expect(
      try run([2, 2], [1, 2, 3, 4]) { try $0.add(.concat(axis: 0), [$1, $1]) } == [1, 2, 3, 4, 1, 2, 3, 4])
    #expect(try run([1, 2, 1, 1], [1, 2]) { try $0.add(.flatten, [$1]) } == [1, 2])
    let weights = WeightValues(["w": [1, 2, 3, 4], "b": [100, 200]])
    #expect(
      try run([2, 2], [1, 2, 3, 4], weights: weights) { builder, x in
        try builder.add(
          .fullyConnected, [x, builder.weight("w", shape: [2, 2]), builder.weight("b", shape: [2])])
      } == [105, 211, 111, 225])
  }
}
