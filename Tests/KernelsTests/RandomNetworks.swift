import ComputationGraph
import Foundations

/// A random network in training form: a stem, a few operators on random earlier tensors (some results read several
/// times, some never), global pooling, and a fully connected layer.
func randomNetwork(_ generator: inout SeededGenerator) throws -> Graph {
  func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
  var builder = GraphBuilder(name: "random")
  let side = draw(5...10)
  let channels = draw(2...6)
  func window(_ kernel: Int, stride: Int = 1, dilation: Int = 1) -> Window2D {
    Window2D(
      kernel: Size2D(kernel), stride: Size2D(stride), padding: Padding2D(dilation * (kernel / 2)),
      dilation: Size2D(dilation))
  }
  func normalized(_ x: TensorID) throws -> TensorID {
    let norm = try builder.batchNormalization(x)
    return Bool.random(using: &generator) ? try builder.add(.relu, [norm]) : norm
  }
  let image = builder.input("image", shape: [1, draw(1...3), side, side])
  var tensors = [try normalized(builder.convolution(image, outputChannels: channels, window: window(3)))]
  for _ in 0..<draw(4...14) {
    let x = tensors.randomElement(using: &generator)!
    let width = builder.shape(of: x)[1]
    let same = tensors.filter { builder.shape(of: $0) == builder.shape(of: x) }
    let result: TensorID
    switch draw(0...10) {
    case 0: result = try normalized(builder.convolution(x, outputChannels: channels, window: window(3)))
    case 1: result = try normalized(builder.convolution(x, outputChannels: channels, window: window(1)))
    case 2:
      result = try builder.convolution(
        builder.add(.relu, [x]), outputChannels: channels, window: window(3, dilation: 2), bias: true)
    case 3:
      result = try normalized(builder.convolution(x, outputChannels: width, window: window(3), groups: width))
    case 4: result = try builder.add(.maxPool(window: window(3)), [x])
    case 5: result = try builder.add(.averagePool(window: window(3), countsPadding: false), [x])
    case 6: result = try builder.add(.identity, [x])
    case 7: result = try builder.add(.relu, [x])
    case 8, 9:
      let others = (0..<draw(1...3)).map { _ in same.randomElement(using: &generator)! }
      result = try builder.add(.add(activation: .none), [x] + others)
    default:
      result = try builder.add(
        .concat(axis: 1), (0..<draw(2...3)).map { _ in same.randomElement(using: &generator)! })
    }
    tensors.append(result)
  }
  let last = tensors[tensors.count - 1]
  let reduced = try normalized(
    builder.convolution(last, outputChannels: channels + 2, window: window(3, stride: 2)))
  let pooled = try builder.add(.flatten, [builder.add(.globalAveragePool, [reduced])])
  let logits = try builder.fullyConnected(pooled, outputs: draw(2...10), name: "logits")
  return try builder.build(outputs: [logits])
}
