import ComputationGraph
import Kernels
import MemoryPlanning
import ONNXInterchange
import ScheduleTuning

/// schedule.json: both levels of a schedule.
///
/// The graph level says which operators there are after fusion, in which order they run, and which nodes of model.onnx
/// each consists of. The operator level says how each is computed; a `KernelScheduleTable` can be read from the same
/// file. `Formats/BundleSchedule.schema.json` describes it.
public struct BundleSchedule: Codable, Hashable, Sendable {
  /// The choices that concern the whole graph.
  public struct GraphLevel: Codable, Hashable, Sendable {
    /// How far operators are fused.
    public let fusion: FusionLevel
    /// The scheduler that found the order.
    public let scheduler: String
    /// Rewritings of the graph, in the order in which they were applied.
    public let rewriting: [String]
    /// The operators in the order in which they run.
    public let order: [Step]
  }

  /// One operator of the plan.
  public struct Step: Codable, Hashable, Sendable {
    /// The operator's name.
    public let name: String
    /// Its nodes in model.onnx, neighbours there: more than one where an activation or a sum is fused.
    public let nodes: [String]
  }

  /// The rules by which bytes were counted.
  public struct Memory: Codable, Hashable, Sendable {
    /// Whether an element-wise operator may overwrite an input that dies.
    public let inplace: Bool
    /// Whether a reshaping operator's output shares its input's bytes.
    public let views: Bool
    /// The type of every activation.
    public let dataType: ElementType
    /// The Concats whose inputs are written one behind the other from the start, so that nothing is copied; absent if there
    /// are none.
    public let elidedConcats: [String]?
  }

  /// The version of the format that this code reads and writes.
  public static let currentSchemaVersion = 1

  /// The version of the format.
  public let schemaVersion: Int
  /// The graph level.
  public let graph: GraphLevel
  /// The operator level, in the order in which the operators run.
  public let operators: [KernelScheduleTable.Entry]
  /// The memory model.
  public let memoryModel: Memory

  /// The schedule of a planned network; throws `ONNXError` if it cannot be written as ONNX.
  public init(_ network: PlannedNetwork) throws(ONNXError) {
    var nodes: [OperatorID: [String]] = [:]
    for node in try ONNXExporter.nodes(graph: network.graph, order: network.order) {
      nodes[node.operatorID, default: []].append(node.name)
    }
    schemaVersion = Self.currentSchemaVersion
    graph = GraphLevel(
      fusion: network.policy.fusion, scheduler: network.policy.scheduler, rewriting: [],
      order: network.order.map { Step(name: network.graph[$0].name, nodes: nodes[$0]!) })
    operators = KernelScheduleTable(network).operators
    let elided = network.order.filter(network.model.elidedConcats.contains)
    memoryModel = Memory(
      inplace: network.model.inPlace, views: network.model.views, dataType: .float32,
      elidedConcats: elided.isEmpty ? nil : elided.map { network.graph[$0].name })
  }
}
