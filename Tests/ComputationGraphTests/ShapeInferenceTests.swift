import ComputationGraph
import Testing

@Suite struct ShapeInferenceTests {
  /// Counts window positions by walking, the definition behind the closed formula.
  @Test(arguments: 1...12) func outputSizeCountsWindowPositions(extent: Int) {
    for kernel in 1...4 {
      for stride in 1...3 {
        for padding in 0...2 {
          for dilation in 1...2 {
            let window = Window2D(
              kernel: Size2D(kernel), stride: Size2D(stride), padding: Padding2D(padding),
              dilation: Size2D(dilation))
            var count = 0
            var start = -padding
            while start + dilation * (kernel - 1) < extent + padding {
              count += 1
              start += stride
            }
            let size = window.outputSize(height: extent, width: extent)
            #expect(size?.height ?? 0 == count)
            #expect(size?.width ?? 0 == count)
          }
        }
      }
    }
  }

  static let convolution = OperatorKind.convolution(
    window: Window2D(kernel: Size2D(3)), groups: 1, inputActivation: .none, activation: .none)
  static let faults: [(OperatorKind, [TensorShape], String)] = [
    (
      convolution, [[1, 2, 8, 8], [4, 3, 3, 3]],
      "weight 4×3×3×3 does not fit 2 channels in 1 groups and the kernel"
    ),
    (convolution, [[1, 2, 2, 2], [4, 2, 3, 3]], "the window does not fit an image of 2×2"),
    (convolution, [[2, 8], [4, 2, 3, 3]], "expected an image N×C×H×W, found 2×8"),
    (.add(activation: .none), [[1, 2], [2, 1]], "expected two or more inputs of one shape"),
    (.add(activation: .none), [[1, 2]], "expected two or more inputs of one shape"),
    (.concat(axis: 4), [[1, 2, 3, 4]], "no axis 4 in 1×2×3×4"),
    (
      .convolution(window: Window2D(kernel: Size2D(1)), groups: 1, inputActivation: .silu, activation: .none),
      [[1, 2, 8, 8], [4, 2, 1, 1]], "silu is not applied to inputs"
    ),
    (
      convolution, [[1, 2, 8, 8], [4, 2, 3, 3], [4, 1, 1, 6]], "bias does not fit the output channels"
    ),
    (
      convolution, [[1, 2, 8, 8], [4, 2, 3, 3], [4], [1, 4, 1, 6]],
      "the addend 1×4×1×6 has not the shape of the result, 1×4×6×6"
    ),
    (
      convolution, [[1, 2, 8, 8], [4, 2, 3, 3], [4], [1, 4, 6, 6], [1, 4, 6, 6]],
      "expected x, weight and perhaps bias and addend"
    ),
    (
      .convolution(window: Window2D(kernel: Size2D(3)), groups: 2, inputActivation: .none, activation: .none),
      [[1, 2, 8, 8], [4, 1, 3, 3], [4], [1, 4, 6, 6]], "nothing is added to a convolution of 2 groups"
    ),
    (.softmax(axis: 2), [[1, 2]], "no axis 2 in 1×2"),
    (.mean(axes: 1..<3), [[1, 2]], "no axes 1..<3 in 1×2"),
    (.arithmetic(.add), [[2, 3], [2]], "2×3 and 2 fit no common shape"),
    (.matrixProduct, [[2, 3], [2, 3]], "2×3 cannot be multiplied by 2×3"),
    (.reshape([7]), [[2, 3]], "2×3 has not the elements of 7"),
    (.transpose(permutation: [0, 0]), [[2, 3]], "[0, 0] does not name each axis of 2×3 once"),
    (.slice(starts: [1], extents: [3], steps: [2]), [[5]], "axis 0 of 5 is left by the slice"),
    (.pad(before: [-2], after: [-2], value: 0), [[4]], "axis 0 of 4 cannot be padded by -2 and -2"),
    (.gather(axis: 1), [[4], [2]], "indices of 2 do not fit axis 1 of 4"),
    (
      .layerNormalization(axis: 1, epsilon: 0), [[2, 3], [2]], "expected x, a scale and perhaps a shift of 3"
    ),
    (.concat(axis: 1), [[1, 2, 3], [1, 2, 4]], "inputs 1×2×3 and 1×2×4 differ outside axis 1"),
    (.fullyConnected, [[1, 2], [3, 4]], "weight does not fit 1×2"),
    (.relu, [], "no inputs"),
    (
      .maxPool(window: Window2D(kernel: Size2D(2), padding: Padding2D(2))), [[1, 1, 4, 4]],
      "padding as large as the window"
    ),
  ]

  @Test(arguments: faults) func explainsWhatDoesNotFit(
    kind: OperatorKind, inputs: [TensorShape], reason: String
  ) {
    #expect(throws: GraphError.invalidOperator(name: "v", reason: reason)) {
      try ShapeInference.outputShape(of: kind, name: "v", inputs: inputs)
    }
  }

  @Test(arguments: [
    Window2D(kernel: Size2D(Int.max), dilation: Size2D(Int.max)),
    Window2D(kernel: Size2D(1), padding: Padding2D(Int.max)),
    Window2D(kernel: Size2D(Int.max)), Window2D(kernel: Size2D(0)),
    Window2D(kernel: Size2D(1), stride: Size2D(0)),
    Window2D(kernel: Size2D(1), padding: Padding2D(-1)),
  ])
  func absurdWindowsDoNotFit(window: Window2D) {
    #expect(window.outputSize(height: 8, width: 8) == nil)
  }

  @Test func concatenatesAndFlattens() throws {
    #expect(
      try ShapeInference.outputShape(of: .concat(axis: 1), name: "v", inputs: [[1, 2, 3, 3], [1, 5, 3, 3]])
        == [1, 7, 3, 3])
    #expect(try ShapeInference.outputShape(of: .flatten, name: "v", inputs: [[2, 3, 4, 5]]) == [2, 60])
  }
}
