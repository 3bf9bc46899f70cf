import Foundation
import Foundations

/// A network of two hidden layers of rectified units that is trained on the squared error by Adam (Kingma and Ba, arXiv
/// 1412.6980) with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101). Features and targets are
/// standardised within. Double precision; equal samples and generators give equal weights.
struct MultilayerPerceptron: Codable, Hashable, Sendable {
  /// How it is trained.
  struct Parameters: Sendable {
    var hidden = 32
    var epochs = 100
    var batchSize = 16
    var learningRate = 0.01
    var weightDecay = 0.3
  }

  /// One layer: outputs = weights · inputs + bias.
  struct Layer: Codable, Hashable, Sendable {
    let inputs: Int
    let outputs: Int
    /// Row by row of outputs, then the biases.
    var values: [Double]

    /// Computes the outputs.
    func apply(_ input: [Double], rectifies: Bool) -> [Double] {
      var output = [Double](repeating: 0, count: outputs)
      values.withUnsafeBufferPointer { values in
        input.withUnsafeBufferPointer { input in
          for o in 0..<outputs {
            var sum = values[inputs * outputs + o]
            for i in 0..<inputs { sum += values[o * inputs + i] * input[i] }
            output[o] = rectifies ? max(sum, 0) : sum
          }
        }
      }
      return output
    }

    /// Adds the gradient of the values to `gradient`, laid out alike.
    ///
    /// - Parameter slopes: the gradient of the outputs.
    /// - Returns: the gradient of the inputs.
    func propagate(_ slopes: [Double], input: [Double], into gradient: inout [Double]) -> [Double] {
      var below = [Double](repeating: 0, count: inputs)
      values.withUnsafeBufferPointer { values in
        gradient.withUnsafeMutableBufferPointer { gradient in
          below.withUnsafeMutableBufferPointer { below in
            for (o, slope) in slopes.enumerated() where slope != 0 {
              for i in 0..<inputs {
                gradient[o * inputs + i] += slope * input[i]
                below[i] += slope * values[o * inputs + i]
              }
              gradient[inputs * outputs + o] += slope
            }
          }
        }
      }
      return below
    }
  }

  private let featureMeans: [Double]
  private let featureScales: [Double]
  private let targetMean: Double
  private let targetScale: Double
  private var layers: [Layer] = []

  /// Trains a network.
  ///
  /// - Parameters:
  ///   - features: one row per sample.
  ///   - targets: what is to be predicted.
  ///   - weights: how often each sample counts, whole numbers; not all 0.
  /// - Complexity: O(epochs · samples · hidden · (features + hidden)).
  init(
    features: [[Double]], targets: [Double], weights: [Double], parameters: Parameters = Parameters(),
    using generator: inout SeededGenerator
  ) {
    let width = features.first?.count ?? 0
    let statistics = (0..<width).map { column in Self.moments(features.map { $0[column] }, weights) }
    featureMeans = statistics.map(\.mean)
    featureScales = statistics.map(\.scale)
    (targetMean, targetScale) = Self.moments(targets, weights)
    let widths = [width, parameters.hidden, parameters.hidden, 1]
    for (inputs, outputs) in zip(widths, widths.dropFirst()) {
      let scale = (2 / Double(max(inputs, 1))).squareRoot()
      let matrix = (0..<inputs * outputs).map { _ in generator.nextNormal() * scale }
      layers.append(
        Layer(inputs: inputs, outputs: outputs, values: matrix + [Double](repeating: 0, count: outputs)))
    }
    let (rows, goals) = (features.map(standardized), targets.map { ($0 - targetMean) / targetScale })
    // A sample that counts twice stands twice in the list.
    let samples = rows.indices.flatMap { Array(repeating: $0, count: Int(weights[$0])) }
    train(rows, goals, samples: samples, parameters, using: &generator)
  }

