import ComputationGraph
import Kernels

/// One dimension of a kernel schedule beside its algorithm.
///
/// Everything that handles kernel schedules without knowing what they mean goes by this list: the space, mutation and crossover, the
/// features of the cost model, the stored form. A further knob is a further case.
public enum ScheduleKnob: String, CaseIterable, Codable, Hashable, Sendable {
  /// Output rows, or rows of Winograd tiles, at once.
  case rowTile
  /// Groups of 16 output channels at once.
  case channelTile
  /// What lies side by side in vectors: the place of the ``KernelSchedule/lanes`` among all, from 1 on.
  case lanes
  /// Vectors that one micro-kernel works on at once.
  case unroll
  /// Threads that share the operator.
  case threads

  /// The knob's value in a schedule; nil where the schedule has the standard.
  public func value(in schedule: KernelSchedule) -> Int? {
    switch self {
    case .rowTile: schedule.rowTile
    case .channelTile: schedule.channelTile
    case .lanes: schedule.lanes.flatMap(VectorLanes.allCases.firstIndex).map { $0 + 1 }
    case .unroll: schedule.unroll
    case .threads: schedule.threads == 1 ? nil : schedule.threads
    }
  }

  /// Sets the knob; nil for the standard.
  public func set(_ value: Int?, in schedule: inout KernelSchedule) {
    switch self {
    case .rowTile: schedule.rowTile = value
    case .channelTile: schedule.channelTile = value
    case .lanes: schedule.lanes = value.map { VectorLanes.allCases[$0 - 1] }
    case .unroll: schedule.unroll = value
    case .threads: schedule.threads = value ?? 1
    }
  }

  /// The names of the values from 1 on, of a knob whose values are no numbers.
  var names: [String]? { self == .lanes ? VectorLanes.allCases.map(\.rawValue) : nil }

  /// The values worth trying for an algorithm that applies to an operator; nil is the standard. Values that an
  /// algorithm has no use for need not be left out: ``ScheduleSpace`` drops what does not apply.
  func values(for algorithm: KernelAlgorithm, of id: OperatorID, in graph: Graph, threads: Int) -> [Int?] {
    switch self {
    case .rowTile:
      guard let rows = algorithm.rows(of: id, in: graph) else { return [nil] }
      return [nil] + Self.evenTiles(of: rows).map { $0 }
    case .channelTile:
      guard algorithm.winogradOutputs != nil else { return [nil] }
      let groups = (graph[graph[id].outputs[0]].shape[1] + 15) / 16
      return [nil] + (Self.evenTiles(of: groups) + [groups]).map { $0 }
    case .lanes:
      return algorithm == .directInPlace ? [nil] + VectorLanes.allCases.indices.map { $0 + 1 } : [nil]
    case .unroll:
      return algorithm == .directInPlace || algorithm == .directPanel ? [nil, 1, 2, 3, 4] : [nil]
    case .threads:
      guard threads > 1, algorithm != .view else { return [nil] }
      let powers = sequence(first: 2) { $0 * 2 }.prefix { $0 < threads }
      return [nil] + (Array(powers) + [threads]).map { $0 }
    }
  }

  /// The value that comes to the same work as `value`, in the form in which equal work has equal values.
  func canonical(_ value: Int?, in schedule: KernelSchedule, of id: OperatorID, in graph: Graph) -> Int? {
    guard let value else { return nil }
    switch self {
    case .rowTile: return schedule.algorithm.rows(of: id, in: graph).map { value < $0 } ?? true ? value : nil
    case .channelTile:
      let groups = (graph[graph[id].outputs[0]].shape[1] + 15) / 16
      let standard = min(KernelSchedule.standardChannelTile, groups)
      return min(value, groups) == standard ? nil : min(value, groups)
    case .lanes:
      var free = schedule
      free.lanes = nil
      return VectorLanes.allCases[value - 1] == free.chosenLanes(for: id, in: graph) ? nil : value
    case .unroll: return value
    case .threads: return value > 1 ? value : nil
    }
  }

  /// For each number of tiles that `count` things can be divided into evenly, the size of the largest tile: every other size
  /// makes as many tiles, but uneven ones. Without `count` itself; descending. Some 2 · √count numbers.
  static func evenTiles(of count: Int) -> [Int] {
    var sizes: [Int] = []
    for parts in stride(from: 2, through: count, by: 1) {
      let size = (count + parts - 1) / parts
      if size != sizes.last, size < count { sizes.append(size) }
    }
    return sizes
  }
}

extension KernelAlgorithm {
  /// Rows and columns of a Winograd tile's outputs; nil for other algorithms.
  var winogradOutputs: Int? {
    switch self {
    case .winograd2x2, .winograd2x2GEMM: 2
    case .winograd4x4, .winograd4x4GEMM: 4
    default: nil
    }
  }

  /// The number of rows that a row tile divides: output rows or rows of Winograd tiles; nil without a row tile.
  func rows(of id: OperatorID, in graph: Graph) -> Int? {
    let output = graph[graph[id].outputs[0]].shape
    guard output.rank == 4 else { return nil }
    if let outputs = winogradOutputs { return output[0] * ((output[2] + outputs - 1) / outputs) }
    switch self {
    case .im2colGEMM, .gemm1x1, .directPanel: return output[2]
    default: return nil
    }
  }
}
