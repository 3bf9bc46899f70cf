import ComputationGraph
import Testing

@Suite struct GraphTests {
  private static func tensor(_ name: String, _ shape: TensorShape = [4]) -> Tensor {
    Tensor(name: name, shape: shape)
  }
  private static func node(_ name: String, _ inputs: [Int], _ outputs: [Int]) -> Operator {
    Operator(
      name: name, kind: .opaque(type: "X"), inputs: inputs.map(TensorID.init),
      outputs: outputs.map(TensorID.init))
  }

  @Test func connectsProducersAndReaders() throws {
    let graph = try Graph(
      name: "g", tensors: ["a", "b", "c"].map { Self.tensor($0) },
      operators: [Self.node("first", [0], [1]), Self.node("second", [1, 0, 1], [2])],
      inputs: [TensorID(0)], outputs: [TensorID(2)])
    #expect(graph.producers == [nil, OperatorID(0), OperatorID(1)])
    #expect(graph.readers[0] == [OperatorID(0), OperatorID(1)])
    #expect(graph.readers[1] == [OperatorID(1)])
    #expect(graph.predecessors == [[], [OperatorID(0)]])
    #expect(graph.successors == [[OperatorID(1)], []])
    #expect(graph.isValidOrder([OperatorID(0), OperatorID(1)]))
    #expect(!graph.isValidOrder([OperatorID(1), OperatorID(0)]))
    #expect(!graph.isValidOrder([OperatorID(0), OperatorID(0)]))
    #expect(!graph.isValidOrder([OperatorID(0)]))
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    let tensors: [Tensor]
    let operators: [Operator]
    let inputs: [Int]
    let error: GraphError
    var testDescription: String { error.description }
  }

  static let faults: [Fault] = [
    Fault(
      tensors: [tensor("a")], operators: [node("v", [3], [])], inputs: [0],
      error: .unknownTensor(operatorName: "v", index: 3)),
    Fault(tensors: [tensor("a"), tensor("a")], operators: [], inputs: [], error: .duplicateName("a")),
    Fault(
      tensors: [tensor("a"), tensor("b")], operators: [node("v", [0], [1]), node("v", [0], [])], inputs: [0],
      error: .duplicateName("v")),
    Fault(
      tensors: [tensor("a"), tensor("b")], operators: [node("v", [0], [1]), node("w", [0], [1])], inputs: [0],
      error: .severalProducers(tensor: "b")),
    Fault(
      tensors: [tensor("a")], operators: [node("v", [], [0])], inputs: [0],
      error: .inputIsProduced(tensor: "a")),
    Fault(
      tensors: [Tensor(name: "w", shape: [1], role: .weight)], operators: [node("v", [], [0])], inputs: [],
      error: .weightIsProduced(tensor: "w")),
    Fault(
      tensors: [tensor("a")], operators: [node("v", [0], [])], inputs: [], error: .noProducer(tensor: "a")),
    Fault(
      tensors: [tensor("a"), tensor("b")], operators: [node("v", [0], [1]), node("w", [1], [0])], inputs: [],
      error: .cycle(operatorNames: ["v", "w"])),
    Fault(
      tensors: [tensor("a", [Int.max, 2])], operators: [], inputs: [0], error: .sizeOverflow(tensor: "a")),
    Fault(
      tensors: [tensor("a", [Int.max / 3])], operators: [], inputs: [0], error: .sizeOverflow(tensor: "a")),
  ]

  @Test(arguments: faults) func refuses(_ fault: Fault) {
    #expect(throws: fault.error) {
      try Graph(
        name: "g", tensors: fault.tensors, operators: fault.operators,
        inputs: fault.inputs.map(TensorID.init),
        outputs: [])
    }
  }

  @Test func structuralHashIgnoresNamesOnly() throws {
    func build(_ prefix: String, channels: Int) throws -> Graph {
      var builder = GraphBuilder(name: prefix)
      let x = builder.input("\(prefix)image", shape: [1, 1, 8, 8])
      let y = try builder.convolution(
        x, outputChannels: channels, window: Window2D(kernel: Size2D(3), padding: Padding2D(1)),
        name: "\(prefix)c")
      return try builder.build(outputs: [y])
    }
    #expect(try build("a", channels: 4).structuralHash == build("b", channels: 4).structuralHash)
    #expect(try build("a", channels: 4).structuralHash != build("a", channels: 5).structuralHash)
  }

  @Test func countsCosts() throws {
    var builder = GraphBuilder(name: "g")
    let x = builder.input("image", shape: [1, 3, 8, 8])
    let c = try builder.convolution(
      x, outputChannels: 6, window: Window2D(kernel: Size2D(3), stride: Size2D(2), padding: Padding2D(1)),
      groups: 3,
      name: "c")
    let n = try builder.batchNormalization(c, name: "n")
    let p = try builder.add(.globalAveragePool, [n])
    let f = try builder.add(.flatten, [p])
    let logits = try builder.fullyConnected(f, outputs: 10, name: "fc")
    let graph = try builder.build(outputs: [logits])
    #expect(graph.macs == 6 * 16 * 9 * 1 + 60)
    #expect(graph.parameterCount == 6 * 9 + 12 + 70)
    #expect(graph.weightBytes == 4 * (6 * 9 + 24 + 70))
  }
}
