import ComputationGraph
import Foundation
import Foundations
import Kernels
import Training

/// Computes the scores of one network; see ``ZeroCostProxy`` for what they are.
struct ZeroCostScore {
  let graph: Graph
  /// Images of the batch: a multiple of a chunk; nil for proxies that look at none.
  let images: ImageDataset?
  let normalization: Normalization?
  let seed: UInt64

  /// The score.
  ///
  /// - Throws: ``EstimationError/unavailable(reason:)`` where the score is not defined, or no finite number.
  func value(of proxy: ZeroCostProxy) throws(EstimationError) -> Double {
    let score: Double
    do throws(TrainingError) {
      switch proxy {
      case .synflow: score = try synflow()
      case .naswot: score = try naswot()
      case .gradientNorm: score = try gradientNorm()
      case .snip: score = try connectionSensitivity()
      case .jacobianCovariance: score = try jacobianCovariance()
      case .macs: score = Double(graph.macs)
      case .parameters: score = Double(graph.parameterCount)
      }
    } catch {
      throw EstimationError(error)
    }
    guard score.isFinite else {
      throw .unavailable(reason: "the score '\(proxy.rawValue)' of this network is no finite number")
    }
    return score
  }

  private func randomWeights(of graph: Graph) -> WeightValues {
    var generator = SeededGenerator(seed: seed, stream: 0)
    return WeightValues.random(for: graph, using: &generator)
  }

  private func synflow() throws(TrainingError) -> Double {
    let flow: Graph
    do throws(GraphError) {
      flow = try graph.withoutBatchNormalization()
    } catch {
      throw .unsupportedGraph(reason: "\(error)")
    }
    var weights = randomWeights(of: flow)
    for name in weights.names { weights[name] = weights[name]!.map(abs) }
    let probe = try NetworkProbe(graph: flow, weights: weights)
    // Values grow forwards and gradients backwards: both are scaled, by powers of two, which round nothing.
    for exponent in [0, -60, -110] {
      let scale = Float(sign: .plus, exponent: exponent, significand: 1)
      let pass = probe.pass(.constant(scale)) { rows in
        // All images of a chunk are equal: one is enough.
        rows.indices.map { image in rows[image].map { _ in image == 0 ? scale : 0 } }
      }
      var sum = 0.0
      for name in weights.names {
        guard let gradient = pass.gradients[name] else { continue }
        for (weight, slope) in zip(weights[name]!, gradient) { sum += abs(Double(weight) * Double(slope)) }
      }
      if sum.isFinite { return log(sum) - 2 * Double(exponent) * log(2) }
    }
    return .infinity
  }

  private func naswot() throws(TrainingError) -> Double {
    let probe = try NetworkProbe(graph: graph, weights: randomWeights(of: graph))
    let codes = ActivationCodes()
    try forEachChunk { _ = probe.pass($0, codes: codes) }
    let kernel = codes.words.map { a in
      codes.words.map { b in
        Double(codes.unitCount - zip(a, b).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount })
      }
    }
    return SymmetricMatrix.logAbsoluteDeterminant(kernel) ?? -.infinity
  }

  private func gradientNorm() throws(TrainingError) -> Double {
    try lossGradients().reduce(0) { total, layer in
      total + layer.gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
  }

  private func connectionSensitivity() throws(TrainingError) -> Double {
    try lossGradients().reduce(0) { total, layer in
      total + zip(layer.weight, layer.gradient).reduce(0) { $0 + abs(Double($1.0) * Double($1.1)) }
    }
  }

  /// The weights of convolutions and fully connected layers with their gradients of the batch's mean loss.
  private func lossGradients() throws(TrainingError) -> [(weight: [Float], gradient: [Float])] {
    guard let images, let normalization else { return [] }
    let weights = randomWeights(of: graph)
    let trainer = try Trainer(
      graph: graph, configuration: TrainingConfiguration(batchSize: images.count, threads: 1),
      weights: weights)
    let gradients = try trainer.batchGradients(on: images, normalization: normalization).gradients
    return graph.operators.compactMap { node in
      switch node.kind {
      case .convolution, .fullyConnected:
        let name = graph[node.inputs[1]].name
        return gradients[name].map { (weights[name]!, $0) }
      default: return nil
      }
    }
  }

  private func jacobianCovariance() throws(TrainingError) -> Double {
    let probe = try NetworkProbe(graph: graph, weights: randomWeights(of: graph), needsImageGradient: true)
    var rows: [[Double]] = []
    try forEachChunk { chunk in
      let pass = probe.pass(chunk) { $0.map { $0.map { _ in 1 } } }
      rows += pass.imageGradients.map(Self.standardized)
    }
    let correlation = rows.map { a in rows.map { b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } } }
    guard correlation.joined().allSatisfy(\.isFinite) else { return -.infinity }
    let k = 1e-5
    return SymmetricMatrix.eigenvalues(correlation).reduce(0) { $0 - (log($1 + k) + 1 / ($1 + k)) }
  }

  /// The row less its mean, of length 1: products of such rows are correlations.
  private static func standardized(_ row: [Float]) -> [Double] {
    let mean = row.reduce(0) { $0 + Double($1) } / Double(row.count)
    let centred = row.map { Double($0) - mean }
    let length = centred.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return centred.map { $0 / length }
  }

  private func forEachChunk(_ body: (NetworkProbe.Images) -> Void) throws(TrainingError) {
    guard let images, let normalization else { return }
    let image = graph[graph.inputs[0]].shape
    guard image.elementCount == images.imageSize else {
      throw .datasetMismatch(reason: "\(images.name) has images of another size than the network reads")
    }
    for first in stride(from: 0, to: images.count, by: NetworkProbe.chunkSize) {
      body(.dataset(images, normalization, first: first))
    }
  }
}
