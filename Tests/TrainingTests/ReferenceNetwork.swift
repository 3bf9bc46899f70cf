import ComputationGraph
import Foundation
import Training

/// A network in training mode, computed in double precision with plain loops over [image][channel][row][column]:
/// the oracle of gradients. It shares no code and no layout with the training engine.
struct ReferenceNetwork {
  let graph: Graph
  /// Images whose statistics a batch norm uses together.
  let chunk = 32

  /// One tensor: the values of every image, one image after the other.
  private struct Values {
    var images: Int
    var shape: [Int]
    var data: [Double]

    init(images: Int, shape: [Int]) {
      self.images = images
      self.shape = shape
      data = [Double](repeating: 0, count: images * shape.reduce(1, *))
    }

    var size: Int { shape.reduce(1, *) }
  }

  /// The mean cross-entropy of a batch, with batch norms by the statistics of chunks.
  func loss(weights: [String: [Double]], pixels: [Double], labels: [UInt8], smoothing: Double) -> Double {
    var values: [TensorID: Values] = [:]
    var input = Values(
      images: labels.count, shape: Array(graph[graph.inputs[0]].shape.dimensions.dropFirst()))
    input.data = pixels
    values[graph.inputs[0]] = input
    for id in graph.kahnOrder() {
      let node = graph[id]
      let inputs = node.inputs.compactMap { values[$0] }
      let parameters = node.inputs.compactMap { weights[graph[$0].name] }
      values[node.outputs[0]] = compute(node, inputs, parameters)
    }
    return crossEntropy(values[graph.outputs[0]]!, labels, smoothing)
  }

  private func crossEntropy(_ logits: Values, _ labels: [UInt8], _ smoothing: Double) -> Double {
    var total = 0.0
    let classes = logits.size
    for image in 0..<logits.images {
      let row = Array(logits.data[image * classes..<(image + 1) * classes])
      let logTotal = log(row.reduce(0) { $0 + exp($1) })
      for index in 0..<classes {
        let target = smoothing / Double(classes) + (index == Int(labels[image]) ? 1 - smoothing : 0)
        total += target * (logTotal - row[index])
      }
    }
    return total / Double(logits.images)
  }

  private func compute(_ node: Operator, _ x: [Values], _ p: [[Double]]) -> Values {
    let output = Array(graph[node.outputs[0]].shape.dimensions.dropFirst())
    var y = Values(images: x[0].images, shape: output)
    switch node.kind {
    case .convolution(let window, let groups, _, _):
      convolve(x[0], weight: p[0], bias: p.count > 1 ? p[1] : nil, window, groups, into: &y)
    case .fullyConnected:
      for image in 0..<y.images {
        for o in 0..<y.size {
          var sum = p.count > 1 ? p[1][o] : 0
          for i in 0..<x[0].size { sum += p[0][o * x[0].size + i] * x[0].data[image * x[0].size + i] }
          y.data[image * y.size + o] = sum
        }
      }
    case .batchNormalization(let epsilon, let activation):
      normalize(x[0], scale: p[0], shift: p[1], epsilon: Double(epsilon), into: &y)
      if activation == .relu { y.data = y.data.map { max($0, 0) } }
    case .relu: y.data = x[0].data.map { max($0, 0) }
    case .add(let activation):
      for index in y.data.indices { y.data[index] = x.reduce(0) { $0 + $1.data[index] } }
      if activation == .relu { y.data = y.data.map { max($0, 0) } }
    case .maxPool(let window):
      pool(x[0], window, into: &y) { values, _ in values.max() ?? 0 }
    case .averagePool(let window, let countsPadding):
      let all = window.kernel.height * window.kernel.width
      pool(x[0], window, into: &y) { values, _ in
        values.reduce(0, +) / Double(countsPadding ? all : values.count)
      }
    case .globalAveragePool:
      let pixels = x[0].shape[1] * x[0].shape[2]
      for index in y.data.indices {
        y.data[index] = x[0].data[index * pixels..<(index + 1) * pixels].reduce(0, +) / Double(pixels)
      }
    case .concat:
      y.data = (0..<y.images).flatMap { image in
        x.flatMap { $0.data[image * $0.size..<(image + 1) * $0.size] }
      }
    case .flatten, .identity: y.data = x[0].data
    default: fatalError("\(node.kind) is not trained")
    }
    return y
  }

  private func convolve(
    _ x: Values, weight: [Double], bias: [Double]?, _ window: Window2D, _ groups: Int, into y: inout Values
  ) {
    let (channels, height, width) = (x.shape[0], x.shape[1], x.shape[2])
    let (outputs, rows, columns) = (y.shape[0], y.shape[1], y.shape[2])
    let perGroup = channels / groups
    let (kh, kw) = (window.kernel.height, window.kernel.width)
    for image in 0..<x.images {
      for o in 0..<outputs {
        let group = o / (outputs / groups)
        for r in 0..<rows {
          for q in 0..<columns {
            var sum = bias?[o] ?? 0
            for c in 0..<perGroup {
              for i in 0..<kh {
                for j in 0..<kw {
                  let row = r * window.stride.height + i * window.dilation.height - window.padding.top
                  let column = q * window.stride.width + j * window.dilation.width - window.padding.left
                  guard row >= 0, row < height, column >= 0, column < width else { continue }
                  sum +=
                    weight[((o * perGroup + c) * kh + i) * kw + j]
                    * x.data[((image * channels + group * perGroup + c) * height + row) * width + column]
                }
              }
            }
            y.data[((image * outputs + o) * rows + r) * columns + q] = sum
          }
        }
      }
    }
  }

  private func pool(
    _ x: Values, _ window: Window2D, into y: inout Values, _ reduce: ([Double], Int) -> Double
  ) {
    let (height, width) = (x.shape[1], x.shape[2])
    let (rows, columns) = (y.shape[1], y.shape[2])
    for plane in 0..<x.images * x.shape[0] {
      for r in 0..<rows {
        for q in 0..<columns {
          var values: [Double] = []
          for i in 0..<window.kernel.height {
            for j in 0..<window.kernel.width {
              let row = r * window.stride.height + i * window.dilation.height - window.padding.top
              let column = q * window.stride.width + j * window.dilation.width - window.padding.left
              guard row >= 0, row < height, column >= 0, column < width else { continue }
              values.append(x.data[(plane * height + row) * width + column])
            }
          }
          y.data[(plane * rows + r) * columns + q] = reduce(values, plane)
        }
      }
    }
  }

  private func normalize(_ x: Values, scale: [Double], shift: [Double], epsilon: Double, into y: inout Values)
  {
    let channels = x.shape[0]
    let pixels = x.size / channels
    for start in stride(from: 0, to: x.images, by: chunk) {
      for c in 0..<channels {
        let places = (start..<start + chunk).flatMap { image in
          (0..<pixels).map { (image * channels + c) * pixels + $0 }
        }
        let mean = places.reduce(0) { $0 + x.data[$1] } / Double(places.count)
        let variance =
          places.reduce(0) { $0 + (x.data[$1] - mean) * (x.data[$1] - mean) } / Double(places.count)
        for place in places {
          y.data[place] = scale[c] * (x.data[place] - mean) / (variance + epsilon).squareRoot() + shift[c]
        }
      }
    }
  }
}
