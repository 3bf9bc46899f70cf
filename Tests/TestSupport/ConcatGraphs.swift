import ComputationGraph
import Foundations
import MemoryPlanning

/// Random graphs full of Concats that share, nest and repeat their inputs, with everything else the memory model
/// knows in between.
public enum ConcatGraphs {
  /// A graph of `operatorCount` operators.
  public static func graph(operatorCount: Int, using generator: inout SeededGenerator) -> Graph {
    var tensors: [Tensor] = []
    var operators: [Operator] = []
    var pool: [TensorID] = []
    var concats: [[TensorID]] = []
    func recent(_ generator: inout SeededGenerator) -> TensorID {
      pool.suffix(7).randomElement(using: &generator)!
    }
    func add(_ shape: TensorShape, _ type: ElementType) -> TensorID {
      let id = TensorID(tensors.count)
      tensors.append(Tensor(name: "t\(id.index)", shape: shape, elementType: type))
      pool.append(id)
      return id
    }
    func shape(_ generator: inout SeededGenerator) -> TensorShape {
      let extent = Int.random(in: 1...5, using: &generator)
      return Int.random(in: 0..<12, using: &generator) == 0 ? [2, extent] : [1, extent]
    }
    let inputs = (0..<Int.random(in: 1...3, using: &generator)).map { _ in
      add(shape(&generator), .float32)
    }
    for index in 0..<operatorCount {
      let type = [
        "Conv", "Conv", "Relu", "Add", "Identity", "Reshape", "Split", "Concat", "Concat", "Concat",
      ]
      .randomElement(using: &generator)!
      var arguments = [recent(&generator)]
      let first = tensors[arguments[0].index]
      var results: [TensorID] = []
      switch type {
      case "Concat":
        func fits(_ id: TensorID) -> Bool {
          let tensor = tensors[id.index]
          return tensor.elementType == first.elementType && tensor.shape.rank == first.shape.rank
            && (tensor.shape.rank == 1 || tensor.shape[0] == first.shape[0])
        }
        if let longer = concats.randomElement(using: &generator), Bool.random(using: &generator),
          longer.allSatisfy(fits)
        {
          arguments = longer + arguments
        }
        for _ in 0..<Int.random(in: 0...2, using: &generator) {
          let next = recent(&generator)
          if fits(next), !arguments.contains(next) || Int.random(in: 0..<8, using: &generator) == 0 {
            arguments.append(next)
          }
        }
        let total = arguments.reduce(0) { $0 + tensors[$1.index].shape.dimensions.last! }
        concats.append(arguments)
        results = [add(first.shape.rank == 1 ? [total] : [first.shape[0], total], first.elementType)]
      case "Relu", "Identity": results = [add(first.shape, first.elementType)]
      case "Reshape":
        let count = first.shape.elementCount
        results = [add(first.shape.rank == 1 ? [1, count] : [count], first.elementType)]
      case "Add":
        let equals = pool.suffix(8).filter { tensors[$0.index].shape == first.shape }
        arguments.append(equals.randomElement(using: &generator) ?? arguments[0])
        results = [add(first.shape, first.elementType)]
      default:
        arguments.append(recent(&generator))
        for _ in 0..<(type == "Split" ? 2 : 1) {
          let isOther = Int.random(in: 0..<12, using: &generator) == 0
          results.append(add(shape(&generator), isOther ? .int32 : .float32))
        }
      }
      operators.append(
        Operator(name: "v\(index)", kind: .opaque(type: type), inputs: arguments, outputs: results))
    }
    let read = Set(operators.flatMap(\.inputs))
    let outputs = pool.filter { Int.random(in: 0..<(read.contains($0) ? 12 : 2), using: &generator) == 0 }
    return try! Graph(
      name: "concats", tensors: tensors, operators: operators, inputs: inputs, outputs: outputs)
  }

  /// Concats that can be elided together: candidates in random order, some left out.
  public static func elided(in graph: Graph, views: Bool, using generator: inout SeededGenerator) -> Set<
    OperatorID
  > {
    var chosen: Set<OperatorID> = []
    for id in ConcatElision.candidates(graph, views: views).shuffled(using: &generator)
    where Int.random(in: 0..<5, using: &generator) > 0 {
      if ConcatElision.isConsistent(chosen.union([id]), graph, views: views) { chosen.insert(id) }
    }
    return chosen
  }

  /// A random model for `graph` in which some of its Concats are elided.
  public static func model(for graph: Graph, using generator: inout SeededGenerator) -> MemoryModel {
    let views = Int.random(in: 0..<4, using: &generator) > 0
    return MemoryModel(
      inPlace: Int.random(in: 0..<4, using: &generator) > 0, views: views,
      workspaceBytes: Bool.random(using: &generator)
        ? []
        : graph.operators.map { _ in
          Bool.random(using: &generator) ? 0 : 4 * Int.random(in: 0...8, using: &generator)
        },
      inPlaceOperand: Bool.random(using: &generator) ? .any : .firstOfEqualSize,
      elidedConcats: elided(in: graph, views: views, using: &generator))
  }
}
