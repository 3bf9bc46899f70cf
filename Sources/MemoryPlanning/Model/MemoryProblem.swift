import ComputationGraph

/// A graph under a memory model, as schedulers and allocators see it: storages, who writes and who reads them.
///
/// A storage is a tensor with all its views; the result of an elided Concat is a view of several storages. For a set
/// S of executed operators,
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
    /// The base, its views and the results of elided Concats that it is a part of.
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
  /// The storages of each tensor, by tensor index: none for weights and for tensors that nothing produces, several
  /// one behind the other for the results of elided Concats and their views, else one.
  public let storageIndices: [[Int]]
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
  /// The storages that elided Concats tie together.
  let rigidGroups: [RigidGroup]

  /// Works out storages, readers and in-place candidates.
  ///
  /// - Precondition: `model.workspaceBytes` is empty or has a number that is not negative for every operator, and
  ///   `model.elidedConcats` passes ``ConcatElision/verify(_:_:views:)``.
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

    let table: StorageTable
    do throws(SchedulingError) {
      table = try StorageTable(
        graph: graph, sharesViews: model.views, elidedConcats: model.elidedConcats)
      rigidGroups = try RigidGroup.groups(of: table, in: graph)
    } catch {
      preconditionFailure("the memory model is not for this graph: \(error)")
    }
    storages = table.storages
    storageIndices = table.indices
    unusedInputBytes = storages.reduce(0) { sum, storage in
      storage.producer == nil && storage.readers.isEmpty && !storage.isKept ? sum + storage.bytes : sum
    }

    inputStorages = graph.operators.map { node in
      var distinct: [Int] = []
      for input in node.inputs {
        for storage in table.indices[input.index] where !distinct.contains(storage) {
          distinct.append(storage)
        }
      }
      return distinct
    }
    var outputStorages = [[Int]](repeating: [], count: graph.operators.count)
    for (index, storage) in table.storages.enumerated() {
      if let producer = storage.producer { outputStorages[producer.index].append(index) }
    }
    self.outputStorages = outputStorages
    outputBytes = outputStorages.map { $0.reduce(0) { $0 + table.storages[$1].bytes } }
    let isTied = Set(table.elisions.flatMap(\.parts))
    overwritableStorages = graph.operators.map { node in
      table.overwritable(by: node, graph, model).filter { !table.storages[$0].isKept && !isTied.contains($0) }
    }
  }
}

extension StorageTable {
  /// The storages that the model lets an operator overwrite with its first output if they die at it, those that never
  /// die among them.
  fileprivate func overwritable(by node: Operator, _ graph: Graph, _ model: MemoryModel) -> [Int] {
    guard model.inPlace, MemoryModel.inPlaceTypes.contains(node.kind.typeName),
      let first = node.outputs.first
    else { return [] }
    let output = graph[first]
    var candidates: [Int] = []
    for input in node.inputs {
      let tensor = graph[input]
      guard tensor.role == .activation, tensor.byteCount == output.byteCount,
        tensor.elementType == output.elementType
      else { continue }
      if let index = indices[input.index].first, indices[input.index].count == 1,
        storages[index].bytes == output.byteCount, !candidates.contains(index)
      {
        candidates.append(index)
      }
      if model.inPlaceOperand == .firstOfEqualSize { break }
    }
    return candidates
  }
}
