import ComputationGraph
import Foundation
import Foundations
import ONNXInterchange
import Testing

/// Every mistake in a file has one error that names the file and the tensor or node.
@Suite struct ImportErrorTests {
  private func failure(_ change: (inout SampleModel) -> Void) -> ONNXError? {
    var sample = SampleModel.rich()
    change(&sample)
    return #expect(throws: ONNXError.self) { try sample.model().schedulingGraph() }
  }

  private func removeValue(_ name: String, from sample: inout SampleModel) {
    sample.proto.graph.valueInfo.removeAll { $0.name == name }
  }

  @Test func missingShape() {
    let error = failure { removeValue("c", from: &$0) }
    #expect(error == .missingShape(file: "sample.onnx", tensor: "c", node: "conv_2"))
    #expect("\(error!)".contains("tensor 'c' of node 'conv_2'"))
  }

  @Test func valueWithoutShape() {
    let error = failure { $0.proto.graph.valueInfo[2].type.tensorType.clearShape() }
    #expect(error == .missingShape(file: "sample.onnx", tensor: "c", node: "conv_2"))
  }

  @Test func dynamicDimension() {
    let error = failure { $0.proto.graph.input[0].type.tensorType.shape.dim[0].dimParam = "batch" }
    #expect(error == .dynamicShape(file: "sample.onnx", tensor: "image", axis: 0, symbol: "batch"))
  }

  @Test(arguments: [0, -1, Int64.min]) func dimensionThatIsNotPositive(_ extent: Int64) {
    let error = failure { $0.proto.graph.valueInfo[2].type.tensorType.shape.dim[1].dimValue = extent }
    guard case .invalidShape("sample.onnx", "c", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func negativeWeight() {
    let error = failure { $0.proto.graph.initializer[0].dims[0] = -4 }
    guard
      error
        == .invalidShape(
          file: "sample.onnx", tensor: "kernel",
          reason: "dimension 0 is -4; sizes of weights cannot be negative")
    else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(arguments: [
    (Onnx_TensorProto.DataType.string, "STRING"), (.undefined, "UNDEFINED"), (.int4, "INT4"),
  ])
  func elementTypeWithoutSize(_ type: Onnx_TensorProto.DataType, _ name: String) {
    let error = failure { $0.proto.graph.valueInfo[2].type.tensorType.elemType = Int32(type.rawValue) }
    #expect(error == .unsupportedElementType(file: "sample.onnx", tensor: "c", type: name))
  }

  @Test func elementTypeThatDoesNotExist() {
    let error = failure { $0.proto.graph.initializer[0].dataType = 999 }
    #expect(error == .unsupportedElementType(file: "sample.onnx", tensor: "kernel", type: "number 999"))
  }

  @Test func sequenceInsteadOfTensor() {
    let error = failure { $0.proto.graph.valueInfo[2].type.value = .sequenceType(.init()) }
    #expect(error == .unsupportedElementType(file: "sample.onnx", tensor: "c", type: "sequence"))
  }

  @Test func twoDifferentShapes() {
    let error = failure { $0.between("c", [1, 2, 6, 6]) }
    guard case .invalidShape("sample.onnx", "c", _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(arguments: [[Int64](repeating: 1 << 40, count: 2), [1 << 62, 4], [.max], [1 << 61]])
  func sizeOverflow(_ dims: [Int64]) {
    let activation = failure {
      removeValue("c", from: &$0)
      $0.between("c", dims)
    }
    #expect(activation == .invalidGraph(file: "sample.onnx", .sizeOverflow(tensor: "c")))
    let weight = failure { $0.weight("huge", dims) }
    #expect(weight == .invalidGraph(file: "sample.onnx", .sizeOverflow(tensor: "huge")))
  }

  @Test func cycle() {
    let error = failure { $0.proto.graph.node[1].input[0] = "e" }
    guard case .invalidGraph("sample.onnx", .cycle(let names)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(Set(names).isSuperset(of: ["conv", "Clip_3", "conv_2", "join"]))
  }

  @Test func duplicateProducers() {
    #expect(
      failure { $0.proto.graph.node[5].output = ["c"] }
        == .invalidGraph(file: "sample.onnx", .severalProducers(tensor: "c")))
    #expect(
      failure { $0.proto.graph.node[5].output = ["image"] }
        == .invalidGraph(file: "sample.onnx", .inputIsProduced(tensor: "image")))
    #expect(
      failure { $0.proto.graph.node[5].output = ["kernel"] }
        == .invalidGraph(file: "sample.onnx", .weightIsProduced(tensor: "kernel")))
    #expect(
      failure { $0.weight("kernel", [1]) } == .invalidGraph(file: "sample.onnx", .duplicateName("kernel")))
  }

  @Test func readButNotProduced() {
    #expect(
      failure { $0.proto.graph.node[5].input[0] = "ghost" }
        == .notProduced(file: "sample.onnx", tensor: "ghost", node: "join"))
    #expect(
      failure { $0.output("phantom", [1]) }
        == .notProduced(file: "sample.onnx", tensor: "phantom", node: nil))
  }

