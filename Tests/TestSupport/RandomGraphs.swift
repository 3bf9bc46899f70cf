import ComputationGraph
import Foundations

/// Random graphs with everything the memory model knows, from a seed.
///
/// Among them: tensors with several readers, operators with several outputs or none read, views (of weights too),
/// in-place candidates of the right and the wrong type, repeated inputs, operators without activations as inputs,
/// graph outputs that are also read, graph inputs that are outputs or that nobody reads.
public enum RandomGraphs {
  private static let types = [
    "Conv", "Add", "Mul", "Sum", "Relu", "Relu", "Reshape", "Identity", "Dropout", "Split", "Concat",
    "MaxPool",
  ]

  /// A graph of `operatorCount` operators in an order of the file that is valid.
  public static func graph(operatorCount: Int, using generator: inout SeededGenerator) -> Graph {
    var maker = Maker()
    for _ in 0..<Int.random(in: 1...3, using: &generator) { maker.addInput(&generator) }
    let locality = Int.random(in: 2...8, using: &generator)
    for _ in 0..<operatorCount {
      maker.addOperator(type: types.randomElement(using: &generator)!, locality: locality, &generator)
    }
    return maker.graph(&generator)
  }

  /// A graph of cells, each a small random tangle that ends in a Concat and reads the two results before it.
  public static func cells(count: Int, operatorsPerCell: Int, using generator: inout SeededGenerator)
    -> Graph
  {
    var maker = Maker()
    maker.addInput(&generator)
    var results = [0, 0]
    for _ in 0..<count {
      var pool = results
      var unread: [Int] = []
      for _ in 0..<operatorsPerCell {
        let inputs = (0..<Int.random(in: 1...2, using: &generator)).map { _ in
          pool.randomElement(using: &generator)!
        }
        let type = ["Conv", "Conv", "Relu", "Add"].randomElement(using: &generator)!
        unread.removeAll { inputs.contains($0) }
        let output = maker.add(type: type, inputs: inputs, sizes: [Int.random(in: 1...6, using: &generator)])[
          0]
        pool.append(output)
        unread.append(output)
      }
      let result = maker.add(
        type: "Concat", inputs: unread, sizes: [Int.random(in: 2...8, using: &generator)])[0]
      results = [results[1], result]
    }
    return maker.build(outputs: [results[1]])
  }

  /// Scratch bytes for every operator of `graph`, most of them zero.
  public static func workspace(for graph: Graph, using generator: inout SeededGenerator) -> [Int] {
    graph.operators.map { _ in
      Bool.random(using: &generator) ? 0 : 4 * Int.random(in: 0...10, using: &generator)
    }
  }

  /// Another valid order than the file's: a random ready operator at every step.
  public static func order(of graph: Graph, using generator: inout SeededGenerator) -> [OperatorID] {
    var waiting = graph.predecessors.map(\.count)
    var ready = graph.operatorIDs.filter { waiting[$0.index] == 0 }
    var order: [OperatorID] = []
    while !ready.isEmpty {
      let id = ready.remove(at: Int.random(in: ready.indices, using: &generator))
      order.append(id)
      for next in graph.successors[id.index] {
        waiting[next.index] -= 1
        if waiting[next.index] == 0 { ready.append(next) }
      }
    }
    return order
  }

  /// The same graph with its operators listed in another order.
  public static func relisted(_ graph: Graph, _ order: [OperatorID]) -> Graph {
    try! Graph(
      name: graph.name, tensors: graph.tensors, operators: order.map { graph[$0] }, inputs: graph.inputs,
      outputs: graph.outputs)
  }
}

private struct Maker {
  var tensors: [Tensor] = []
  var operators: [Operator] = []
  var inputs: [TensorID] = []
  var activations: [Int] = []

  mutating func addInput(_ generator: inout SeededGenerator) {
    inputs.append(TensorID(tensors.count))
    addTensor(size: Int.random(in: 1...8, using: &generator), .float32)
  }

  mutating func addTensor(size: Int, _ type: ElementType) {
    activations.append(tensors.count)
    tensors.append(Tensor(name: "t\(tensors.count)", shape: [size], elementType: type))
  }

  /// Adds an operator with outputs of the given sizes (in elements of the first input's type) and returns them.
  mutating func add(type: String, inputs: [Int], sizes: [Int]) -> [Int] {
    let first = tensors.count
    for size in sizes { addTensor(size: size, inputs.first.map { tensors[$0].elementType } ?? .float32) }
    operators.append(
      Operator(
        name: "v\(operators.count)", kind: .opaque(type: type), inputs: inputs.map(TensorID.init),
        outputs: (first..<tensors.count).map(TensorID.init)))
    return Array(first..<tensors.count)
  }

  mutating func addOperator(type: String, locality: Int, _ generator: inout SeededGenerator) {
    var arguments: [Int] = []
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      if Int.random(in: 0..<10, using: &generator) == 0 {
        arguments.append(tensors.count)
        tensors.append(
          Tensor(name: "t\(tensors.count)", shape: [Int.random(in: 1...8, using: &generator)], role: .weight))
      } else {
        arguments.append(activations.suffix(locality).randomElement(using: &generator)!)
      }
    }
    let source = tensors[arguments[0]]
    let sameSize = MemoryTypes.keepsSize.contains(type)
    let count = type == "Split" || type == "Dropout" ? Int.random(in: 1...3, using: &generator) : 1
    let first = tensors.count
    for position in 0..<count {
      let keep = position == 0 && (sameSize || Int.random(in: 0..<2, using: &generator) == 0)
      let elementType: ElementType =
        position == 0 && MemoryTypes.views.contains(type)
        ? source.elementType
        : [.float32, .float32, .float32, .int32, .float16].randomElement(using: &generator)!
      let size = keep ? source.shape[0] : Int.random(in: 1...8, using: &generator)
      addTensor(size: size, elementType)
    }
    operators.append(
      Operator(
        name: "v\(operators.count)", kind: .opaque(type: type), inputs: arguments.map(TensorID.init),
        outputs: (first..<tensors.count).map(TensorID.init)))
  }

  /// The graph with a random choice of outputs: some unread tensors, some that are read, sometimes an input.
  func graph(_ generator: inout SeededGenerator) -> Graph {
    let read = Set(operators.flatMap(\.inputs))
    var outputs: [TensorID] = []
    for index in activations {
      let id = TensorID(index)
      let chance = inputs.contains(id) ? 12 : read.contains(id) ? 10 : 2
      if Int.random(in: 0..<chance, using: &generator) == 0 { outputs.append(id) }
    }
    return build(outputs: outputs.map(\.index))
  }

  func build(outputs: [Int]) -> Graph {
    try! Graph(
      name: "random", tensors: tensors, operators: operators, inputs: inputs,
      outputs: outputs.map(TensorID.init))
  }
}

private enum MemoryTypes {
  static let views: Set<String> = ["Reshape", "Identity", "Dropout"]
  static let keepsSize: Set<String> = ["Reshape", "Identity", "Dropout", "Add", "Mul", "Sum", "Relu"]
}
