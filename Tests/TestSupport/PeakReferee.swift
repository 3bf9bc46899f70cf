import ComputationGraph

/// Live bytes of an order by the definition of the memory model, tensor by tensor, step by step: the referee that
/// every claimed peak is compared with. Shares no code with MemoryPlanning, its operator lists included.
public struct PeakReferee {
  private static let viewTypes: Set<String> = [
    "Reshape", "Flatten", "Identity", "Squeeze", "Unsqueeze", "Dropout",
  ]
  private static let inPlaceTypes: Set<String> = [
    "Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish",
    "Tanh",
    "Softplus", "Softsign", "Mish", "Gelu", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Neg", "Abs", "Floor",
    "Ceil", "Round", "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean",
  ]

  private let graph: Graph
  private let views: Bool
  private let inPlace: Bool
  private let firstOperandOnly: Bool
  private let workspaceBytes: [Int]
  private let elided: Set<OperatorID>

  /// Creates a referee for one graph; `workspaceBytes` is empty or has one number per operator, `elided` names the
  /// Concats whose inputs are written one behind the other, and `firstOperandOnly` restricts in-place to the first
  /// input of the output's size and type.
  public init(
    graph: Graph, views: Bool = true, inPlace: Bool = true, workspaceBytes: [Int] = [],
    firstOperandOnly: Bool = false, elided: Set<OperatorID> = []
  ) {
    self.graph = graph
    self.views = views
    self.inPlace = inPlace
    self.workspaceBytes = workspaceBytes
    self.firstOperandOnly = firstOperandOnly
    self.elided = elided
  }

  /// The live bytes at every step of a valid order.
  public func trace(_ order: [OperatorID]) -> [Int] {
    var left = [Int](repeating: 0, count: graph.tensors.count)
    for node in graph.operators { for tensor in node.inputs { left[tensor.index] += 1 } }
    let keep = Set(graph.outputs)
    var storesOf: [TensorID: [Int]] = [:]
    var joined: Set<Int> = []
    var members: [[TensorID]] = []
    var sizes: [Int] = []
    var live: Set<Int> = []

    func place(_ tensor: TensorID) {
      storesOf[tensor] = [members.count]
      live.insert(members.count)
      members.append([tensor])
      sizes.append(graph[tensor].byteCount)
    }
    func isNeeded(_ store: Int, besides reads: [TensorID]) -> Bool {
      members[store].contains { tensor in
        keep.contains(tensor) || left[tensor.index] > reads.count { $0 == tensor }
      }
    }
    for tensor in Set(graph.inputs) where graph[tensor].role == .activation { place(tensor) }
    var trace: [Int] = []
    for id in order {
      let node = graph[id]
      let reads = graph.activationInputs(of: id)
      for (position, output) in node.outputs.enumerated() {
        var hosts: [Int] = []
        if elided.contains(id) {
          hosts = reads.flatMap { storesOf[$0]! }
          joined.formUnion(hosts)
        } else if position == 0, views, Self.viewTypes.contains(node.kind.typeName) {
          hosts = node.inputs.first.flatMap { storesOf[$0] } ?? []
        } else if position == 0, inPlace, Self.inPlaceTypes.contains(node.kind.typeName) {
          let fitting = reads.filter {
            graph[$0].byteCount == graph[output].byteCount
              && graph[$0].elementType == graph[output].elementType
          }
          let victim = (firstOperandOnly ? Array(fitting.prefix(1)) : fitting).first {
            let stores = storesOf[$0]!
            return stores.count == 1 && sizes[stores[0]] == graph[output].byteCount
              && !joined.contains(stores[0]) && !isNeeded(stores[0], besides: reads)
          }
          hosts = victim.map { storesOf[$0]! } ?? []
        }
        if hosts.isEmpty {
          place(output)
        } else {
          storesOf[output] = hosts
          for host in hosts { members[host].append(output) }
        }
      }
      let workspace = workspaceBytes.isEmpty ? 0 : workspaceBytes[id.index]
      trace.append(live.reduce(workspace) { $0 + sizes[$1] })
      for tensor in reads { left[tensor.index] -= 1 }
      live = live.filter { isNeeded($0, besides: []) }
    }
    return trace
  }

  /// The peak of a valid order.
  public func peak(_ order: [OperatorID]) -> Int { trace(order).max() ?? 0 }
}
