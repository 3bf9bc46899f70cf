import ComputationGraph
import ScheduleTuning

/// The convolutions that the tuner is measured on: layers of cell networks and of common networks.
enum StudyWorkloads {
  private struct Layer {
    let kernel: Int
    let inputs: Int
    let outputs: Int
    let side: Int
    var stride = 1
    var groups = 1
  }

  private static let layers = [
    Layer(kernel: 1, inputs: 64, outputs: 64, side: 32), Layer(kernel: 1, inputs: 256, outputs: 64, side: 56),
    Layer(kernel: 1, inputs: 16, outputs: 32, side: 28), Layer(kernel: 1, inputs: 24, outputs: 144, side: 28),
    Layer(kernel: 1, inputs: 128, outputs: 128, side: 7),
    Layer(kernel: 1, inputs: 64, outputs: 128, side: 28, stride: 2),
    Layer(kernel: 3, inputs: 3, outputs: 16, side: 32),
    Layer(kernel: 3, inputs: 3, outputs: 32, side: 112, stride: 2),
    Layer(kernel: 3, inputs: 8, outputs: 8, side: 28), Layer(kernel: 3, inputs: 12, outputs: 12, side: 28),
    Layer(kernel: 3, inputs: 16, outputs: 16, side: 32), Layer(kernel: 3, inputs: 24, outputs: 24, side: 28),
    Layer(kernel: 3, inputs: 32, outputs: 32, side: 16), Layer(kernel: 3, inputs: 48, outputs: 48, side: 14),
    Layer(kernel: 3, inputs: 64, outputs: 64, side: 8), Layer(kernel: 3, inputs: 64, outputs: 64, side: 56),
    Layer(kernel: 3, inputs: 96, outputs: 96, side: 7), Layer(kernel: 3, inputs: 128, outputs: 128, side: 28),
    Layer(kernel: 3, inputs: 16, outputs: 32, side: 32, stride: 2),
    Layer(kernel: 3, inputs: 64, outputs: 128, side: 56, stride: 2),
    Layer(kernel: 5, inputs: 16, outputs: 32, side: 28), Layer(kernel: 5, inputs: 48, outputs: 64, side: 14),
    Layer(kernel: 7, inputs: 3, outputs: 64, side: 112, stride: 2),
    Layer(kernel: 3, inputs: 96, outputs: 96, side: 28, groups: 96),
    Layer(kernel: 5, inputs: 240, outputs: 240, side: 14, groups: 240),
    Layer(kernel: 3, inputs: 64, outputs: 64, side: 14, groups: 4),
  ]

  /// The first `count` layers, each a workload.
  static func all(count: Int) throws -> [OperatorWorkload] {
    try layers.prefix(count).map { layer in
      var builder = GraphBuilder(name: "layer")
      let x = builder.input("x", shape: [1, layer.inputs, layer.side, layer.side])
      let y = try builder.convolution(
        x, outputChannels: layer.outputs,
        window: Window2D(
          kernel: Size2D(layer.kernel), stride: Size2D(layer.stride), padding: Padding2D(layer.kernel / 2)),
        groups: layer.groups, bias: true)
      return try OperatorWorkload(of: OperatorID(0), in: builder.build(outputs: [y]))
    }
  }
}
