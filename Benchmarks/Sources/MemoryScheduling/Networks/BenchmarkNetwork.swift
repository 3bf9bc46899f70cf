import ComputationGraph
import Foundations
import Kernels
import MemoryPlanning
import ONNXInterchange

/// A network to schedule, and where it is from.
struct BenchmarkNetwork {
  /// Where networks come from.
  enum Origin: String, CaseIterable {
    /// A file of the folder of public graphs.
    case publicGraph = "public"
    /// A file of its subfolder with HMCOS's own benchmark.
    case hmcos = "hmcos"
    /// Built from published cells.
    case generated = "generated"
    /// One published cell by itself, as SERENITY schedules them.
    case cell = "cell"
  }

  /// A name without spaces, unique within the origin.
  let name: String
  let origin: Origin
  let graph: Graph
  /// The file that it was read from; nil for generated networks.
  var model: ONNXModel?
  /// The optimal peaks that another program proved, where there are any, in bytes.
  var provedOptima: [MemoryRules: Int] = [:]

  /// The rules under which it is measured: HMCOS's own for its own networks, besides the others.
  var rules: [MemoryRules] { origin == .hmcos ? MemoryRules.allCases : [.inPlace, .separate] }

  /// The network as ONNX: the file, or an export with random weights.
  func onnxModel() throws -> ONNXModel {
    if let model { return model }
    var generator = SeededGenerator(seed: 0)
    let data = try ONNXExporter.model(
      graph: graph, order: graph.operatorIDs, weights: .random(for: graph, using: &generator),
      producerVersion: "benchmark")
    return try ONNXModel(data: data, source: name)
  }
}
