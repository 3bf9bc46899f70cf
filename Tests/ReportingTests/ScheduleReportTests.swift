import ComputationGraph
import MemoryPlanning
import ONNXInterchange
import Reporting
import Testing

@Suite struct ScheduleReportTests {
  @Test func figuresComeFromTheSchedule() throws {
    var proto = Onnx_ModelProto()
    proto.irVersion = 8
    var opset = Onnx_OperatorSetIdProto()
    opset.version = 17
    proto.opsetImport = [opset]
    func value(_ name: String, _ size: Int64) -> Onnx_ValueInfoProto {
      var value = Onnx_ValueInfoProto()
      value.name = name
      value.type.tensorType.elemType = 1
      var dimension = Onnx_TensorShapeProto.Dimension()
      dimension.dimValue = size
      value.type.tensorType.shape.dim = [dimension]
      return value
    }
    func node(_ name: String, _ inputs: [String]) -> Onnx_NodeProto {
      var node = Onnx_NodeProto()
      (node.name, node.opType, node.domain) = (name, name.uppercased(), "test")
      (node.input, node.output) = (inputs, [name + ".out"])
      return node
    }
    var constant = Onnx_NodeProto()
    (constant.name, constant.opType, constant.output) = ("k", "Constant", ["k.out"])
    var attribute = Onnx_AttributeProto()
    (attribute.name, attribute.type, attribute.f) = ("value_float", .float, 1)
    constant.attribute = [attribute]
    proto.graph.node = [node("a", ["x"]), constant, node("b", ["x"]), node("c", ["a.out", "b.out"])]
    proto.graph.input = [value("x", 16)]
    proto.graph.output = [value("c.out", 1)]
    proto.graph.valueInfo = [value("a.out", 8), value("b.out", 4)]
    let model = try ONNXModel(proto: proto, source: "m")
    let scheduled = try ScheduledModel(model, ScheduledModel.Request(scheduler: .kahn))
    let report = ScheduleReport(model: "m", scheduled, limit: (memoryBytes: 120, reservedBytes: 20))
    // Step 1 has x, a and b: 64 + 32 + 16.
    #expect(report.peakBytes == 112)
    #expect(report.order == [0, 2, 3])
    #expect(
      report.peakStep.inputBytes == 64 && report.peakStep.outputBytes == 16
        && report.peakStep.otherLiveBytes == 32)
    #expect(report.infeasible)
    // Either of a and b can come first, so that no single operator is forced to see more than x and a.
    #expect(report.forcedPassageBytes == 96 && report.lowerBoundBytes == 96)
    #expect(!report.provedOptimal && !report.provedInfeasible && report.rewriting == nil)
    #expect(report.memoryModel.dataType == "float32")
    #expect(report.table(profile: scheduled.schedule.profile).contains("112 B"))
  }
}
