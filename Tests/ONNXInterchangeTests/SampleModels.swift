import ComputationGraph
import Foundation
import ONNXInterchange

/// Small ONNX models put together by hand, wrong ones among them.
struct SampleModel {
  var proto = Onnx_ModelProto()

  init(opset: Int64 = 17) {
    proto.irVersion = 8
    var operators = Onnx_OperatorSetIdProto()
    operators.version = opset
    proto.opsetImport = [operators]
    proto.graph.name = "sample"
  }

  mutating func input(_ name: String, _ dims: [Int64], type: Onnx_TensorProto.DataType = .float) {
    proto.graph.input.append(Self.value(name, dims, type))
  }

  mutating func output(_ name: String, _ dims: [Int64], type: Onnx_TensorProto.DataType = .float) {
    proto.graph.output.append(Self.value(name, dims, type))
  }

  mutating func between(_ name: String, _ dims: [Int64], type: Onnx_TensorProto.DataType = .float) {
    proto.graph.valueInfo.append(Self.value(name, dims, type))
  }

  mutating func weight(_ name: String, _ dims: [Int64], type: Onnx_TensorProto.DataType = .float) {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = dims
    tensor.dataType = Int32(type.rawValue)
    proto.graph.initializer.append(tensor)
  }

  mutating func node(_ type: String, _ inputs: [String], _ outputs: [String], name: String = "") {
    var node = Onnx_NodeProto()
    node.opType = type
    node.name = name
    node.input = inputs
    node.output = outputs
    proto.graph.node.append(node)
  }

  mutating func constant(_ output: String, dims: [Int64]) {
    node("Constant", [], [output], name: "constant of \(output)")
    var attribute = Onnx_AttributeProto()
    attribute.name = "value"
    attribute.type = .tensor
    attribute.t.dims = dims
    attribute.t.dataType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    proto.graph.node[proto.graph.node.count - 1].attribute = [attribute]
  }

  /// The model, read back from its bytes.
  func model() throws -> ONNXModel { try ONNXModel(data: data(), source: "sample.onnx") }

  func data() throws -> Data { try proto.serializedData() }

  static func value(_ name: String, _ dims: [Int64], _ type: Onnx_TensorProto.DataType) -> Onnx_ValueInfoProto
  {
    var value = Onnx_ValueInfoProto()
    value.name = name
    value.type.tensorType.elemType = Int32(type.rawValue)
    value.type.tensorType.shape.dim = dims.map { extent in
      var dimension = Onnx_TensorShapeProto.Dimension()
      dimension.dimValue = extent
      return dimension
    }
    return value
  }

  /// A model with most of what a reader meets: constants, weights kept elsewhere, left-out inputs, several outputs,
  /// missing names.
  static func rich() -> SampleModel {
    var sample = SampleModel()
    sample.input("image", [1, 4, 8, 8])
    sample.weight("kernel", [4, 4, 3, 3])
    sample.proto.graph.initializer[0].dataLocation = .external
    var location = Onnx_StringStringEntryProto()
    location.key = "location"
    location.value = "there/is/no/such/file.bin"
    sample.proto.graph.initializer[0].externalData = [location]
    sample.constant("minimum", dims: [])
    sample.node("Conv", ["image", "kernel", ""], ["a"], name: "conv")
    sample.constant("shape", dims: [2])
    sample.node("Clip", ["a", "minimum", ""], ["b"])
    sample.node("Split", ["b"], ["c", "", "d"], name: "conv")
    sample.node("Concat", ["d", "c"], ["e"], name: "join")
    sample.node("Reshape", ["e", "shape"], ["logits"], name: "join")
    sample.between("a", [1, 4, 6, 6])
    sample.between("b", [1, 4, 6, 6])
    sample.between("c", [1, 1, 6, 6])
    sample.between("d", [1, 3, 6, 6], type: .float)
    sample.between("e", [1, 4, 6, 6])
    sample.output("logits", [1, 144])
    return sample
  }
}
