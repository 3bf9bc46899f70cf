import ComputationGraph

/// What a plan comes to: the nodes that are divided, and the tensors that are known by parts.
struct ResolvedPartition {
  /// A tensor that is known by parts.
  struct Divided {
    let partition: TensorPartition
    /// Whether somebody reads the tensor as a whole.
    var isNeededWhole: Bool
  }

  /// How each divided node is divided, by index in the file.
  private(set) var rules: [Int: PartitionRule] = [:]
  /// The divided tensor that each divided node reads; none for Concats, which may read several.
  private(set) var sources: [Int: String] = [:]
  /// Results of Concats and of nodes that are divided without adding up.
  private(set) var divided: [String: Divided] = [:]
  /// The names of the parts' nodes, partial results and sums, by node.
  private(set) var names: [Int: PartNames] = [:]
  /// The names that are taken.
  private(set) var taken: NameSet

  /// Names of what takes a node's place.
  struct PartNames {
    var nodes: [String] = []
    var tensors: [String] = []
    var sumNodes: [String] = []
    var sumTensors: [String] = []
    var concatNode = ""
  }

  /// Applies `plan` as far as it goes.
  ///
  /// - Complexity: linear in nodes, their connections and parts.
  init(_ facts: PartitionableGraph, _ plan: PartitionPlan) {
    taken = facts.names
    /// Who reads the parts instead of the whole, by tensor.
    var partReaders: [String: Set<Int>] = [:]
    for index in facts.order {
      let node = facts.proto.graph.node[index]
      if var partition = facts.concats[index] {
        if plan.nodes.contains(index), let flat = flattened(partition, index, facts) {
          for part in partition.parts where divided[part.tensor]?.partition.axis == partition.axis {
            partReaders[part.tensor, default: []].insert(index)
          }
          rules[index] = .flattening
          partition = flat
        }
        divided[node.output[0]] = Divided(partition: partition, isNeededWhole: true)
        continue
      }
      guard plan.nodes.contains(index) else { continue }
      for input in node.input {
        guard let partition = divided[input]?.partition,
          let rule = facts.rule(for: index, reading: input, as: partition)
        else { continue }
        rules[index] = rule
        sources[index] = input
        partReaders[input, default: []].insert(index)
        name(index, rule, partition, facts)
        break
      }
    }
    for tensor in divided.keys {
      let readers = facts.readers(of: tensor)
      divided[tensor]?.isNeededWhole =
        facts.isOutput(tensor) || readers.isEmpty
        || !readers.allSatisfy { partReaders[tensor]?.contains($0) ?? false }
    }
  }

  /// The parts of a Concat's result with divided inputs replaced by theirs, or nil if none is divided.
  private func flattened(_ partition: TensorPartition, _ index: Int, _ facts: PartitionableGraph)
    -> TensorPartition?
  {
    var parts: [TensorPartition.Part] = []
    var isChanged = false
    for part in partition.parts {
      if let inner = divided[part.tensor]?.partition,
        facts.rule(for: index, reading: part.tensor, as: inner) == .flattening
      {
        parts += inner.parts
        isChanged = true
      } else {
        parts.append(part)
      }
    }
    guard parts.count <= PartitionableGraph.maximumParts else { return nil }
    return isChanged ? TensorPartition(axis: partition.axis, parts: parts) : nil
  }

  private mutating func name(
    _ index: Int, _ rule: PartitionRule, _ partition: TensorPartition, _ facts: PartitionableGraph
  ) {
    let output = facts.proto.graph.node[index].output[0]
    let label = facts.label(index)
    var names = PartNames()
    let count = partition.parts.count
    if count == 1 {
      names.nodes = [facts.proto.graph.node[index].name]
      names.tensors = [output]
    } else {
      for part in 0..<count {
        names.tensors.append(taken.unique("\(output).part\(part)"))
        names.nodes.append(taken.unique("\(label).part\(part)"))
      }
      if case .partialSum = rule {
        for sum in 1..<count {
          names.sumTensors.append(sum == count - 1 ? output : taken.unique("\(output).sum\(sum)"))
          names.sumNodes.append(taken.unique("\(label).sum\(sum)"))
        }
      }
    }
    if case .perPart(let rule) = rule {
      names.concatNode = taken.unique("\(label).concat")
      divided[output] = Divided(
        partition: TensorPartition(
          axis: partition.axis,
          parts: zip(names.tensors, partition.parts).map { tensor, part in
            .init(tensor: tensor, extent: part.extent / rule.channelsRead * rule.channelsWritten)
          }), isNeededWhole: true)
    }
    self.names[index] = names
  }
}
