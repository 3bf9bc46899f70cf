import ComputationGraph
import Foundation
import Foundations
import Kernels
import ScheduleTuning
import SearchSpaces

/// A small cell network in training form: a stem, two branches with a sum, a reduction and a classifier.
func cellNetwork(channels: Int = 4, prefix: String = "") throws -> Graph {
  var builder = GraphBuilder(name: "\(prefix)cell")
  func window(_ kernel: Int, stride: Int = 1) -> Window2D {
    Window2D(kernel: Size2D(kernel), stride: Size2D(stride), padding: Padding2D(kernel / 2))
  }
  func block(_ x: TensorID, _ kernel: Int, stride: Int = 1, _ name: String) throws -> TensorID {
    let active = try builder.add(.relu, [x], name: "\(prefix)\(name).relu")
    let y = try builder.convolution(
      active, outputChannels: channels, window: window(kernel, stride: stride), name: "\(prefix)\(name)")
    return try builder.batchNormalization(y, name: "\(prefix)\(name).norm")
  }
  let image = builder.input("\(prefix)image", shape: [1, 1, 12, 12])
  let stem = try builder.convolution(
    image, outputChannels: channels, window: window(3), name: "\(prefix)stem")
  let first = try builder.batchNormalization(stem, name: "\(prefix)stem.norm")
  let left = try block(first, 3, "left")
  let right = try block(first, 1, "right")
  let pool = try builder.add(
    .averagePool(window: window(3), countsPadding: false), [first], name: "\(prefix)pool")
  let sum = try builder.add(.add(activation: .none), [left, right, pool], name: "\(prefix)sum")
  let reduced = try block(sum, 3, stride: 2, "reduction")
  let pooled = try builder.add(.globalAveragePool, [reduced], name: "\(prefix)global")
  let flat = try builder.add(.flatten, [pooled], name: "\(prefix)flat")
  let logits = try builder.fullyConnected(flat, outputs: 5, name: "\(prefix)logits")
  return try builder.build(outputs: [logits])
}

/// A network planned under a policy.
func planned(
  _ graph: Graph, fusion: FusionLevel = .activation, scheduler: String = "rpo", rowTile: RowTile = .rows(2),
  alignment: Int = 64
) throws -> PlannedNetwork {
  let policy = SchedulingPolicy(fusion: fusion, scheduler: scheduler, rowTile: rowTile)
  return try NetworkPlanner.plan(NetworkPlanner.bound(training: graph, policy: policy), alignment: alignment)
}

/// The package's folder, from the place of this file.
let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// A file of the target's `Formats` folder.
func formatFile(_ name: String) throws -> Data {
  try AtomicFile.read(packageRoot.appending(path: "Sources/ScheduleTuning/Formats/\(name)"))
}
