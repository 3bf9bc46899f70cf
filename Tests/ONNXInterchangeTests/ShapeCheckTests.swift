import ComputationGraph
import Foundation
import Foundations
import ONNXInterchange
import Testing

/// Shapes and attributes that cannot be are refused; unusual ones that can are read as before.
@Suite struct ShapeCheckTests {
  /// One node that reads `inputs` and declares `output`, or leaves its shape out.
  struct Case: Sendable, CustomStringConvertible {
    var type: String
    var inputs: [[Int64]]
    var lists: [String: [Int64]] = [:]
    var numbers: [String: Int64] = [:]
    var automatic: String?
    var output: [Int64]?
    var description: String { "\(type) \(inputs) \(lists) \(numbers) \(automatic ?? "") → \(output ?? [])" }

    func sample() -> SampleModel {
      var sample = SampleModel()
      for (index, dims) in inputs.enumerated() { sample.input("x\(index)", dims) }
      sample.node(type, inputs.indices.map { "x\($0)" }, ["y"], name: "node")
      var attributes: [Onnx_AttributeProto] = []
      func add(_ name: String, _ change: (inout Onnx_AttributeProto) -> Void) {
        var attribute = Onnx_AttributeProto()
        attribute.name = name
        change(&attribute)
        attributes.append(attribute)
      }
      for (name, values) in lists { add(name) { $0.ints = values } }
      for (name, value) in numbers { add(name) { $0.i = value } }
      if let automatic { add("auto_pad") { $0.s = Data(automatic.utf8) } }
      sample.proto.graph.node[0].attribute = attributes
      if let output {
        sample.output("y", output)
      } else {
        sample.node("Custom", ["y"], ["z"], name: "reader")
        sample.output("z", [1])
      }
      return sample
    }
  }

  static let image: [Int64] = [1, 4, 9, 9]
  static let kernel: [Int64] = [8, 4, 3, 3]

  static let contradictions: [Case] = [
    Case(type: "Relu", inputs: [[1, 4]], output: [9, 9]),
    Case(type: "Relu", inputs: [[1, 4]], output: [4]),
    Case(type: "Cast", inputs: [[1, 4]], output: [4, 1]),
    Case(type: "Add", inputs: [[1, 4], [3, 1]], output: [1, 4]),
    Case(type: "Conv", inputs: [image, kernel], output: [1, 8, 9, 9]),
    Case(type: "Conv", inputs: [image, kernel], automatic: "SAME_UPPER", output: [1, 8, 7, 7]),
    Case(type: "MaxPool", inputs: [image], lists: ["kernel_shape": [2, 2]], output: [1, 4, 9, 9]),
    Case(
      type: "MaxPool", inputs: [image], lists: ["kernel_shape": [2, 2], "strides": [2, 2]],
      numbers: ["ceil_mode": 1], output: [1, 4, 4, 4]),
    Case(type: "GlobalAveragePool", inputs: [image], output: [1, 4]),
    Case(type: "Concat", inputs: [[1, 4], [1, 5]], numbers: ["axis": 1], output: [1, 8]),
    Case(type: "Flatten", inputs: [image], numbers: ["axis": -1], output: [324, 1]),
    Case(type: "Gemm", inputs: [[2, 3], [3, 4]], output: [2, 3]),
    Case(type: "MatMul", inputs: [[5, 2, 3], [3, 4]], output: [2, 4]),
    Case(type: "Transpose", inputs: [[2, 3]], output: [2, 3]),
  ]

  @Test(arguments: contradictions) func declaredAgainstInferred(_ wrong: Case) throws {
    let model = try ONNXModel(data: wrong.sample().data(), source: "folder/m.onnx")
    let error = #expect(throws: ONNXError.self) { try model.schedulingGraph() }
    guard case .shapeMismatch("folder/m.onnx", "node", wrong.type, "y", let declared, let inferred)? = error
    else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(declared.dimensions == wrong.output!.map(Int.init) && inferred != declared)
    for part in ["folder/m.onnx: ", "'node'", "'y'", "\(declared)", "\(inferred)"] {
      #expect("\(error!)".contains(part))
    }
  }