  /// The prediction for one row of features.
  func predict(_ row: [Double]) -> Double {
    forward(standardized(row))[layers.count][0] * targetScale + targetMean
  }

  /// Whether the layers fit each other and rows of as many features.
  func isConsistent(features: Int) -> Bool {
    guard featureMeans.count == features, featureScales.count == features, layers.last?.outputs == 1 else {
      return false
    }
    var width = features
    for layer in layers {
      guard layer.inputs == width, (1...65_536).contains(layer.outputs),
        layer.values.count == layer.outputs * (layer.inputs + 1)
      else { return false }
      width = layer.outputs
    }
    return true
  }

  private func standardized(_ row: [Double]) -> [Double] {
    row.indices.map { (row[$0] - featureMeans[$0]) / featureScales[$0] }
  }

  /// The inputs of every layer, then the output.
  private func forward(_ row: [Double]) -> [[Double]] {
    layers.indices.reduce(into: [row]) { activations, index in
      activations.append(layers[index].apply(activations[index], rectifies: index + 1 < layers.count))
    }
  }

  private mutating func train(
    _ rows: [[Double]], _ targets: [Double], samples: [Int], _ parameters: Parameters,
    using generator: inout SeededGenerator
  ) {
    let zeros = layers.map { [Double](repeating: 0, count: $0.values.count) }
    var (first, second) = (zeros, zeros)
    let batches = (samples.count + parameters.batchSize - 1) / parameters.batchSize
    var step = 0
    for _ in 0..<parameters.epochs {
      let order = samples.shuffled(using: &generator)
      for start in stride(from: 0, to: order.count, by: parameters.batchSize) {
        let batch = order[start..<min(start + parameters.batchSize, order.count)]
        var gradients = zeros
        for sample in batch {
          addGradient(&gradients, rows[sample], targets[sample], factor: 1 / Double(batch.count))
        }
        step += 1
        let progress = Double(step - 1) / Double(batches * parameters.epochs)
        let rate = parameters.learningRate * 0.5 * (1 + cos(.pi * progress))
        let corrections = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
        for layer in layers.indices {
          Self.update(
            &layers[layer], gradients[layer], &first[layer], &second[layer], rate, corrections,
            decay: parameters.weightDecay)
        }
      }
    }
  }

  /// One step of Adam on one layer; biases do not decay.
  private static func update(
    _ layer: inout Layer, _ gradient: [Double], _ first: inout [Double], _ second: inout [Double],
    _ rate: Double, _ corrections: (first: Double, second: Double), decay: Double
  ) {
    let matrix = layer.inputs * layer.outputs
    for index in gradient.indices {
      let slope = gradient[index]
      first[index] += 0.1 * (slope - first[index])
      second[index] += 0.001 * (slope * slope - second[index])
      let direction =
        first[index] / corrections.first / ((second[index] / corrections.second).squareRoot() + 1e-8)
      layer.values[index] -= rate * (direction + (index < matrix ? decay * layer.values[index] : 0))
    }
  }

  /// Adds the gradient of one sample's squared error, halved, times `factor`.
  private func addGradient(
    _ gradients: inout [[Double]], _ row: [Double], _ target: Double, factor: Double
  ) {
    let activations = forward(row)
    var slopes = [(activations[layers.count][0] - target) * factor]
    for (index, layer) in layers.enumerated().reversed() {
      slopes = layer.propagate(slopes, input: activations[index], into: &gradients[index])
      if index > 0 {
        for unit in slopes.indices where activations[index][unit] <= 0 { slopes[unit] = 0 }
      }
    }
  }

  private static func moments(_ values: [Double], _ weights: [Double]) -> (mean: Double, scale: Double) {
    let total = weights.reduce(0, +)
    let mean = zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
    let variance = zip(values, weights).reduce(0) { $0 + $1.1 * ($1.0 - mean) * ($1.0 - mean) } / total
    return (mean, variance > 1e-18 ? variance.squareRoot() : 1)
  }
}
