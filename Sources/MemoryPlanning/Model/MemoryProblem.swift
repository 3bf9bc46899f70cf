import ComputationGraph

/// A graph under a memory model, as schedulers and allocators see it: storages, who writes and who reads them.
///
/// A storage is a tensor with all its views. For a set S of executed operators,
///
///     live(S)         = Σ bytes of storages available in S that are kept or have a reader outside S
///     transient(S, v) = live(S) + outputs(v) + workspace(v) − overwritten(S, v)
///
/// and the peak of an order is its largest transient. Weights cost nothing. A graph input is available from the
/// start; one that nobody reads and that is no output counts during the first step only.
public struct MemoryProblem: Sendable {
  /// A tensor with all its views: the unit that is allocated and freed.
  public struct Storage: Hashable, Sendable {
    /// The tensor that brings the storage into being.
    public let base: TensorID
    /// The base and its views.
    public internal(set) var tensors: [TensorID]
    /// The base's size in bytes.
    public let bytes: Int
    /// The operator that writes the base; nil for a graph input.
    public let producer: OperatorID?
    /// The distinct operators that read any of its tensors (those that make views included), ascending.
    public internal(set) var readers: [OperatorID]
    /// Whether one of its tensors is a graph output, so that it is never freed.
    public internal(set) var isKept: Bool
  }

  /// The graph.
  public let graph: Graph
  /// The rules.
  public let model: MemoryModel
  /// All storages: graph inputs first, then by a topological order of their producers.
  public let storages: [Storage]
  /// The storage of each tensor, by tensor index; nil for weights and for tensors that nothing produces.
  public let storageIndices: [Int?]
  /// The distinct storages that each operator reads, by operator index, in the order of its inputs.
  public let inputStorages: [[Int]]
  /// The storages that each operator brings into being, read or not, by operator index.
  public let outputStorages: [[Int]]
  /// Bytes of those.
  public let outputBytes: [Int]
  /// Scratch bytes of each operator's kernel.
  public let workspaceBytes: [Int]
  /// The storages that each operator may overwrite with its first output if they die at it, by operator index,
  /// in the order of its inputs. All have exactly the output's size.
  public let overwritableStorages: [[Int]]
  /// Bytes of graph inputs that nobody reads and that are no outputs: live during the first step only.
  public let unusedInputBytes: Int

  /// Works out storages, readers and in-place candidates.
  ///
  /// - Precondition: `model.workspaceBytes` is empty or has a number that is not negative for every operator.
  /// - Complexity: linear in operators, tensors and their connections.
  public init(graph: Graph, model: MemoryModel = MemoryModel()) {
    precondition(
      model.workspaceBytes.isEmpty || model.workspaceBytes.count == graph.operators.count,
      "one workspace per operator is needed")
    precondition(
      model.workspaceBytes.allSatisfy { $0 >= 0 && $0 <= Int.max / 4 },
      "a workspace is negative or absurdly large")
    self.graph = graph
    self.model = model
    workspaceBytes =
      model.workspaceBytes.isEmpty ? [Int](repeating: 0, count: graph.operators.count) : model.workspaceBytes

    var table = StorageTable(graph: graph, sharesViews: model.views)
    table.fill()
    storages = table.storages
    storageIndices = table.indices
    unusedInputBytes = storages.reduce(0) { sum, storage in
      storage.producer == nil && storage.readers.isEmpty && !storage.isKept ? sum + storage.bytes : sum
    }

    let indices = table.indices
    inputStorages = graph.operators.map { node in
      var distinct: [Int] = []
      for input in node.inputs {
        if let storage = indices[input.index], !distinct.contains(storage) { distinct.append(storage) }
      }
      return distinct
    }
    var outputStorages = [[Int]](repeating: [], count: graph.operators.count)
    for (index, storage) in table.storages.enumerated() {
      if let producer = storage.producer { outputStorages[producer.index].append(index) }
    }
    self.outputStorages = outputStorages
    outputBytes = outputStorages.map { $0.reduce(0) { $0 + table.storages[$1].bytes } }
    overwritableStorages = graph.operators.map { node in
      guard model.inPlace, MemoryModel.inPlaceTypes.contains(node.kind.typeName),
        let first = node.outputs.first
      else { return [] }
      let output = graph[first]
      var candidates: [Int] = []
      for input in node.inputs {
        guard let index = indices[input.index], !candidates.contains(index) else { continue }
        let tensor = graph[input]
        if tensor.byteCount == output.byteCount, tensor.elementType == output.elementType,
          table.storages[index].bytes == output.byteCount, !table.storages[index].isKept
        {
          candidates.append(index)
        }
      }
      return candidates
    }
  }
}

/// Collects the storages of a graph in topological order, so that a view's input has its storage already.
private struct StorageTable {
  let graph: Graph
  let sharesViews: Bool
  var storages: [MemoryProblem.Storage] = []
  var indices: [Int?]

  init(graph: Graph, sharesViews: Bool) {
    self.graph = graph
    self.sharesViews = sharesViews
    indices = [Int?](repeating: nil, count: graph.tensors.count)
  }

  mutating func fill() {
    for input in graph.inputs where graph[input].role == .activation && indices[input.index] == nil {
      add(input, producer: nil)
    }
    for id in graph.kahnOrder() {
      let node = graph[id]
      for (position, output) in node.outputs.enumerated() {
        if position == 0, sharesViews, MemoryModel.viewTypes.contains(node.kind.typeName),
          let source = node.inputs.first, let host = indices[source.index]
        {
          indices[output.index] = host
          storages[host].tensors.append(output)
        } else {
          add(output, producer: id)
        }
      }
    }
    for (index, storage) in storages.enumerated() {
      storages[index].readers =
        storage.tensors.count == 1
        ? graph.readers[storage.base.index]
        : Set(storage.tensors.flatMap { graph.readers[$0.index] }).sorted()
    }
    for output in graph.outputs {
      if let storage = indices[output.index] { storages[storage].isKept = true }
    }
  }

  private mutating func add(_ tensor: TensorID, producer: OperatorID?) {
    indices[tensor.index] = storages.count
    storages.append(
      MemoryProblem.Storage(
        base: tensor, tensors: [tensor], bytes: graph[tensor].byteCount, producer: producer, readers: [],
        isKept: false))
  }
}