  static let misfits: [Case] = [
    Case(type: "Add", inputs: [[1, 4], [1, 5]], output: [1, 4]),
    Case(type: "Add", inputs: [[1, 4], [1, 5]]),
    Case(type: "Sum", inputs: [[4], [1], [3]], output: [4]),
    Case(type: "PRelu", inputs: [[1, 4, 2], [3]], output: [1, 4, 2]),
    Case(type: "PRelu", inputs: [[1, 4], [2, 4]], output: [2, 4]),
    Case(type: "Conv", inputs: [image, [8, 3, 3, 3]], output: [1, 8, 7, 7]),
    Case(type: "Conv", inputs: [image, kernel], numbers: ["group": 2], output: [1, 8, 7, 7]),
    Case(type: "Conv", inputs: [image, kernel, [4]], output: [1, 8, 7, 7]),
    Case(type: "Conv", inputs: [[1, 4, 2, 9], kernel], output: [1, 8, 1, 7]),
    Case(type: "Conv", inputs: [[1, 4, 9], kernel], output: [1, 8, 7]),
    Case(type: "Concat", inputs: [[1, 4], [2, 4]], numbers: ["axis": 1], output: [1, 8]),
    Case(type: "Gemm", inputs: [[2, 3], [4, 3]], output: [2, 3]),
    Case(type: "Gemm", inputs: [[2, 3], [3, 4], [2]], output: [2, 4]),
    Case(type: "MatMul", inputs: [[2, 3], [4, 3]], output: [2, 3]),
    Case(type: "Reshape", inputs: [[2, 3], [2]], output: [2, 4]),
    Case(type: "Unsqueeze", inputs: [[2, 3]], output: [1, 2, 2]),
  ]

  @Test(arguments: misfits) func inputsThatDoNotFit(_ wrong: Case) throws {
    let error = #expect(throws: ONNXError.self) { try wrong.sample().model().schedulingGraph() }
    guard case .invalidNode("sample.onnx", "node", wrong.type, let reason)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // Two shapes stand in the sentence; only a window that does not fit has a number for one of them.
    let shapes = Set(reason.split { " ,;".contains($0) }.filter { Int($0.prefix { $0 != "×" }) != nil })
    #expect(shapes.count >= 2, "\(reason)")
  }

  static let attributes: [(Case, attribute: String)] = [
    (Case(type: "MaxPool", inputs: [image], lists: ["kernel_shape": [0, 0]], output: image), "kernel_shape"),
    (Case(type: "MaxPool", inputs: [image], output: image), "kernel_shape"),
    (Case(type: "MaxPool", inputs: [image], lists: ["kernel_shape": [3]], output: image), "kernel_shape"),
    (
      Case(type: "AveragePool", inputs: [image], lists: ["kernel_shape": [3, 3], "strides": [1, -1]]),
      "strides"
    ),
    (Case(type: "Conv", inputs: [image, kernel], lists: ["strides": [0, 1]]), "strides"),
    (Case(type: "Conv", inputs: [image, kernel], lists: ["strides": [1]], output: [1, 8, 7, 7]), "strides"),
    (Case(type: "Conv", inputs: [image, kernel], lists: ["dilations": [1, 0]]), "dilations"),
    (Case(type: "Conv", inputs: [image, kernel], lists: ["pads": [0, 0, -1, 0]]), "pads"),
    (Case(type: "Conv", inputs: [image, kernel], lists: ["pads": [.max, 0, .max, 0]]), "pads"),
    (Case(type: "Conv", inputs: [image, kernel], lists: ["kernel_shape": [5, 5]]), "kernel_shape"),
    (Case(type: "Conv", inputs: [image, kernel], numbers: ["group": 0], output: [1, 8, 7, 7]), "group"),
    (Case(type: "Conv", inputs: [image, kernel], automatic: "SOME\n", output: [1, 8, 7, 7]), "auto_pad"),
    (Case(type: "Concat", inputs: [[1, 4], [1, 4]], numbers: ["axis": 2]), "axis"),
    (Case(type: "Concat", inputs: [[1, 4], [1, 4]], numbers: ["axis": .min]), "axis"),
    (Case(type: "Flatten", inputs: [[1, 4]], numbers: ["axis": 3]), "axis"),
    (Case(type: "Transpose", inputs: [[1, 4]], lists: ["perm": [1, 1]], output: [4, 4]), "perm"),
  ]

