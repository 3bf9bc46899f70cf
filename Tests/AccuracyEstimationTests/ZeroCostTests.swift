import AccuracyEstimation
import ComputationGraph
import Foundation
import Foundations
import Kernels
import SearchSpaces
import Testing
import Training

@Suite struct ZeroCostTests {
  private let window = Window2D(kernel: Size2D(3), padding: Padding2D(1))

  /// Two branches that meet, batch norms, 5×6 images of two channels, three classes.
  private func network(normalized: Bool = true) throws -> Graph {
    var builder = GraphBuilder(name: "network")
    let image = builder.input("image", shape: [1, 2, 5, 6])
    func convolution(_ x: TensorID, _ outputs: Int) throws -> TensorID {
      let y = try builder.convolution(x, outputChannels: outputs, window: window)
      return normalized ? try builder.batchNormalization(y) : y
    }
    let stem = try builder.add(.relu, [try convolution(image, 3)])
    let branch = try builder.add(.relu, [try convolution(stem, 3)])
    let sum = try builder.add(.add(activation: .none), [try convolution(branch, 3), stem])
    let x = try builder.add(.relu, [sum])
    let mean = try builder.add(.globalAveragePool, [x])
    let pooled = try builder.add(.flatten, [mean])
    let logits = try builder.fullyConnected(pooled, outputs: 3)
    return try builder.build(outputs: [logits])
  }

  /// A chain without branches and batch norms.
  private func chain(depth: Int) throws -> Graph {
    var builder = GraphBuilder(name: "chain")
    var x = builder.input("image", shape: [1, 2, 5, 6])
    for _ in 0..<depth {
      x = try builder.add(.relu, [try builder.convolution(x, outputChannels: 4, window: window)])
    }
    x = try builder.add(.flatten, [x])
    let logits = try builder.fullyConnected(x, outputs: 3)
    return try builder.build(outputs: [logits])
  }

