import ComputationGraph
import Foundation
import SwiftProtobuf

/// Writes an executable graph as an ONNX model whose node list is a given operator order.
///
/// What Tandem runs as one operator may be several ONNX nodes: a fused activation becomes a node or two directly
/// before or after its operator, what a convolution adds an `Add` directly after it, and SiLU and hard swish are written as a
/// sigmoid and `Mul`. The nodes of one operator are neighbours, and operators stand in the order given,
/// so a runtime that keeps the file's order keeps the schedule. Every tensor's shape is in the file.
///
/// A pool whose padding is not smaller than its kernel, which takes dilation to be possible, is written as ONNX
/// defines it, but ONNX Runtime refuses to load it.
public enum ONNXExporter {
  /// The operator set that files declare, unless an operator needs ``dilatedPoolOpset`` or ``geluOpset``.
  public static let opset = 17
  /// The first operator set whose `AveragePool` knows dilation.
  public static let dilatedPoolOpset = 19
  /// The first operator set that has `Gelu`.
  public static let geluOpset = 20
  /// The version of the file format that files declare.
  static let formatVersion = 8
  /// The prefix that keys of the metadata carry.
  public static let metadataPrefix = "tandem."

  /// One node of an exported model.
  public struct Node: Hashable, Sendable {
    /// The node's name in the file.
    public let name: String
    /// The node's ONNX type.
    public let type: String
    /// The operator that it belongs to.
    public let operatorID: OperatorID
  }

  /// The model, serialised: equal arguments give equal bytes.
  ///
  /// - Parameters:
  ///   - graph: training or inference form; every operator of an executable kind, every tensor float32.
  ///   - order: every operator once, each after those that it depends on.
  ///   - weights: values for every weight of `graph`.
  ///   - producerVersion: Tandem's version.
  ///   - metadata: string properties; every key begins with ``metadataPrefix``.
  /// - Throws: ``ONNXError/invalidOrder(reason:)``, ``ONNXError/cannotExport(name:reason:)``.
  /// - Precondition: the keys of `metadata` carry the prefix.
  /// - Complexity: linear in operators and the bytes of the weights.
  public static func model(
    graph: Graph, order: [OperatorID], weights: WeightValues, producerVersion: String,
    metadata: [String: String] = [:]
  ) throws(ONNXError) -> Data {
    precondition(
      metadata.keys.allSatisfy { $0.hasPrefix(metadataPrefix) },
      "metadata keys begin with '\(metadataPrefix)'")
    if let name = weights.firstMismatch(with: graph) {
      throw .cannotExport(
        name: name, reason: "its values are missing or are of another number than its shape says")
    }
    let expansion = try NodeExpansion(graph: graph, order: order)
    var model = Onnx_ModelProto()
    model.irVersion = Int64(formatVersion)
    model.producerName = "tandem"
    model.producerVersion = producerVersion
    var operatorSet = Onnx_OperatorSetIdProto()
    operatorSet.domain = ""
    operatorSet.version = Int64(expansion.opset)
    model.opsetImport = [operatorSet]
    model.graph.name = graph.name
    model.graph.node = expansion.nodes
    model.graph.input = graph.inputs.map { valueInfo(graph[$0].name, graph[$0].shape) }
    model.graph.output = graph.outputs.map { valueInfo(graph[$0].name, graph[$0].shape) }
    let indices = Set(graph.operators.compactMap { node in node.kind.isGather ? node.inputs[1] : nil })
    model.graph.initializer =
      graph.weights.map {
        let values = weights[graph[$0].name]!
        return indices.contains($0) ? indexInitializer(graph[$0], values) : initializer(graph[$0], values)
      } + expansion.constants
    let boundary = Set(graph.inputs + graph.outputs)
    let between = graph.tensors.indices.map(TensorID.init).filter {
      graph[$0].role == .activation && !boundary.contains($0)
    }
    model.graph.valueInfo =
      between.map { valueInfo(graph[$0].name, graph[$0].shape) }
      + expansion.addedTensors.map { valueInfo($0.name, $0.shape) }
    model.metadataProps = metadata.sorted { $0.key < $1.key }.map { key, value in
      var entry = Onnx_StringStringEntryProto()
      entry.key = key
      entry.value = value
      return entry
    }
    do {
      return try model.serializedData()
    } catch {
      throw .cannotExport(name: graph.name, reason: "\(error)")
    }
  }

  /// The nodes that ``model(graph:order:weights:producerVersion:metadata:)`` writes, in the file's order, each with
  /// the operator that it belongs to. Throws likewise.
  public static func nodes(graph: Graph, order: [OperatorID]) throws(ONNXError) -> [Node] {
    let expansion = try NodeExpansion(graph: graph, order: order)
    return zip(expansion.nodes, expansion.owners).map { node, owner in
      Node(name: node.name, type: node.opType, operatorID: owner)
    }
  }

  private static func valueInfo(_ name: String, _ shape: TensorShape) -> Onnx_ValueInfoProto {
    var info = Onnx_ValueInfoProto()
    info.name = name
    info.type.tensorType.elemType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    info.type.tensorType.shape.dim = shape.dimensions.map { extent in
      var dimension = Onnx_TensorShapeProto.Dimension()
      dimension.dimValue = Int64(extent)
      return dimension
    }
    // A scalar has a shape without dimensions, which is not the same as no shape.
    if shape.rank == 0 { info.type.tensorType.shape = Onnx_TensorShapeProto() }
    return info
  }

  /// Indices are float32 in a graph, as every tensor is, but int64 in files.
  private static func indexInitializer(_ tensor: Tensor, _ values: [Float]) -> Onnx_TensorProto {
    var result = Onnx_TensorProto()
    result.name = tensor.name
    result.dims = tensor.shape.dimensions.map(Int64.init)
    result.dataType = Int32(Onnx_TensorProto.DataType.int64.rawValue)
    result.int64Data = values.map { Int64(exactly: $0.rounded(.towardZero)) ?? 0 }
    return result
  }

  /// Raw data is little-endian, whatever the host.
  private static func initializer(_ tensor: Tensor, _ values: [Float]) -> Onnx_TensorProto {
    var result = Onnx_TensorProto()
    result.name = tensor.name
    result.dims = tensor.shape.dimensions.map(Int64.init)
    result.dataType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    var bytes = Data(capacity: values.count * 4)
    for value in values {
      withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    result.rawData = bytes
    return result
  }
}

extension OperatorKind {
  fileprivate var isGather: Bool {
    if case .gather = self { true } else { false }
  }
}