  @Test(arguments: attributes) func attributesThatAreNotAllowed(_ wrong: Case, _ attribute: String) throws {
    let error = #expect(throws: ONNXError.self) { try wrong.sample().model().schedulingGraph() }
    guard case .invalidAttribute("sample.onnx", "node", wrong.type, attribute, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect("\(error!)".contains("'node'") && "\(error!)".contains("'\(attribute)'"))
    #expect(!"\(error!)".contains("\n") && !"\(error!)".contains("shape inference"))
  }

  /// By the operators' specifications; extents worked out by hand.
  static let legal: [Case] = [
    Case(type: "Add", inputs: [[1, 4], []], output: [1, 4]),
    Case(type: "Add", inputs: [[2, 1, 4], [3, 1]], output: [2, 3, 4]),
    Case(type: "Relu", inputs: [[1]], output: []),
    Case(type: "Mul", inputs: [[], []], output: [1]),
    Case(type: "Add", inputs: [[2, 3, 4], [3]], numbers: ["broadcast": 1, "axis": 1], output: [2, 3, 4]),
    Case(type: "PRelu", inputs: [[1, 4, 2, 2], [4]], output: [1, 4, 2, 2]),
    Case(type: "Conv", inputs: [[1, 4, 9], [6, 2, 3]], numbers: ["group": 2], output: [1, 6, 7]),
    Case(
      type: "Conv", inputs: [[1, 1, 5, 5, 5], [2, 1, 1, 3, 5]], lists: ["pads": [0, 1, 0, 0, 1, 1]],
      output: [1, 2, 5, 5, 2]),
    Case(
      type: "Conv", inputs: [image, kernel], lists: ["strides": [2, 2]], automatic: "SAME_LOWER",
      output: [1, 8, 5, 5]),
    Case(type: "Conv", inputs: [image, kernel], automatic: "VALID", output: [1, 8, 7, 7]),
    Case(type: "Conv", inputs: [image, kernel], lists: ["dilations": [4, 1]], output: [1, 8, 1, 7]),
    Case(
      type: "MaxPool", inputs: [image], lists: ["kernel_shape": [2, 2], "strides": [2, 2]],
      numbers: ["ceil_mode": 1], output: [1, 4, 5, 5]),
    // Rounded up, 5 wide with 1 of padding on either side: a fourth window would start behind the image.
    Case(
      type: "MaxPool", inputs: [[1, 1, 5, 5]],
      lists: ["kernel_shape": [1, 1], "strides": [3, 3], "pads": [1, 1, 1, 1]],
      numbers: ["ceil_mode": 1], output: [1, 1, 2, 2]),
    Case(
      type: "MaxPool", inputs: [[1, 1, 5, 5]],
      lists: ["kernel_shape": [1, 1], "strides": [3, 3], "pads": [1, 1, 1, 1]],
      numbers: ["ceil_mode": 1], output: [1, 1, 3, 3]),
    Case(
      type: "MaxPool", inputs: [[1, 1, 2, 2]], lists: ["kernel_shape": [3, 3], "strides": [2, 2]],
      numbers: ["ceil_mode": 1], output: [1, 1, 1, 1]),
    Case(type: "Concat", inputs: [[1, 4], [1, 5]], numbers: ["axis": -1], output: [1, 9]),
    Case(type: "Flatten", inputs: [[2, 3, 4]], numbers: ["axis": -1], output: [6, 4]),
    Case(type: "Flatten", inputs: [[2, 3, 4]], numbers: ["axis": 3], output: [24, 1]),
    Case(type: "Flatten", inputs: [[2, 3, 4]], numbers: ["axis": 0], output: [1, 24]),
    Case(
      type: "Gemm", inputs: [[3, 2], [4, 3], []], numbers: ["transA": 1, "transB": 1], output: [2, 4]),
    Case(type: "MatMul", inputs: [[3], [3]], output: []),
    Case(type: "MatMul", inputs: [[5, 2, 3], [3]], output: [5, 2]),
    Case(type: "MatMul", inputs: [[3], [5, 3, 2]], output: [5, 2]),
    Case(type: "Reshape", inputs: [[2, 3], [2]], output: [3, 2]),
    Case(type: "Squeeze", inputs: [[1, 1]], output: []),
    Case(type: "Custom", inputs: [[1, 4]], lists: ["kernel_shape": [0, 0]], output: [9, 9]),
  ]

  @Test(arguments: legal) func unusualButLegal(_ legal: Case) throws {
    let graph = try legal.sample().model().schedulingGraph().graph
    #expect(graph[graph.outputs[0]].shape.dimensions == legal.output!.map(Int.init))
    #expect(graph.operators.count == 1)
  }

  @Test func otherDomainsAndStoredBytesAreTrusted() throws {
    var foreign = Case(type: "Relu", inputs: [[1, 4]], output: [9, 9]).sample()
    foreign.proto.graph.node[0].domain = "com.example"
    #expect(try foreign.model().schedulingGraph().graph.operators.count == 1)
    var packed = SampleModel()
    packed.input("x", [3, 5])
    packed.weight("w", [3, 5], type: .int4)
    packed.node("Add", ["x", "w"], ["y"])
    packed.output("y", [3, 5])
    #expect(try packed.model().schedulingGraph().graph.operators.count == 1)
  }

  @Test func graphWithoutOutputs() throws {
    var sample = SampleModel.rich()
    sample.proto.graph.output = []
    #expect(throws: ONNXError.noOutputs(file: "sample.onnx")) { try sample.model().schedulingGraph() }
  }
}
