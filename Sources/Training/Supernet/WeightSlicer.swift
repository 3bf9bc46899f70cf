import ComputationGraph

/// Finds the slice of every weight by following the channels of activations through a network and through the same
/// network at the largest width.
struct WeightSlicer {
  /// Channels (or features) that belong together: a concatenation has several parts.
  private struct Part {
    let own: Int
    let largest: Int
  }

  private(set) var weights: [String: SharedWeight] = [:]
  private let graph: Graph
  private let largest: Graph
  /// The parts of each activation's channels.
  private var parts: [TensorID: [Part]] = [:]

  init(graph: Graph, largest: Graph) throws(TrainingError) {
    let isSame =
      graph.operators.count == largest.operators.count && graph.inputs == largest.inputs
      && graph.outputs == largest.outputs
      && zip(graph.operators, largest.operators).allSatisfy {
        $0.name == $1.name && $0.inputs == $1.inputs && $0.outputs == $1.outputs
      }
    guard isSame else {
      throw .unsupportedGraph(reason: "the largest network has another structure than the subnet")
    }
    self.graph = graph
    self.largest = largest
  }

  /// Slices the weights of all operators.
  mutating func slice() throws(TrainingError) {
    for input in graph.inputs { parts[input] = whole(input) }
    for id in graph.kahnOrder() {
      let node = graph[id]
      let source = parts[node.inputs[0]]!
      var result = whole(node.outputs[0])
      switch node.kind {
      case .convolution, .fullyConnected:
        // One filter a channel, or filters that read the channels of their group in order.
        let groups = groupCount(of: largest[id])
        let isDepthwise = groups > 1 && groups == source.reduce(0) { $0 + $1.largest }
        if isDepthwise, result[0].largest == groups { result = source }
        let weight = node.inputs[1]
        let columns = groups == 1 ? source : whole(weight, axis: 1)
        let fanIn = max(1, largest[weight].shape.elementCount / max(1, largest[weight].shape[0]))
        try add(
          weight, rows: result, columns: columns,
          filling: .normal(deviation: (2 / Double(fanIn)).squareRoot()))
        if node.inputs.count == 3 { try add(node.inputs[2], rows: result, filling: .normal(deviation: 0.01)) }
      case .batchNormalization:
        result = source
        try add(node.inputs[1], rows: source, filling: .constant(1))
        try add(node.inputs[2], rows: source, filling: .constant(0))
      case .concat:
        result = node.inputs.flatMap { parts[$0]! }
      case .flatten:
        let (own, wide) = (pixels(node.inputs[0], graph), pixels(node.inputs[0], largest))
        result = source.map { Part(own: $0.own * own, largest: $0.largest * wide) }
      case .add:
        result = node.inputs.map { parts[$0]! }.max { $0.count < $1.count }!
      default: result = source
      }
      parts[node.outputs[0]] = result
    }
  }

  private func groupCount(of node: Operator) -> Int {
    if case .convolution(_, let groups, _, _) = node.kind { groups } else { 1 }
  }

  private func pixels(_ id: TensorID, _ graph: Graph) -> Int {
    let shape = graph[id].shape
    return shape.elementCount / shape[1]
  }

  /// An axis as a single part.
  private func whole(_ id: TensorID, axis: Int = 1) -> [Part] {
    [Part(own: graph[id].shape[axis], largest: largest[id].shape[axis])]
  }

  /// Adds a weight of [rows][columns][taps].
  private mutating func add(
    _ id: TensorID, rows: [Part], columns: [Part] = [Part(own: 1, largest: 1)], filling: SharedWeight.Filling
  ) throws(TrainingError) {
    let own = graph[id].shape
    let shared = largest[id].shape
    let taps = own.rank == 4 ? own[2] * own[3] : 1
    let ownColumns = columns.reduce(0) { $0 + $1.own }
    let sharedColumns = columns.reduce(0) { $0 + $1.largest }
    var runs: [SharedWeight.Run] = []
    var count = 0
    var sharedRow = 0
    for part in rows {
      for row in 0..<part.own {
        var sharedColumn = 0
        for column in columns {
          let start = ((sharedRow + row) * sharedColumns + sharedColumn) * taps
          let length = column.own * taps
          if let last = runs.last, last.shared + last.count == start {
            runs[runs.count - 1].count += length
          } else {
            runs.append(SharedWeight.Run(own: count, shared: start, count: length))
          }
          count += length
          sharedColumn += column.largest
        }
      }
      sharedRow += part.largest
    }
    let fits =
      count == own.elementCount && sharedRow * sharedColumns * taps == shared.elementCount
      && rows.allSatisfy { $0.own <= $0.largest } && columns.allSatisfy { $0.own <= $0.largest }
      && ownColumns * taps * rows.reduce(0) { $0 + $1.own } == count
    guard fits else {
      throw .unsupportedGraph(
        reason: "weight '\(graph[id].name)' of \(own) is no slice of \(shared) in the largest network")
    }
    let name = graph[id].name
    weights[name] = SharedWeight(
      name: name, key: "\(name) \(shared)", sharedCount: shared.elementCount, runs: runs, filling: filling)
  }
}
