import ComputationGraph
import Foundation
import Foundations
import ONNXInterchange
import Testing

/// How weights are cut, and what happens to those that are damaged or elsewhere.
@Suite struct RewritingWeightTests {
  /// Element by element, for every type and in both forms in which a file can hold it.
  @Test func slicesHoldTheElementsOfTheirRange() {
    typealias Kind = Onnx_TensorProto.DataType
    let kinds: [Kind] = [
      .float, .double, .float16, .bfloat16, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
      .bool,
      .complex64, .complex128,
    ]
    let widths = [4, 8, 2, 2, 1, 2, 4, 8, 1, 2, 4, 8, 1, 8, 16]
    let dims = [3, 5, 2, 4]
    let count = dims.reduce(1, *)
    for (kind, width) in zip(kinds, widths) {
      for isRaw in [true, false] {
        let tensor = filled(kind, dims: dims, width: isRaw ? width : nil)
        #expect(tensor.payloadFault == nil)
        for axis in dims.indices {
          for lower in 0..<dims[axis] {
            let range = lower..<min(dims[axis], lower + 2)
            let slice = tensor.slice(axis: axis, range: range, named: "part")
            let inner = dims[(axis + 1)...].reduce(1, *)
            let kept = (0..<count).filter { range.contains($0 / inner % dims[axis]) }
            var expected = filled(kind, dims: dims, width: isRaw ? width : nil, keeping: kept)
            expected.name = "part"
            expected.dims[axis] = Int64(range.count)
            #expect(slice == expected, "\(kind), axis \(axis), \(range)")
            #expect(slice.payloadFault == nil)
          }
        }
      }
    }
  }

  /// A tensor whose elements are all different, as raw bytes if `width` is given; of the elements in `keeping` only.
  private func filled(_ kind: Onnx_TensorProto.DataType, dims: [Int], width: Int?, keeping: [Int]? = nil)
    -> Onnx_TensorProto
  {
    var tensor = Onnx_TensorProto()
    tensor.name = "w"
    tensor.dims = dims.map(Int64.init)
    tensor.dataType = Int32(kind.rawValue)
    let elements = keeping ?? Array(0..<dims.reduce(1, *))
    if let width {
      for element in elements {
        for byte in 0..<width { tensor.rawData.append(UInt8((element * 7 + byte) % 256)) }
      }
      return tensor
    }
    for element in elements {
      switch kind {
      case .float: tensor.floatData.append(Float(element))
      case .complex64: tensor.floatData += [Float(element), -Float(element)]
      case .double: tensor.doubleData.append(Double(element))
      case .complex128: tensor.doubleData += [Double(element), -Double(element)]
      case .int64: tensor.int64Data.append(Int64(element))
      case .uint32, .uint64: tensor.uint64Data.append(UInt64(element))
      default: tensor.int32Data.append(Int32(element))
      }
    }
    return tensor
  }

  private func tensor(elsewhere entries: [(String, String)]) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = "w"
    tensor.dims = [4, 6, 1, 1]
    tensor.dataType = Int32(Onnx_TensorProto.DataType.float.rawValue)
    tensor.dataLocation = .external
    tensor.externalData = entries.map { key, value in
      var entry = Onnx_StringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      return entry
    }
    return tensor
  }

  /// A range of a file stays one; bytes that lie apart are in no file, and no other bytes may be taken for them.
  @Test func weightsElsewhereStayElsewhere() {
    let weight = tensor(elsewhere: [
      ("location", "weights.bin"), ("offset", "100"), ("length", "96"), ("checksum", "0"),
    ])
    func entries(_ slice: Onnx_TensorProto) -> [String: String] {
      Dictionary(uniqueKeysWithValues: slice.externalData.map { ($0.key, $0.value) })
    }
    let rows = weight.slice(axis: 0, range: 1..<3, named: "w.part0")
    #expect(rows.dataLocation == .external && rows.dims == [2, 6, 1, 1])
    #expect(entries(rows) == ["location": "weights.bin", "offset": "124", "length": "48"])
    let columns = weight.slice(axis: 1, range: 1..<3, named: "a/w.part0")
    #expect(columns.dataLocation == .external && columns.dims == [4, 2, 1, 1])
    #expect(entries(columns) == ["location": "weights.bin.a_w.part0"])
    let odd = tensor(elsewhere: [("location", "weights.bin"), ("offset", "99999999999999999999")])
    #expect(entries(odd.slice(axis: 0, range: 1..<3, named: "p")) == ["location": "weights.bin.p"])
  }

  @Test func valuesThatDoNotFitTheShapeAreAnError() throws {
    var sample = SampleModel.rich()
    sample.proto.graph.initializer[0].dataLocation = .default
    sample.proto.graph.initializer[0].externalData = []
    #expect(try sample.model().rewritten().sites.isEmpty)
    sample.proto.graph.initializer[0].rawData = Data(count: 12)
    #expect(
      throws: ONNXError.invalidShape(
        file: "sample.onnx", tensor: "kernel", reason: "it holds 12 bytes, but its shape needs 576")
    ) { try sample.model().rewritten() }
    sample.proto.graph.initializer[0].rawData = Data()
    sample.proto.graph.initializer[0].int32Data = [1, 2]
    #expect(
      throws: ONNXError.invalidShape(
        file: "sample.onnx", tensor: "kernel",
        reason: "it holds 0 values of its type, but its shape needs 144")
    ) { try sample.model().rewritten() }
  }
}
