import ComputationGraph
import Foundation

/// The weights of a model that are stored whole: initializers and Constant nodes.
struct ModelWeights: Sendable {
  private enum Place {
    case initializer(Int)
    case constant(Int)
  }

  private let graph: Onnx_GraphProto
  private var places: [String: Place] = [:]
  /// Initializers that whoever runs the model may replace by a value of their own.
  private var replaceable: Set<String> = []
  private var sparse: Set<String> = []

  init(_ model: Onnx_ModelProto) {
    graph = model.graph
    for (index, node) in graph.node.enumerated() where SchedulingImporter.isConstant(node) {
      for name in node.output { places[name] = .constant(index) }
    }
    for (index, tensor) in graph.initializer.enumerated() { places[tensor.name] = .initializer(index) }
    sparse = Set(graph.sparseInitializer.map(\.values.name))
    // Before version 4 of the format every initializer had to be listed among the inputs.
    if model.irVersion >= 4 { replaceable = Set(graph.input.map(\.name)) }
  }

  /// Whether the name is a weight's.
  func contains(_ name: String) -> Bool { places[name] != nil || sparse.contains(name) }

  /// Whether the elements are smaller than a byte, or of a type unknown here.
  func isPacked(_ name: String) -> Bool { tensor(name).map { $0.denseElementType == nil } ?? true }

  /// Whether a part of the weight can take its place.
  func isSliceable(_ name: String) -> Bool {
    guard !replaceable.contains(name), let tensor = tensor(name), !tensor.hasSegment else { return false }
    return tensor.denseElementType != nil && !tensor.dims.isEmpty
  }

  /// The weight, or nil if it is not stored as a dense tensor.
  func tensor(_ name: String) -> Onnx_TensorProto? {
    switch places[name] {
    case .initializer(let index): graph.initializer[index]
    case .constant(let index): graph.node[index].attribute.first { $0.name == "value" && $0.hasT }?.t
    case nil: nil
    }
  }

  /// The first weight whose values are not as many as its shape says, and what is wrong with it.
  func firstFault() -> (name: String, reason: String)? {
    for name in places.keys.sorted() {
      if let reason = tensor(name)?.payloadFault { return (name, reason) }
    }
    return nil
  }

  /// The values of a list of integers that is in the file, or nil.
  ///
  /// - Parameter longest: the least extent that no axis of it may have; a shape that a file declares is not allocated.
  func integers(_ name: String, longest: Int = 64) -> [Int]? {
    if case .constant(let index)? = places[name],
      let list = graph.node[index].attribute.first(where: { $0.name == "value_ints" })
    {
      return list.ints.map(Int.init)
    }
    guard let tensor = tensor(name), !replaceable.contains(name), tensor.dataLocation != .external,
      tensor.payloadFault == nil, tensor.dims.count <= 2, tensor.dims.allSatisfy({ $0 < longest })
    else { return nil }
    let count = tensor.dims.reduce(1) { $0 * Int($1) }
    let values: [Int]
    switch tensor.denseElementType {
    case .int64? where tensor.rawData.isEmpty: values = tensor.int64Data.map(Int.init)
    case .int32? where tensor.rawData.isEmpty: values = tensor.int32Data.map(Int.init)
    case .int64?: values = Self.littleEndian(tensor.rawData, as: Int64.self).map(Int.init)
    case .int32?: values = Self.littleEndian(tensor.rawData, as: Int32.self).map(Int.init)
    default: return nil
    }
    return values.count == count ? values : nil
  }

  /// The values of a weight as the model stores them.
  enum StoredFloats {
    /// Row-major, as many as the shape says.
    case values([Float])
    /// The file has its shape only, or says that they are in another file.
    case absent
    case unusable(reason: String)
  }

  /// The values of a float32 weight: what runs the model uses unless it is given others.
  ///
  /// - Complexity: linear in the elements.
  func floats(_ name: String) -> StoredFloats {
    if sparse.contains(name) { return .unusable(reason: "it is stored as a sparse tensor") }
    if case .constant(let index)? = places[name] {
      for attribute in graph.node[index].attribute {
        if attribute.name == "value_float" { return .values([attribute.f]) }
        if attribute.name == "value_floats" { return .values(attribute.floats) }
      }
    }
    guard let tensor = tensor(name) else { return .unusable(reason: "it is no dense tensor") }
    guard tensor.denseElementType == .float32 else {
      return .unusable(
        reason:
          "it is \(Onnx_TensorProto.DataType.describe(tensor.dataType)), but kernels compute in FLOAT only")
    }
    if tensor.hasSegment { return .unusable(reason: "it is stored in segments") }
    if tensor.isWithoutValues { return .absent }
    if let fault = tensor.payloadFault { return .unusable(reason: fault) }
    guard !tensor.rawData.isEmpty else { return .values(tensor.floatData) }
    return .values(Self.littleEndian(tensor.rawData, as: UInt32.self).map(Float.init(bitPattern:)))
  }

  private static func littleEndian<Value: FixedWidthInteger>(_ data: Data, as _: Value.Type) -> [Value] {
    data.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: MemoryLayout<Value>.size).map {
        Value(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Value.self))
      }
    }
  }

}