  @Test func boundaryThatIsNamedTwiceOrNotAtAll() {
    #expect(
      failure { $0.input("image", [1, 4, 8, 8]) }
        == .invalidGraph(file: "sample.onnx", .duplicateName("image")))
    #expect(
      failure { $0.input("", [1]) } == .unnamedBoundary(file: "sample.onnx", side: "input", index: 1))
    #expect(
      failure { $0.output("", [1]) } == .unnamedBoundary(file: "sample.onnx", side: "output", index: 1))
  }

  @Test func moreDimensionsThanAnyTensorHas() {
    let dims = [Int64](repeating: 1, count: 65)
    for error in [failure { $0.input("many", dims) }, failure { $0.weight("many", dims) }] {
      guard case .invalidShape("sample.onnx", "many", _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect("\(error!)".contains("65 dimensions"))
    }
  }

  @Test(arguments: ["If", "Loop", "Scan", "SomethingNew"]) func bodies(_ type: String) {
    let error = failure { sample in
      sample.proto.graph.node[5].opType = type
      var body = Onnx_AttributeProto()
      body.name = "body"
      body.type = .graph
      body.g.name = "inner"
      sample.proto.graph.node[5].attribute = [body]
    }
    #expect(error == .controlFlow(file: "sample.onnx", node: "join", type: type))
  }

  @Test func opsets() throws {
    for version in [7, 10, 13, 17, 22] as [Int64] {
      var sample = SampleModel.rich()
      sample.proto.opsetImport[0].version = version
      #expect(try sample.model().schedulingGraph().graph.operators.count == 5)
    }
    for version in [6, 1, 0, -3] as [Int64] {
      #expect(
        failure { $0.proto.opsetImport[0].version = version }
          == .unsupportedOpset(file: "sample.onnx", version: Int(version)))
    }
  }

  @Test func filesThatAreNoModel() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let whole = try SampleModel.rich().data()
    for (name, data) in [
      ("empty.onnx", Data()), ("text.onnx", Data("this is not a model\n".utf8)),
      ("cut.onnx", whole.prefix(whole.count / 2)), ("zeros.onnx", Data(count: 1000)),
    ] {
      let url = folder.appendingPathComponent(name)
      try data.write(to: url)
      let error = #expect(throws: ONNXError.self) { try ONNXModel.load(from: url) }
      guard case .notAModel(url.path, _)? = error else {
        Issue.record("\(name): \(String(describing: error))")
        continue
      }
    }
    let missing = folder.appendingPathComponent("missing.onnx")
    #expect(
      throws: ONNXError.cannotRead(.cannotRead(path: missing.path, reason: "no such file or folder"))
    ) { try ONNXModel.load(from: missing) }
  }

  @Test(arguments: ["/dev/null", "/dev/zero"]) func devicesAreNoModel(_ path: String) {
    #expect(throws: ONNXError.cannotRead(.cannotRead(path: path, reason: "it is no regular file"))) {
      try ONNXModel.load(from: URL(fileURLWithPath: path))
    }
  }
}