  private func images(_ count: Int, equal: Bool = false) throws -> ImageDataset {
    var generator = SeededGenerator(seed: 11)
    let size = 2 * 5 * 6
    let first = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let pixels = (0..<count).flatMap { _ in
      equal ? first : (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
    return try ImageDataset(
      name: "noise", channels: 2, height: 5, width: 6, classes: 3, images: pixels,
      labels: (0..<count).map { UInt8($0 % 3) })
  }

  private func subject(_ graph: Graph) -> EstimationSubject {
    EstimationSubject(architecture: Architecture(space: "test", choices: [:]), training: graph)
  }

  private func estimator(_ proxy: ZeroCostProxy, _ images: ImageDataset) throws -> ZeroCostEstimator {
    try ZeroCostEstimator(proxy: proxy, trainingSet: images, imageCount: 32, splitSeed: 5)
  }

  /// The network of the seed in double precision, and the images that the estimator looks at, normalised.
  private func oracle(
    _ graph: Graph, seed: UInt64, _ images: ImageDataset, from estimator: ZeroCostEstimator
  ) -> (network: PlainNetwork, pixels: [[Double]], labels: [UInt8]) {
    var generator = SeededGenerator(seed: seed, stream: 0)
    let network = PlainNetwork(graph, WeightValues.random(for: graph, using: &generator))
    guard let used = estimator.images else { return (network, [], []) }
    let normalization = Normalization(of: images)
    let pixels = (0..<used.count).map { image in
      (0..<used.imageSize).map { index in
        let channel = index / 30
        return (Double(used.images[image * used.imageSize + index]) / 255 - normalization.mean[channel])
          / normalization.standardDeviation[channel]
      }
    }
    return (network, pixels, used.labels)
  }

  private func isWeight(_ name: String, of graph: Graph) -> Bool {
    graph.operators.contains { node in
      switch node.kind {
      case .convolution, .fullyConnected: graph[node.inputs[1]].name == name
      default: false
      }
    }
  }

  private func close(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
    abs(a - b) <= tolerance * max(abs(a), abs(b))
  }

  @Test func gradientNormAndConnectionSensitivityAgreeWithFiniteDifferences() throws {
    let (graph, all) = (try network(), try images(64))
    let norm = try estimator(.gradientNorm, all)
    let snip = try estimator(.snip, all)
    let (network, pixels, labels) = oracle(graph, seed: 3, all, from: norm)
    #expect(snip.images == norm.images && norm.images?.count == 32)
    var (expectedNorm, expectedSensitivity) = (0.0, 0.0)
    for name in network.weights.keys where isWeight(name, of: graph) {
      let slopes = network.derivative(of: name) { $0.loss(pixels, labels) }
      expectedNorm += slopes.reduce(0) { $0 + $1 * $1 }.squareRoot()
      expectedSensitivity += zip(network.weights[name]!, slopes).reduce(0) { $0 + abs($1.0 * $1.1) }
    }
    let found = try norm.estimate(subject(graph), seed: 3)
    #expect(close(found.merit, expectedNorm, 1e-4), "\(found.merit) \(expectedNorm)")
    #expect(found.accuracy == nil && found.estimator == "gradientNorm" && found.validationImages == 32)
    let sensitivity = try snip.estimate(subject(graph), seed: 3).merit
    #expect(close(sensitivity, expectedSensitivity, 1e-4), "\(sensitivity) \(expectedSensitivity)")
    #expect(try norm.estimate(subject(graph), seed: 4).merit != found.merit)
  }

  @Test func synflowAgreesWithFiniteDifferencesAndLeavesBatchNormsOut() throws {
    let graph = try network()
    let synflow = try ZeroCostEstimator(proxy: .synflow, trainingSet: nil)
    // The same weights with or without batch norms: the generator is used for convolutions alone.
    let plain = try self.network(normalized: false)
    var (network, _, _) = oracle(plain, seed: 9, try images(32), from: synflow)
    network.weights = network.weights.mapValues { $0.map(abs) }
    let ones = [[Double](repeating: 1, count: 60)]
    let expected = network.weights.keys.sorted().reduce(0) { total, name in
      let slopes = network.derivative(of: name) { $0.run(ones).logits[0].reduce(0, +) }
      return total + zip(network.weights[name]!, slopes).reduce(0) { $0 + abs($1.0 * $1.1) }
    }
    let found = try synflow.estimate(subject(plain), seed: 9)
    #expect(abs(found.merit - log(expected)) < 1e-4, "\(found.merit) \(log(expected))")
    #expect(found.split == "none" && found.accuracy == nil)
    #expect(try synflow.estimate(subject(graph), seed: 9).score == found.score)
  }

  /// Tanaka et al., theorem 1: what flows through the weights of a layer is the same for all layers, the sum of the
  /// outputs, less what biases add. The score of a chain is therefore that sum times the number of layers, and the biases.
  @Test(arguments: [2, 5]) func synflowIsConservedFromLayerToLayer(depth: Int) throws {
    let graph = try chain(depth: depth)
    var generator = SeededGenerator(seed: 1, stream: 0)
    var weights = WeightValues.random(for: graph, using: &generator)
    for name in weights.names { weights[name] = weights[name]!.map(abs) }
    let probe = try NetworkProbe(graph: graph, weights: weights)
    let pass = probe.pass(.constant(1)) { rows in
      rows.indices.map { image in rows[image].map { _ in image == 0 ? 1 : 0 } }
    }
    let biases = weights.names.filter { !isWeight($0, of: graph) }.flatMap { weights[$0]! }
      .reduce(0) { $0 + Double($1) }
    let flow = pass.logits[0].reduce(0) { $0 + Double($1) } - biases
    var layers = 0
    for name in weights.names where isWeight(name, of: graph) {
      let sum = zip(weights[name]!, pass.gradients[name]!).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      #expect(close(sum, flow, 1e-5), "\(name)")
      layers += 1
    }
    #expect(layers == depth + 1)
    let score = try ZeroCostEstimator(proxy: .synflow, trainingSet: nil).estimate(subject(graph), seed: 1)
      .merit
    #expect(abs(score - log(flow * Double(layers) + biases)) < 1e-5)
  }

  @Test func synflowOfVeryDeepNetworksDoesNotOverflow() throws {
    // Its flow is far beyond the largest float32 number, about 10³⁸, for an image of ones.
    let score = try ZeroCostEstimator(proxy: .synflow, trainingSet: nil)
      .estimate(subject(try chain(depth: 56)), seed: 1).merit
    #expect(score.isFinite && score > 88)
  }

  @Test func naswotIsTheDeterminantOfTheKernelOfCodes() throws {
    let (graph, all) = (try network(), try images(64))
    let naswot = try estimator(.naswot, all)
    let (network, pixels, _) = oracle(graph, seed: 2, all, from: naswot)
    let active = network.run(pixels).active
    #expect(active[0].count == 3 * 3 * 30)
    // By Cholesky's factor: its diagonal multiplies to the determinant's root.
    let kernel = active.map { a in active.map { b in Double(zip(a, b).filter { $0 == $1 }.count) } }
    var factor = kernel.map { $0.map { _ in 0.0 } }
    var expected = 0.0
    for i in kernel.indices {
      for j in 0...i {
        let rest = (0..<j).reduce(kernel[i][j]) { $0 - factor[i][$1] * factor[j][$1] }
        factor[i][j] = i == j ? rest.squareRoot() : rest / factor[j][j]
      }
      expected += 2 * log(factor[i][i])
    }
    let found = try naswot.estimate(subject(graph), seed: 2).merit
    #expect(abs(found - expected) < 1e-6 * abs(expected), "\(found) \(expected)")
  }

  @Test func equalImagesHaveNoScore() throws {
    let (graph, all) = (try network(), try images(64, equal: true))
    let estimator = try estimator(.naswot, all)
    #expect(throws: EstimationError.self) { try estimator.estimate(subject(graph), seed: 1) }
  }

  @Test func jacobianCovarianceAgreesWithFiniteDifferences() throws {
    let (graph, all) = (try network(), try images(64))
    let estimator = try estimator(.jacobianCovariance, all)
    let (network, pixels, _) = oracle(graph, seed: 6, all, from: estimator)
    func total(_ images: [[Double]]) -> Double { network.run(images).logits.joined().reduce(0, +) }
    let step = 1e-5
    let jacobian = pixels.indices.map { image in
      (0..<60).map { index in
        var (up, down) = (pixels, pixels)
        up[image][index] += step
        down[image][index] -= step
        return (total(up) - total(down)) / (2 * step)
      }
    }
    let rows = jacobian.map { row in
      let mean = row.reduce(0, +) / Double(row.count)
      let length = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
      return row.map { ($0 - mean) / length }
    }
    let correlation = rows.map { a in rows.map { b in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } } }
    let k = 1e-5
    let expected = -eigenvalues(correlation).reduce(0) { $0 + log($1 + k) + 1 / ($1 + k) }
    let found = try estimator.estimate(subject(graph), seed: 6).merit
    #expect(close(found, expected, 2e-3), "\(found) \(expected)")
  }

  /// Eigenvalues by QR iterations with Gram–Schmidt: slow, and another way than the product's rotations.
  private func eigenvalues(_ matrix: [[Double]]) -> [Double] {
    var a = matrix
    let n = a.count
    for _ in 0..<3000 {
      var q: [[Double]] = []
      for column in 0..<n {
        var v = a.map { $0[column] }
        for _ in 0..<2 {
          for u in q {
            let product = zip(u, v).reduce(0) { $0 + $1.0 * $1.1 }
            for i in v.indices { v[i] -= product * u[i] }
          }
        }
        let length = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
        q.append(v.map { $0 / max(length, 1e-300) })
      }
      let product = q.map { u in a[0].indices.map { j in (0..<n).reduce(0) { $0 + u[$1] * a[$1][j] } } }
      a = product.map { row in q.map { u in (0..<n).reduce(0) { $0 + row[$1] * u[$1] } } }
    }
    return (0..<n).map { a[$0][$0] }
  }

  @Test func sizesAreBaselines() throws {
    let graph = try network()
    let macs = try ZeroCostEstimator(proxy: .macs, trainingSet: nil).estimate(subject(graph), seed: 1)
    #expect(macs.merit == Double(30 * 9 * (2 * 3 + 3 * 3 + 3 * 3) + 9))
    let parameters = try ZeroCostEstimator(proxy: .parameters, trainingSet: nil)
      .estimate(subject(graph), seed: 1)
    #expect(parameters.merit == Double(9 * 24 + 3 * 6 + 9 + 3))
  }

  @Test func mistakesAreNamed() throws {
    #expect(throws: EstimationError.self) { try ZeroCostEstimator(proxy: .naswot, trainingSet: nil) }
    #expect(throws: EstimationError.self) {
      try ZeroCostEstimator(proxy: .snip, trainingSet: images(64), imageCount: 40)
    }
    #expect(throws: EstimationError.dataset(.tooFewImages(requested: 96, available: 64))) {
      try ZeroCostEstimator(proxy: .snip, trainingSet: images(64), imageCount: 96)
    }
    var builder = GraphBuilder(name: "other")
    let image = builder.input("image", shape: [1, 1, 4, 4])
    let flat = try builder.add(.flatten, [image])
    let logits = try builder.fullyConnected(flat, outputs: 3)
    let other = try builder.build(outputs: [logits])
    for proxy in ZeroCostProxy.allCases where proxy.needsImages {
      let estimator = try estimator(proxy, images(64))
      #expect(throws: EstimationError.self, "\(proxy)") { try estimator.estimate(subject(other), seed: 1) }
    }
  }
}
