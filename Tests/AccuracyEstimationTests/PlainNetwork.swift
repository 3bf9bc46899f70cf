import ComputationGraph
import Foundation
import Training

/// A network in training mode in double precision, with plain loops over [image][channel][row][column]: the oracle of the
/// zero-cost proxies. Gradients are central differences. It shares no code with the training engine.
///
/// Convolutions of stride 1 with padding, batch norms by the statistics of all images, ReLU, addition, global average
/// pooling, flattening, fully connected layers.
struct PlainNetwork {
  let graph: Graph
  var weights: [String: [Double]]
  var leavesOutNormalization = false

  init(_ graph: Graph, _ values: WeightValues) {
    self.graph = graph
    weights = Dictionary(uniqueKeysWithValues: values.names.map { ($0, values[$0]!.map(Double.init)) })
  }

  /// What a network makes of some images: logits, one row an image, and which ReLU units are active.
  struct Output {
    var logits: [[Double]] = []
    var active: [[Bool]]
  }

  func run(_ images: [[Double]]) -> Output {
    var output = Output(active: [[Bool]](repeating: [], count: images.count))
    var values: [TensorID: [[Double]]] = [graph.inputs[0]: images]
    for id in graph.kahnOrder() {
      let node = graph[id]
      let x = values[node.inputs[0]]!
      let shape = graph[node.inputs[0]].shape.dimensions
      let p = node.inputs.dropFirst().compactMap { weights[graph[$0].name] }
      var y: [[Double]]
      switch node.kind {
      case .convolution(let window, _, _, _):
        let outputs = graph[node.outputs[0]].shape[1]
        y = x.map { convolve($0, shape, p[0], outputs, window) }
      case .batchNormalization(let epsilon, _):
        y = leavesOutNormalization ? x : normalize(x, shape, p, Double(epsilon))
      case .relu:
        y = x.map { $0.map { max($0, 0) } }
        for image in x.indices { output.active[image] += x[image].map { $0 > 0 } }
      case .add:
        let other = values[node.inputs[1]]!
        y = zip(x, other).map { zip($0, $1).map { $0 + $1 } }
      case .globalAveragePool:
        let pixels = shape[2] * shape[3]
        y = x.map { row in
          (0..<shape[1]).map { c in row[c * pixels..<(c + 1) * pixels].reduce(0, +) / Double(pixels) }
        }
      case .flatten: y = x
      case .fullyConnected:
        y = x.map { row in
          (0..<graph[node.outputs[0]].shape[1]).map { o in
            row.indices.reduce(p.count > 1 ? p[1][o] : 0) { $0 + p[0][o * row.count + $1] * row[$1] }
          }
        }
      default: fatalError("\(node.kind) is not needed")
      }
      values[node.outputs[0]] = y
    }
    output.logits = values[graph.outputs[0]]!
    return output
  }

  /// The mean cross-entropy.
  func loss(_ images: [[Double]], _ labels: [UInt8]) -> Double {
    let rows = run(images).logits
    return zip(rows, labels).reduce(0) { total, pair in
      total + log(pair.0.reduce(0) { $0 + exp($1) }) - pair.0[Int(pair.1)]
    } / Double(rows.count)
  }

  /// The derivative of `value` by every number of a weight.
  func derivative(of name: String, _ value: (PlainNetwork) -> Double) -> [Double] {
    let step = 1e-5
    return weights[name]!.indices.map { index in
      var (up, down) = (self, self)
      up.weights[name]![index] += step
      down.weights[name]![index] -= step
      return (value(up) - value(down)) / (2 * step)
    }
  }

  private func convolve(_ x: [Double], _ shape: [Int], _ w: [Double], _ outputs: Int, _ window: Window2D)
    -> [Double]
  {
    let (channels, height, width, kernel) = (shape[1], shape[2], shape[3], window.kernel.height)
    var y = [Double](repeating: 0, count: outputs * height * width)
    for o in 0..<outputs {
      for r in 0..<height {
        for q in 0..<width {
          var sum = 0.0
          for c in 0..<channels {
            for i in 0..<kernel {
              for j in 0..<kernel {
                let (row, column) = (r + i - window.padding.top, q + j - window.padding.left)
                guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                sum +=
                  w[((o * channels + c) * kernel + i) * kernel + j] * x[(c * height + row) * width + column]
              }
            }
          }
          y[(o * height + r) * width + q] = sum
        }
      }
    }
    return y
  }

  private func normalize(_ x: [[Double]], _ shape: [Int], _ p: [[Double]], _ epsilon: Double) -> [[Double]] {
    let pixels = shape[2] * shape[3]
    var y = x
    for c in 0..<shape[1] {
      let places = c * pixels..<(c + 1) * pixels
      let all = x.flatMap { $0[places] }
      let mean = all.reduce(0, +) / Double(all.count)
      let variance = all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(all.count)
      for image in x.indices {
        for place in places {
          y[image][place] = p[0][c] * (x[image][place] - mean) / (variance + epsilon).squareRoot() + p[1][c]
        }
      }
    }
    return y
  }
}
