import ComputationGraph
import Foundation
import Kernels

/// What the cost model knows of an operator under a kernel schedule: numbers of the order of 1, logarithms where a quantity spans
/// several orders of magnitude.
public struct ScheduleFeatures: Hashable, Codable, Sendable {
  /// Raised whenever the meaning of ``values`` changes: features of another revision are not learned from.
  public static let currentRevision = 1
  /// The length of ``values``: the constant 1, then the operator, the work, memory, tiles, threads, and the logarithms of the knobs.
  public static let count = 23 + ScheduleKnob.allCases.count

  /// The revision of the features.
  public let revision: Int
  /// The algorithm: the cost model has coefficients for each.
  public let algorithm: KernelAlgorithm
  /// The features, ``count`` of them in this revision.
  public let values: [Double]

  /// Whether this version can learn from the features.
  public var isCurrent: Bool { revision == Self.currentRevision && values.count == Self.count }

  /// The features of an operator under a kernel schedule that applies to it.
  public init(of schedule: KernelSchedule, for workload: OperatorWorkload) {
    let (graph, id) = (workload.graph, workload.id)
    let node = graph[id]
    let output = graph[node.outputs[0]].shape
    let image = output.rank == 4
    let (rows, columns) = image ? (output[2], output[3]) : (1, 1)
    let outputChannels = output.rank > 1 ? output[1] : output.elementCount
    let activations = node.inputs.filter { graph[$0].role == .activation }
    let inputElements = activations.reduce(0) { $0 + graph[$1].shape.elementCount }
    let weights = graph.storedWeightBytes(under: [schedule])[0]
    let workspace = schedule.workspaceBytes(for: id, in: graph)
    let macs = graph.macs(of: id)
    var (taps, stride, groups) = (1, 1, 1)
    switch node.kind {
    case .convolution(let window, let count, _, _):
      (taps, stride, groups) = (window.kernel.height * window.kernel.width, window.stride.width, count)
    case .maxPool(let window), .averagePool(let window, _):
      (taps, stride) = (window.kernel.height * window.kernel.width, window.stride.width)
    default: break
    }
    let inputChannels = node.inputs.first.map { graph[$0].shape.rank > 1 ? graph[$0].shape[1] : 1 } ?? 1
    let tiled = schedule.algorithm.rows(of: id, in: graph) ?? rows
    let tile = min(schedule.rowTile ?? tiled, tiled)
    let tiles = (tiled + tile - 1) / tile
    let threads = schedule.threads
    let traffic = 4 * (inputElements + output.elementCount) + weights
    let perThread = Double(workspace) / Double(threads)
    revision = Self.currentRevision
    algorithm = schedule.algorithm
    values =
      [
        1,
        // The work.
        Self.log(macs + inputElements + output.elementCount), Self.log(macs), Self.log(4 * inputElements),
        Self.log(4 * output.elementCount), Self.log(weights),
        Foundation.log2(1 + Double(macs) / Double(max(1, traffic))) / 8,
        // The operator.
        Self.log(inputChannels / groups), Self.log(outputChannels / groups), Self.log(rows),
        Self.log(columns),
        Self.log(taps), Double(stride - 1),
        // Lanes of a vector register that have nothing to do, along channels and along columns.
        Self.waste(outputChannels / groups, of: 16), Self.waste(columns, of: 16),
        // Memory that is worked on at once, beyond the first and the second level of a typical cache.
        Self.log(workspace), max(0, Foundation.log2((perThread + 1) / 32_768)) / 4,
        max(0, Foundation.log2((perThread + Double(weights) + 1) / 1_048_576)) / 4,
        // Tiles: how large, how many, how uneven; the time that threads wait for the last of them.
        Self.log(tile), Self.log(tiles), Double(tiles * tile) / Double(tiled) - 1,
        Self.log(tile * columns), Double((tiles + threads - 1) / threads * threads) / Double(tiles) - 1,
      ] + ScheduleKnob.allCases.map { Self.log($0.value(in: schedule) ?? 0) }
  }

  private static func log(_ value: Int) -> Double { Foundation.log2(1 + Double(value)) / 8 }

  private static func waste(_ count: Int, of lanes: Int) -> Double {
    1 - Double(count) / Double(max(1, (count + lanes - 1) / lanes) * lanes)
  }
}
