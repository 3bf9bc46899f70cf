import ComputationGraph
import Foundation
import Foundations
import ONNXInterchange
import Testing

@Suite struct SchedulingGraphTests {
  @Test func readsOperatorsWeightsAndOriginalIndices() throws {
    let (graph, indices) = try SampleModel.rich().model().schedulingGraph()
    #expect(graph.operators.map(\.name) == ["conv", "Clip_3", "conv_2", "join", "join_2"])
    #expect(
      graph.operators.map(\.kind) == ["Conv", "Clip", "Split", "Concat", "Reshape"].map { .opaque(type: $0) })
    #expect(indices == [1, 3, 4, 5, 6])
    #expect(graph.inputs.map { graph[$0].name } == ["image"])
    #expect(graph.outputs.map { graph[$0].name } == ["logits"])
    #expect(Set(graph.weights.map { graph[$0].name }) == ["kernel", "minimum", "shape"])
    #expect(graph.operators[0].inputs.map { graph[$0].name } == ["image", "kernel"])
    #expect(graph.operators[2].outputs.map { graph[$0].name } == ["c", "d"])
    #expect(graph.operators[2].outputs.map { graph[$0].shape } == [[1, 1, 6, 6], [1, 3, 6, 6]])
    #expect(graph.operators[3].inputs.map { graph[$0].name } == ["d", "c"])
  }

  @Test(arguments: [
    (Onnx_TensorProto.DataType.float, ElementType.float32), (.double, .float64), (.float16, .float16),
    (.bfloat16, .bfloat16), (.int8, .int8), (.uint8, .uint8), (.int16, .int16), (.uint16, .uint16),
    (.int32, .int32), (.uint32, .uint32), (.int64, .int64), (.uint64, .uint64), (.bool, .bool),
    (.complex64, .complex64), (.complex128, .complex128),
  ])
  func readsElementTypes(_ stored: Onnx_TensorProto.DataType, _ expected: ElementType) throws {
    var sample = SampleModel()
    sample.input("x", [2, 3], type: stored)
    sample.node("Identity", ["x"], ["y"])
    sample.output("y", [2, 3], type: stored)
    let graph = try sample.model().schedulingGraph().graph
    #expect(graph.tensors.map(\.elementType) == [expected, expected])
    #expect(graph.tensors.map(\.byteCount) == [6 * expected.byteWidth, 6 * expected.byteWidth])
  }

  @Test func inputsWithInitializersAreWeights() throws {
    var sample = SampleModel()
    sample.input("x", [4])
    sample.input("w", [4])
    sample.weight("w", [4])
    sample.node("Add", ["x", "w"], ["y"])
    sample.output("y", [4])
    sample.output("w", [4])
    let graph = try sample.model().schedulingGraph().graph
    #expect(graph.inputs.map { graph[$0].name } == ["x"])
    #expect(graph.outputs.map { graph[$0].name } == ["y"])
    #expect(graph.weights.map { graph[$0].name } == ["w"])
  }

  @Test func weightsOfSmallTypesCountTheirStoredBytes() throws {
    var sample = SampleModel()
    sample.input("x", [4])
    sample.weight("w", [3, 5], type: .int4)
    sample.node("Custom", ["x", "w"], ["y"])
    sample.output("y", [4])
    #expect(try sample.model().schedulingGraph().graph.weightBytes == 8)
  }

  @Test func infersShapesThatTheFileLeavesOut() throws {
    var sample = SampleModel()
    sample.input("image", [1, 4, 9, 9])
    sample.weight("kernel", [8, 4, 3, 3])
    sample.weight("slope", [8, 1, 1])
    sample.weight("matrix", [8, 5])
    sample.node("Conv", ["image", "kernel"], ["a"])
    sample.node("PRelu", ["a", "slope"], ["b"])
    sample.node("Concat", ["a", "b"], ["c"])
    var axis = Onnx_AttributeProto()
    axis.name = "axis"
    axis.i = 1
    sample.proto.graph.node[2].attribute = [axis]
    sample.node("Transpose", ["c"], ["d"])
    sample.node("GlobalAveragePool", ["b"], ["e"])
    sample.node("Flatten", ["e"], ["f"])
    sample.node("Gemm", ["f", "matrix"], ["g"])
    sample.node("Softmax", ["g"], ["logits"])
    sample.output("logits", [1, 5])
    let graph = try sample.model().schedulingGraph().graph
    let shapes = Dictionary(uniqueKeysWithValues: graph.tensors.map { ($0.name, $0.shape) })
    #expect(shapes["a"] == [1, 8, 7, 7])
    #expect(shapes["b"] == [1, 8, 7, 7])
    #expect(shapes["c"] == [1, 16, 7, 7])
    #expect(shapes["d"] == [7, 7, 16, 1])
    #expect(shapes["e"] == [1, 8, 1, 1])
    #expect(shapes["f"] == [1, 8])
    #expect(shapes["g"] == [1, 5])
  }

  @Test func reorderingPutsConstantsFirstAndKeepsTheRest() throws {
    let sample = SampleModel.rich()
    let model = try sample.model()
    let order = [0, 1, 2, 3, 4].map(OperatorID.init)
    let written = try ONNXModel(data: model.reordered(by: order), source: "again.onnx")
    #expect(
      written.nodeNames == ["constant of minimum", "constant of shape", "conv", "", "conv", "join", "join"])
    #expect(written.proto.graph.initializer == sample.proto.graph.initializer)
    #expect(written.hasExternalData)
    #expect(try written.schedulingGraph().graph.operators.count == 5)
  }

  @Test func invalidOrdersAreRefused() throws {
    let model = try SampleModel.rich().model()
    for order in [[0, 1, 2, 3], [0, 1, 2, 3, 3], [1, 0, 2, 3, 4], [0, 1, 2, 3, 9], [0, 1, 2, 3, -1]] {
      let failure = #expect(throws: ONNXError.self) { try model.reordered(by: order.map(OperatorID.init)) }
      guard case .invalidOrder = failure else {
        Issue.record("\(order): \(String(describing: failure))")
        continue
      }
    }
  }
}
