import ComputationGraph
import Foundation
import Foundations
import Kernels
import ONNXInterchange
import TestSupport
import Testing

/// From a file to a network that runs: the same values as before the file was written, or one clear error.
@Suite struct ExecutableModelTests {
  @Test func exportedGraphsComputeTheSame() throws {
    var generator = SeededGenerator(seed: 17)
    for round in 0..<60 {
      let original = RandomExecutableGraph.make(operators: 4 + round / 4, using: &generator)
      let weights = WeightValues.random(for: original, using: &generator)
      let data = try ONNXExporter.model(
        graph: original, order: original.kahnOrder(), weights: weights, producerVersion: "1")
      let executable = try ONNXModel(data: data, source: "again.onnx").executable()
      let graph = executable.graph
      #expect(executable.missingWeights.isEmpty)
      #expect(try executable.storedWeights().firstMismatch(with: graph) == nil)
      #expect(graph.outputs.map { graph[$0].name } == original.outputs.map { original[$0].name })
      #expect(graph.macs == original.macs)

      let input = (0..<original[original.inputs[0]].shape.elementCount).map { _ in
        Float.random(in: -1...1, using: &generator)
      }
      let expected = ReferenceExecutor.run(
        graph: original, weights: weights, inputs: [original.inputs[0]: input])
      let inference = try InferenceGraph(graph, fusion: .activation)
      let found = ReferenceExecutor.run(
        graph: inference.graph, weights: inference.convert(try executable.storedWeights()),
        inputs: [inference.graph.inputs[0]: input])
      for (a, b) in zip(original.outputs, inference.graph.outputs) {
        let (x, y) = (expected[a]!, found[b]!)
        let scale = max(x.map(abs).max()!, 1e-6)
        #expect(
          x.count == y.count && zip(x, y).allSatisfy { abs($0 - $1) <= 1e-4 * scale },
          "round \(round): \(original[a].name)")
      }
    }
  }

  /// `TANDEM_FUZZ_FILES=10000` damages as many files in each way as it says.
  private static let damagedFilesPerWay =
    ProcessInfo.processInfo.environment["TANDEM_FUZZ_FILES"].flatMap { Int($0) } ?? 140

  /// A model of one node that reads an image and, where given, weights without values.
  private func sample(
    _ type: String, image: [Int64] = [1, 4, 6, 6], result: [Int64] = [1, 4, 6, 6],
    weights: [(name: String, dims: [Int64])] = [], attributes: [Onnx_AttributeProto] = [],
    _ change: (inout SampleModel) -> Void = { _ in }
  ) throws -> ONNXModel {
    var model = SampleModel()
    model.input("image", image)
    for weight in weights { model.weight(weight.name, weight.dims) }
    model.node(type, ["image"] + weights.map(\.name), ["result"], name: "the node")
    model.proto.graph.node[0].attribute = attributes
    model.output("result", result)
    change(&model)
    return try model.model()
  }

  private func integers(_ name: String, _ values: [Int64]) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    (attribute.name, attribute.type, attribute.ints) = (name, .ints, values)
    return attribute
  }

  private func integer(_ name: String, _ value: Int64) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    (attribute.name, attribute.type, attribute.i) = (name, .int, value)
    return attribute
  }

  private static func text(_ name: String, _ value: String) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    (attribute.name, attribute.type, attribute.s) = (name, .string, Data(value.utf8))
    return attribute
  }

  private func refusal(_ model: ONNXModel) -> String {
    let error = #expect(throws: ONNXError.self) { try model.executable() }
    return error.map { "\($0)" } ?? ""
  }

  @Test func everythingElseIsRefusedByName() throws {
    let cases: [(model: ONNXModel, part: String)] = [
      (try sample("Softplus"), "there is no kernel for it"),
      (try sample("Relu") { $0.proto.graph.node[0].domain = "com.example" }, "'com.example'"),
      (try sample("Clip", weights: [("low", [])]), "limits are not in the file"),
      (
        try sample("Sum", weights: [("row", [6])]) {
          $0.proto.graph.node[0].input.append("image")
        }, "two at a time"
      ),
      (
        try sample(
          "BatchNormalization", weights: ["s", "b", "m", "v"].map { ($0, [4]) },
          attributes: [integer("training_mode", 1)]), "training"
      ),
      (
        try sample("ReduceMean", result: [1, 1, 6, 1], attributes: [integers("axes", [1, 3])]),
        "neighbouring axes"
      ),
      (try sample("Conv", image: [1, 4, 6], result: [1, 4, 4], weights: [("w", [4, 4, 3])]), "1×4×6"),
      (
        try sample("Conv") {
          $0.input("computed", [4, 4, 1, 1])
          $0.proto.graph.node[0].input = ["image", "computed"]
        }, "'computed' is computed"
      ),
      (
        try sample("MatMul", image: [1, 3, 5], result: [1, 3], weights: [("w", [5])]), "only matrices"
      ),
      (
        try sample(
          "Gemm", image: [5, 2], result: [2, 3], weights: [("w", [5, 3])], attributes: [integer("transA", 1)]),
        "transposed"
      ),
      (
        try sample("MaxPool", result: [1, 4, 5, 5], attributes: [integers("kernel_shape", [2, 2])]) {
          $0.proto.graph.node[0].output.append("indices")
          $0.output("indices", [1, 4, 5, 5], type: .int64)
        }, "'indices' is used"
      ),
      (
        try sample("Pad", result: [1, 4, 8, 6], attributes: [integers("pads", [0, 0, 1, 0, 0, 0, 1, 0])]) {
          $0.proto.graph.node[0].attribute.append(Self.text("mode", "reflect"))
        }, "'reflect'"
      ),
      (
        try sample(
          "Gather", result: [1, 3, 6, 6], weights: [("i", [3])], attributes: [integer("axis", 4)]), "axis 4"
      ),
      (
        try sample("Resize", result: [1, 4, 12, 12]) {
          $0.proto.graph.node[0].attribute = [Self.text("mode", "cubic")]
        }, "'cubic'"
      ),
      (
        try sample("LayerNormalization", weights: [("scale", [1])]), "its scale is 1, but it normalises 6"
      ),
      (
        try sample(
          "Slice", result: [1, 4, 3, 6],
          attributes: [
            integers("starts", [0]), integers("ends", [2]), integers("axes", [2]),
          ]), "cuts 2 of axis 2"
      ),
    ]
    for (model, part) in cases {
      let text = refusal(model)
      #expect(
        text.hasPrefix("sample.onnx: node 'the node' (") && text.contains("cannot be executed")
          && text.contains(part), "expected '\(part)' in: \(text)")
    }
  }

  @Test func otherElementTypesAreRefused() throws {
    var half = SampleModel()
    half.input("image", [1, 4], type: .float16)
    half.node("Relu", ["image"], ["result"], name: "the node")
    half.output("result", [1, 4], type: .float16)
    #expect(refusal(try half.model()).contains("'image' is float16"))
    let weight = try sample("Conv", weights: [("w", [4, 4, 1, 1])]) {
      $0.proto.graph.initializer[0].dataType = 11
      $0.proto.graph.initializer[0].doubleData = [Double](repeating: 1, count: 16)
    }
    #expect(
      refusal(weight)
        == "sample.onnx: weight 'w' of node 'the node': it is DOUBLE, but kernels compute in FLOAT only")
    let short = try sample("Conv", weights: [("w", [4, 4, 1, 1])]) {
      $0.proto.graph.initializer[0].floatData = [1, 2, 3]
    }
    #expect(refusal(short).contains("it holds 3 values of its type, but its shape needs 16"))
  }

  @Test func missingValuesAreNamedOrFilled() throws {
    let model = try sample("Conv", weights: [("w", [4, 4, 1, 1]), ("b", [4])]) {
      $0.proto.graph.initializer[1].floatData = [1, 2, 3, 4]
    }
    let executable = try model.executable()
    let missing = try #require(executable.missingWeights.first)
    #expect(executable.missingWeights.count == 1 && missing.weight == "the node.weight")
    #expect(missing.storedName == "w" && missing.node == "the node")
    let error = #expect(throws: ONNXError.self) { try executable.storedWeights() }
    #expect(
      error == .missingWeightValues(file: "sample.onnx", tensor: "w", node: "the node")
        && "\(error!)".contains("--random-weights"))
    var generator = SeededGenerator(seed: 1)
    let random = WeightValues.random(for: executable.graph, using: &generator)
    let filled = executable.weights(completedBy: random)
    #expect(
      filled["the node.weight"] == random["the node.weight"] && filled["the node.bias"] == [1, 2, 3, 4])
  }

  /// Sizes that a file declares are not allocated.
  @Test func hugeSizesAreRefused() throws {
    for huge in [1 << 30, 1 << 33, 1 << 50] as [Int64] {
      let gathered = try sample(
        "Gather", image: [1, huge], result: [1, huge], weights: [("i", [huge])],
        attributes: [integer("axis", 1)])
      #expect(throws: ONNXError.self) { try gathered.executable() }
      let pool = try sample(
        "MaxPool", image: [1, 1, huge, 2], result: [1, 1, huge, 1],
        attributes: [
          integers("kernel_shape", [1, 2]), integers("strides", [1 << 24, 1]), integer("ceil_mode", 1),
        ])
      #expect(throws: ONNXError.self) { try pool.executable() }
    }
  }

  /// Models of every operator that is read, with attributes and constants in every form.
  private static let handwritten: [[UInt8]] = {
    guard let folder = try? PythonEnvironment.temporaryFolder() else { return [] }
    defer { try? FileManager.default.removeItem(at: folder) }
    guard (try? PythonEnvironment.run("execution_models.py", [folder.path])) != nil,
      let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    else { return [] }
    return files.filter { $0.pathExtension == "onnx" }.sorted { $0.path < $1.path }.compactMap {
      (try? Data(contentsOf: $0)).map { [UInt8]($0) }
    }
  }()

  @Test(arguments: ModelDamage.allCases) func damagedFilesAreErrorsOrNetworks(_ way: ModelDamage) throws {
    var generator = SeededGenerator(seed: 19)
    var files = Self.handwritten
    files += try (0..<4).map { _ in
      let graph = RandomExecutableGraph.make(operators: 8, using: &generator)
      return [UInt8](
        try ONNXExporter.model(
          graph: graph, order: graph.kahnOrder(), weights: .random(for: graph, using: &generator),
          producerVersion: "1"))
    }
    #expect(files.count >= 14)
    for round in 0..<Self.damagedFilesPerWay {
      let data = Data(way.applied(to: files[round % files.count], others: files, using: &generator))
      do {
        let executable = try ONNXModel(data: data, source: "damaged.onnx").executable()
        let inference = try InferenceGraph(executable.graph, fusion: .activation)
        if executable.missingWeights.isEmpty {
          let weights = inference.convert(try executable.storedWeights())
          #expect(weights.firstMismatch(with: inference.graph) == nil)
        }
      } catch let error as ONNXError {
        #expect("\(error)".contains("damaged.onnx") && "\(error)".count < 2000, "\(error)")
      }
    }
  }
}
