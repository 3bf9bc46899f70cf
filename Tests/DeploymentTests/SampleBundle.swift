import ComputationGraph
import Deployment
import Devices
import Foundation
import Foundations
import Kernels
import ScheduleTuning
import SearchSpaces
import TestSupport

/// A small network with branches, planned and ready to be written.
enum SampleBundle {
  /// Training form, with an activation that is fused into a convolution and into a sum: a stem, a block of three branches, a
  /// reduction, a residual block, a classifier.
  static func network(activation: OperatorKind = .relu) throws -> Graph {
    var builder = GraphBuilder(name: "sample")
    let image = builder.input("image", shape: [1, 1, 12, 12])
    func block(_ x: TensorID, _ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1) throws
      -> TensorID
    {
      let active = try builder.add(.relu, [x])
      let window = Window2D(
        kernel: Size2D(kernel), stride: Size2D(stride), padding: Padding2D(kernel / 2))
      let result = try builder.convolution(active, outputChannels: channels, window: window, groups: groups)
      return try builder.batchNormalization(result)
    }
    let window = Window2D(kernel: Size2D(3), padding: Padding2D(1))
    let stem = try builder.batchNormalization(
      builder.convolution(image, outputChannels: 6, window: window, name: "stem"))
    let left = try block(stem, 6, kernel: 3)
    let right = try block(stem, 6, kernel: 1)
    let deep = try block(left, 6, kernel: 3, groups: 6)
    let pooled = try builder.add(.averagePool(window: window, countsPadding: false), [stem])
    let sum = try builder.add(.add(activation: .none), [stem, right, deep, pooled])
    let joined = try builder.add(.concat(axis: 1), [builder.add(activation, [sum]), left])
    let reduced = try block(joined, 10, kernel: 3, stride: 2)
    let inner = try block(builder.add(activation, [reduced]), 10, kernel: 3)
    let residual = try builder.add(
      activation, [builder.add(.add(activation: .none), [inner, block(joined, 10, kernel: 1, stride: 2)])])
    let features = try builder.add(.flatten, [builder.add(.globalAveragePool, [residual])])
    let logits = try builder.fullyConnected(features, outputs: 10, name: "logits")
    return try builder.build(outputs: [logits])
  }

  static let device = DeviceProfile(
    name: "sample-board", title: "Sample", description: "A board for tests.", memoryBytes: 65536,
    reservedBytes: 4096, flashBytes: 100_000, threads: 1)

  static func content(
    fusion: FusionLevel = .activation, scheduler: String = "rpo", rowTile: RowTile = .whole,
    layout: TensorLayout = .nchw, activation: OperatorKind = .relu
  ) throws -> BundleContent {
    let training = try network(activation: activation)
    let policy = SchedulingPolicy(fusion: fusion, scheduler: scheduler, rowTile: rowTile, layout: layout)
    let planned = try NetworkPlanner.plan(
      NetworkPlanner.bound(training: training, policy: policy), alignment: device.alignment)
    var generator = SeededGenerator(seed: 17)
    var weights = WeightValues.random(for: training, using: &generator)
    for name in weights.names where name.hasSuffix(".mean") || name.hasSuffix(".shift") {
      weights[name] = weights[name]!.map { _ in Float(generator.nextNormal() * 0.3) }
    }
    return BundleContent(
      architecture: Architecture(space: "sample", choices: ["cell": "a", "width": "6"]), network: planned,
      weights: weights, device: device,
      preprocessing: Preprocessing(mean: [0.286], standardDeviation: [0.353]),
      accuracy: [
        AccuracyFigure(
          purpose: .search, accuracy: 0.8125, split: "validation", images: 1600, estimator: "short-training",
          trainImages: 4000, epochs: 1),
        AccuracyFigure(
          purpose: .final, accuracy: 0.9101, split: "test", images: 10000, estimator: "final-training",
          trainImages: 60000, epochs: 2.5),
      ],
      latency: LatencyStatistics(sampleMilliseconds: [0.25, 0.5, 0.75], warmup: 3, threads: 1),
      target: TargetFingerprint(
        cpu: "Example CPU", vectorExtension: "avx2", blas: "OpenBLAS 0.3.21 Haswell", threads: 1),
      experiment: "sample", trialID: 7, classNames: [], producerVersion: "0.1.0")
  }

  /// Calls `body` with the path of a folder that does not exist yet, inside one that is removed afterwards.
  static func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = try PythonEnvironment.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appendingPathComponent("bundle"))
  }
}
