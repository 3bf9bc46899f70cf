import ComputationGraph
import Foundation
import Foundations
import SwiftProtobuf

/// An ONNX model as read from a file, kept whole so that it can be written back in another order.
///
///     let model = try ONNXModel.load(from: url)
///     let (graph, nodeIndices) = try model.schedulingGraph()
///     // … schedule `graph` …
///     try AtomicFile.write(model.reordered(by: schedule.order), to: output)
///
/// Values that the file keeps elsewhere (`external_data`) are never opened: scheduling needs no weights.
public struct ONNXModel: Sendable {
  /// The oldest operator set of the default domain that is read. Newer ones than were tested (22) are accepted:
  /// scheduling depends on names, shapes and types only.
  public static let oldestOpset = 7

  /// The path of the file as given, or the name of the stream, for errors.
  public let source: String
  package private(set) var proto: Onnx_ModelProto

  /// Reads a model.
  ///
  /// - Throws: ``ONNXError/cannotRead(_:)``, ``ONNXError/notAModel(file:reason:)`` or
  ///   ``ONNXError/unsupportedOpset(file:version:)``.
  /// - Complexity: linear in the size of the file.
  public static func load(from url: URL) throws(ONNXError) -> ONNXModel {
    // A device gives no bytes or gives them without end; pipes are fine.
    var information = stat()
    if stat(url.path, &information) == 0, [S_IFCHR, S_IFBLK].contains(information.st_mode & S_IFMT) {
      throw .cannotRead(.cannotRead(path: url.path, reason: "it is no regular file"))
    }
    let data: Data
    do { data = try AtomicFile.read(url) } catch { throw .cannotRead(error) }
    return try ONNXModel(data: data, source: url.relativePath)
  }

  /// Parses a model; `source` names it in errors. Throws like ``load(from:)``.
  public init(data: Data, source: String) throws(ONNXError) {
    guard !data.isEmpty else { throw .notAModel(file: source, reason: "the file is empty") }
    let proto: Onnx_ModelProto
    do {
      proto = try Onnx_ModelProto(serializedBytes: data)
    } catch BinaryDecodingError.truncated {
      throw .notAModel(file: source, reason: "the file is truncated or damaged")
    } catch BinaryDecodingError.messageDepthLimit {
      throw .notAModel(file: source, reason: "it is nested too deeply")
    } catch BinaryDecodingError.invalidUTF8 {
      throw .notAModel(file: source, reason: "a name in it is not valid UTF-8")
    } catch {
      throw .notAModel(file: source, reason: "the file is damaged or is no protocol buffer")
    }
    try self.init(proto: proto, source: source)
  }

  package init(proto: Onnx_ModelProto, source: String) throws(ONNXError) {
    guard proto.hasGraph else { throw .notAModel(file: source, reason: "it holds no graph") }
    guard !proto.graph.node.isEmpty || !proto.graph.input.isEmpty else {
      throw .notAModel(file: source, reason: "its graph has neither nodes nor inputs")
    }
    for opset in proto.opsetImport where opset.domain.isEmpty || opset.domain == "ai.onnx" {
      if opset.version < Self.oldestOpset {
        throw .unsupportedOpset(file: source, version: Int(opset.version))
      }
    }
    self.source = source
    self.proto = proto
  }

  /// The tool that wrote the file and its version, as stored; empty where not stored.
  public var producer: (name: String, version: String) { (proto.producerName, proto.producerVersion) }

  /// The model's string properties. A key that is stored twice has the value that comes last.
  public var metadata: [String: String] {
    Dictionary(proto.metadataProps.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
  }

  /// The names of the nodes in the file's order, Constant nodes included; unnamed ones are empty.
  public var nodeNames: [String] { proto.graph.node.map(\.name) }

  /// Whether some weight is stored in another file, named relative to the folder of the model.
  public var hasExternalData: Bool {
    proto.graph.initializer.contains { $0.dataLocation == .external }
  }

  /// The model with its nodes in another order, serialised: Constant nodes first, then one node per operator.
  /// Everything else is as it was.
  ///
  /// - Parameter order: every operator of ``schedulingGraph()`` once, each after those that it depends on.
  /// - Throws: ``ONNXError/invalidOrder(reason:)`` and whatever ``schedulingGraph()`` throws.
  public func reordered(by order: [OperatorID]) throws(ONNXError) -> Data {
    let (graph, nodeIndices) = try schedulingGraph()
    try Self.check(order, of: graph)
    var copy = proto
    let scheduled = Set(nodeIndices)
    copy.graph.node =
      proto.graph.node.indices.filter { !scheduled.contains($0) }.map { proto.graph.node[$0] }
      + order.map { proto.graph.node[nodeIndices[$0.index]] }
    do {
      return try copy.serializedData()
    } catch {
      throw .cannotExport(name: source, reason: "\(error)")
    }
  }

  static func check(_ order: [OperatorID], of graph: Graph) throws(ONNXError) {
    guard !graph.isValidOrder(order) else { return }
    guard order.count == graph.operators.count else {
      throw .invalidOrder(reason: "it names \(order.count) operators, the graph has \(graph.operators.count)")
    }
    var done: Set<OperatorID> = []
    for id in order {
      guard graph.operators.indices.contains(id.index) else {
        throw .invalidOrder(reason: "there is no operator \(id.index)")
      }
      if let missing = graph.predecessors[id.index].first(where: { !done.contains($0) }) {
        throw .invalidOrder(
          reason: "'\(graph[id].name.quoted)' stands before '\(graph[missing].name.quoted)', which it needs")
      }
      if !done.insert(id).inserted {
        throw .invalidOrder(reason: "'\(graph[id].name.quoted)' is named twice")
      }
    }
  }
}
