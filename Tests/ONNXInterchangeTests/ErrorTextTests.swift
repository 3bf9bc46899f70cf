import ComputationGraph
import Foundation
import Foundations
import ONNXInterchange
import Testing

/// Messages stand on one line and hold nothing that a terminal acts on, whatever names a file has.
@Suite struct ErrorTextTests {
  static let nasty = "a\nb\u{1B}[31mc\u{7}\u{202E}d\u{2028}e\u{9B}f\r"

  static let errors: [ONNXError] = [
    .cannotRead(.cannotRead(path: nasty, reason: "gone")), .notAModel(file: nasty, reason: "no"),
    .unsupportedOpset(file: nasty, version: 3), .controlFlow(file: nasty, node: nasty, type: nasty),
    .missingShape(file: nasty, tensor: nasty, node: nasty),
    .dynamicShape(file: nasty, tensor: nasty, axis: 0, symbol: nasty),
    .unsupportedElementType(file: nasty, tensor: nasty, type: "STRING"),
    .invalidShape(file: nasty, tensor: nasty, reason: "no"),
    .invalidNode(file: nasty, node: nasty, type: nasty, reason: "no"),
    .invalidAttribute(file: nasty, node: nasty, type: nasty, attribute: "axis", reason: "is 4"),
    .shapeMismatch(file: nasty, node: nasty, type: nasty, tensor: nasty, declared: [1], inferred: [2]),
    .notExecutable(file: nasty, node: nasty, type: nasty, reason: "no"),
    .notFloat32(file: nasty, tensor: nasty, type: "int8"),
    .missingWeightValues(file: nasty, tensor: nasty, node: nasty),
    .invalidWeight(file: nasty, tensor: nasty, node: nasty, reason: "no"),
    .noOutputs(file: nasty), .invalidGraph(file: nasty, .cycle(operatorNames: [nasty, nasty])),
    .invalidGraph(file: nasty, .severalProducers(tensor: nasty)), .cannotExport(name: nasty, reason: nasty),
  ]

  @Test(arguments: errors) func nothingRaw(_ error: ONNXError) {
    let text = "\(error)"
    let raw = text.unicodeScalars.filter {
      [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
    }
    #expect(raw.isEmpty, "\(error)")
    #expect(text.contains(#"a\nb\u{1B}[31mc\u{7}\u{202E}d\u{2028}e\u{9B}f\r"#))
  }

  @Test func plainNamesStayAsTheyAre() {
    let name = "/model/layers.0/conv-1:0 é 畳み込み"
    #expect("\(ONNXError.invalidGraph(file: "m", .duplicateName(name)))".contains("'\(name)'"))
  }

  @Test func longNamesAreShortened() {
    func text(_ name: String) -> String { "\(ONNXError.invalidGraph(file: "m", .noProducer(tensor: name)))" }
    let fits = String(repeating: "x", count: 80)
    #expect(text(fits).contains("'\(fits)'"))
    let long = "start" + String(repeating: "x", count: 100_000) + "end"
    #expect(text(long).count < 150 && text(long).contains("'startxx") && text(long).contains("xxend'"))
  }

  @Test func invalidOrdersNameOperatorsEscaped() throws {
    var sample = SampleModel()
    sample.input("x", [4])
    sample.node("Relu", ["x"], ["y"], name: Self.nasty)
    sample.node("Relu", ["y"], ["z"], name: "second")
    sample.output("z", [4])
    let error = #expect(throws: ONNXError.self) {
      try sample.model().reordered(by: [OperatorID(1), OperatorID(0)])
    }
    #expect("\(error!)".contains(#"\n"#) && !"\(error!)".contains("\n"))
  }

  @Test func thePathIsNamedAsGiven() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("onnx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data("no model".utf8).write(to: folder.appendingPathComponent("m.onnx"))
    for url in [
      URL(fileURLWithPath: "sub/../m.onnx", relativeTo: folder.appendingPathComponent("")),
      folder.appendingPathComponent("m.onnx"),
    ] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("sub"), withIntermediateDirectories: true)
      let error = #expect(throws: ONNXError.self) { try ONNXModel.load(from: url) }
      #expect("\(error!)".hasPrefix("\(url.relativePath): "))
    }
  }
}
