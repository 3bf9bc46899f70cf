import ComputationGraph
import Kernels

/// The operator level of a schedule as a file: the kernel schedule of every operator, in the order in which they
/// run. `Formats/KernelScheduleTable.schema.json` describes it.
public struct KernelScheduleTable: Codable, Hashable, Sendable {
  /// One operator.
  public struct Entry: Codable, Hashable, Sendable {
    /// The operator's name.
    public let name: String
    /// Its type, as ONNX calls it.
    public let type: String
    /// How it is computed.
    public let algorithm: KernelAlgorithm
    /// Output rows per panel; absent for the whole image and where there is no panel.
    public let rowTile: Int?
    /// Groups of 16 output channels in the workspace at once; absent for the standard.
    public let channelTile: Int?
    /// What lies side by side in vectors, where the schedule says so.
    public let lanes: VectorLanes?
    /// Vectors of one micro-kernel, where the schedule says so.
    public let unroll: Int?
    /// The threads that share the operator; absent for one.
    public let threads: Int?
    /// How the operator's result lies in memory; absent for NCHW.
    public let layout: TensorLayout?
    /// Scratch memory in bytes.
    public let workspaceBytes: Int
    /// Bytes of its weights as the algorithm stores them; a weight that several operators read as it is counts for the
    /// first of them.
    public let weightBytes: Int

    /// Algorithm, tiles and threads.
    public var schedule: KernelSchedule {
      KernelSchedule(
        algorithm: algorithm, rowTile: rowTile, channelTile: channelTile, lanes: lanes, unroll: unroll,
        threads: threads ?? 1)
    }
  }

  /// The version of the format that this code reads and writes.
  public static let currentSchemaVersion = 1

  /// The version of the format.
  public let schemaVersion: Int
  /// Every operator, in the order in which they run.
  public let operators: [Entry]

  /// The table of a planned network.
  public init(_ planned: PlannedNetwork) {
    self.init(graph: planned.graph, order: planned.order, schedules: planned.schedules)
  }

  /// The table of a graph. - Precondition: `order` and `schedules` belong to it.
  public init(graph: Graph, order: [OperatorID], schedules: [KernelSchedule]) {
    schemaVersion = Self.currentSchemaVersion
    let weightBytes = graph.storedWeightBytes(under: schedules)
    operators = order.map { id in
      let schedule = schedules[id.index]
      return Entry(
        name: graph[id].name, type: graph[id].kind.typeName, algorithm: schedule.algorithm,
        rowTile: schedule.rowTile, channelTile: schedule.channelTile, lanes: schedule.lanes,
        unroll: schedule.unroll,
        threads: schedule.threads > 1 ? schedule.threads : nil,
        layout: graph[graph[id].outputs[0]].layout == .nchw ? nil : graph[graph[id].outputs[0]].layout,
        workspaceBytes: schedule.workspaceBytes(for: id, in: graph),
        weightBytes: weightBytes[id.index])
    }
  }

  /// The table with these rows.
  public init(operators: [Entry]) {
    schemaVersion = Self.currentSchemaVersion
    self.operators = operators
  }

  /// Reads a table; other versions of the format are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    schemaVersion = try container.decode(Int.self, forKey: .schemaVersion)
    guard schemaVersion == Self.currentSchemaVersion else {
      throw DecodingError.dataCorruptedError(
        forKey: .schemaVersion, in: container,
        debugDescription:
          "version \(schemaVersion) is unknown; this program reads \(Self.currentSchemaVersion)")
    }
    operators = try container.decode([Entry].self, forKey: .operators)
  }

  /// The kernel schedules for `graph`, by operator index.
  ///
  /// - Throws: ``KernelScheduleTableError`` if an operator is missing, unknown or repeated, cannot be computed that
  ///   way, or needs another workspace or other weights than the table says.
  public func schedules(for graph: Graph) throws(KernelScheduleTableError) -> [KernelSchedule] {
    var entries: [String: Entry] = [:]
    for entry in operators where entries.updateValue(entry, forKey: entry.name) != nil {
      throw .repeatedOperator(name: entry.name)
    }
    var result: [KernelSchedule] = []
    for id in graph.operatorIDs {
      guard let entry = entries.removeValue(forKey: graph[id].name) else {
        throw .missingOperator(name: graph[id].name)
      }
      let layout = graph[graph[id].outputs[0]].layout
      guard layout == entry.layout ?? .nchw else {
        throw .wrongLayout(name: entry.name, expected: layout, found: entry.layout ?? .nchw)
      }
      guard entry.schedule.applies(to: id, in: graph) else {
        throw .doesNotApply(name: entry.name, schedule: entry.schedule)
      }
      let bytes = entry.schedule.workspaceBytes(for: id, in: graph)
      guard bytes == entry.workspaceBytes else {
        throw .wrongWorkspace(name: entry.name, expectedBytes: bytes, foundBytes: entry.workspaceBytes)
      }
      result.append(entry.schedule)
    }
    if let name = entries.keys.min() { throw .unknownOperator(name: name) }
    let weightBytes = graph.storedWeightBytes(under: result)
    for entry in operators {
      let expected = graph.operatorIDs.first { graph[$0].name == entry.name }.map { weightBytes[$0.index] }
      guard expected == entry.weightBytes else {
        throw .wrongWeights(name: entry.name, expectedBytes: expected ?? 0, foundBytes: entry.weightBytes)
      }
    }
    return result
  }
}

/// Why a table of kernel schedules does not fit a graph.
public enum KernelScheduleTableError: Error, Equatable, CustomStringConvertible {
  case missingOperator(name: String)
  case unknownOperator(name: String)
  case repeatedOperator(name: String)
  case doesNotApply(name: String, schedule: KernelSchedule)
  case wrongWorkspace(name: String, expectedBytes: Int, foundBytes: Int)
  case wrongWeights(name: String, expectedBytes: Int, foundBytes: Int)
  case wrongLayout(name: String, expected: TensorLayout, found: TensorLayout)

  /// One sentence that names the operator.
  public var description: String {
    switch self {
    case .missingOperator(let name): "the kernel schedules leave out operator '\(name)'"
    case .unknownOperator(let name):
      "the kernel schedules name operator '\(name)', which the network does not have"
    case .repeatedOperator(let name): "the kernel schedules name operator '\(name)' twice"
    case .doesNotApply(let name, let schedule): "operator '\(name)' cannot be computed by \(schedule)"
    case .wrongWorkspace(let name, let expected, let found):
      "operator '\(name)' needs a workspace of \(expected) bytes, but the kernel schedules say \(found)"
    case .wrongLayout(let name, let expected, let found):
      "operator '\(name)' writes \(expected.rawValue), but the kernel schedules say \(found.rawValue)"
    case .wrongWeights(let name, let expected, let found):
      "operator '\(name)' stores weights of \(expected) bytes, but the kernel schedules say \(found)"
    }
  }
}
