import ComputationGraph
import Foundations

/// Networks of published cells, in inference form with executable operators.
public enum PublishedNetworks {
  /// N·normal, reduction, N·normal, reduction, N·normal behind a 3×3 stem; filters double at every reduction.
  public static func cifar(
    _ genotype: Genotype, cellsPerStage: Int, filters: Int, imageSize: Int = 32
  ) throws -> Graph {
    var network = CellNetwork(name: genotype.name)
    let image = network.builder.input("image", shape: [1, 3, imageSize, imageSize])
    let stem = try network.convolve(image, channels: 32, kernel: Size2D(3))
    return try network.finish(
      try network.stages(genotype, [stem, stem], cellsPerStage: cellsPerStage, filters: filters), classes: 10)
  }

  /// The layout for ImageNet: a 3×3 stem of stride 2 and two reduction cells of a half and the whole of `filters`, then
  /// N·normal, reduction, N·normal, reduction, N·normal; filters double at every reduction.
  public static func imageNet(
    _ genotype: Genotype, cellsPerStage: Int, filters: Int, imageSize: Int = 224
  ) throws -> Graph {
    var network = CellNetwork(name: genotype.name)
    let image = network.builder.input("image", shape: [1, 3, imageSize, imageSize])
    let stem = try network.convolve(image, channels: 32, kernel: Size2D(3), stride: 2)
    var states = [stem, stem]
    for width in [filters / 2, filters] {
      states = [states[1], try network.cell(genotype.reduction, states, filters: width, stride: 2)]
    }
    return try network.finish(
      try network.stages(genotype, states, cellsPerStage: cellsPerStage, filters: filters), classes: 1000)
  }

  /// One normal cell by itself: its inputs are what two such cells before it would give.
  public static func normalCell(_ genotype: Genotype, filters: Int, imageSize: Int) throws -> Graph {
    var network = CellNetwork(name: "\(genotype.name), one cell")
    let channels = filters * genotype.normal.concat.count
    let inputs = ["previous", "last"].map {
      network.builder.input($0, shape: [1, channels, imageSize, imageSize])
    }
    let result = try network.cell(genotype.normal, inputs, filters: filters, stride: 1)
    return try network.builder.build(outputs: [result])
  }

  /// The NAS-Bench-201 network (Dong and Yang, ICLR 2020) with the operations `none`, `skip`, `conv1`, `conv3` and
  /// `pool` on the edges 0→1, 0→2, 1→2, 0→3, 1→3, 2→3 of its cell.
  public static func nasBench201(
    _ operations: [String], cellsPerStage: Int = 5, filters: Int = 16, imageSize: Int = 32
  ) throws -> Graph {
    var network = CellNetwork(name: "NAS-Bench-201")
    let image = network.builder.input("image", shape: [1, 3, imageSize, imageSize])
    var x = try network.convolve(image, channels: filters, kernel: Size2D(3))
    var width = filters
    for stage in 0..<3 {
      if stage > 0 {
        width *= 2
        x = try network.residualReduction(x, channels: width)
      }
      for _ in 0..<cellsPerStage { x = try network.benchmarkCell(operations, x, channels: width) }
    }
    return try network.finish(x, classes: 10)
  }

  /// A RandWire network (Xie et al., ICCV 2019): `stages` Watts–Strogatz graphs one after the other.
  public static func randWire(
    nodes: Int = 32, neighbours: Int = 4, rewiring: Double = 0.75, stages: Int = 3, channels: Int = 78,
    imageSize: Int = 56, using generator: inout SeededGenerator
  ) throws -> Graph {
    var network = CellNetwork(name: "RandWire-WS")
    let image = network.builder.input("image", shape: [1, 3, imageSize, imageSize])
    var x = try network.convolve(image, channels: channels / 2, kernel: Size2D(3), stride: 2)
    for stage in 0..<stages {
      let edges = wattsStrogatz(nodes, neighbours, rewiring, using: &generator)
      x = try network.wiredStage(x, nodes: nodes, edges: edges, channels: channels << stage)
    }
    return try network.finish(x, classes: 10)
  }

  /// The edges (lower to higher node) of a Watts–Strogatz ring in which every node has `neighbours` neighbours.
  private static func wattsStrogatz(
    _ nodes: Int, _ neighbours: Int, _ rewiring: Double, using generator: inout SeededGenerator
  ) -> [(Int, Int)] {
    var edges: Set<[Int]> = []
    for distance in 1...neighbours / 2 {
      for node in 0..<nodes {
        var target = (node + distance) % nodes
        if Double.random(in: 0..<1, using: &generator) < rewiring {
          repeat {
            target = Int.random(in: 0..<nodes, using: &generator)
          } while target == node || edges.contains([min(node, target), max(node, target)])
        }
        edges.insert([min(node, target), max(node, target)])
      }
    }
    return edges.map { ($0[0], $0[1]) }.sorted { $0 < $1 }
  }
}

/// Adds the parts of cell networks to a graph.
private struct CellNetwork {
  var builder: GraphBuilder

  init(name: String) { builder = GraphBuilder(name: name) }

  func channels(_ x: TensorID) -> Int { builder.shape(of: x)[1] }
  func side(_ x: TensorID) -> Int { builder.shape(of: x)[2] }

  mutating func convolve(
    _ x: TensorID, channels: Int, kernel: Size2D, stride: Int = 1, dilation: Int = 1, groups: Int = 1
  ) throws -> TensorID {
    let (vertical, horizontal) = (dilation * (kernel.height - 1) / 2, dilation * (kernel.width - 1) / 2)
    let window = Window2D(
      kernel: kernel, stride: Size2D(stride),
      padding: Padding2D(top: vertical, left: horizontal, bottom: vertical, right: horizontal),
      dilation: Size2D(dilation))
    return try builder.convolution(x, outputChannels: channels, window: window, groups: groups, bias: true)
  }

  mutating func pointwise(_ x: TensorID, channels: Int, stride: Int = 1) throws -> TensorID {
    try convolve(try builder.add(.relu, [x]), channels: channels, kernel: Size2D(1), stride: stride)
  }

  mutating func separable(_ x: TensorID, kernel: Int, stride: Int, dilation: Int = 1) throws -> TensorID {
    let width = channels(x)
    let depthwise = try convolve(
      try builder.add(.relu, [x]), channels: width, kernel: Size2D(kernel), stride: stride,
      dilation: dilation,
      groups: width)
    return try convolve(depthwise, channels: width, kernel: Size2D(1))
  }

  mutating func pool(_ x: TensorID, max: Bool, stride: Int) throws -> TensorID {
    let window = Window2D(kernel: Size2D(3), stride: Size2D(stride), padding: Padding2D(1))
    return try builder.add(
      max ? .maxPool(window: window) : .averagePool(window: window, countsPadding: false), [x])
  }

  mutating func operation(_ name: String, _ x: TensorID, stride: Int) throws -> TensorID {
    let width = channels(x)
    switch name {
    case "sep3", "sep5", "sep7":
      let kernel = Int(name.dropFirst(3))!
      return try separable(try separable(x, kernel: kernel, stride: stride), kernel: kernel, stride: 1)
    case "dil3": return try separable(x, kernel: 3, stride: stride, dilation: 2)
    case "avg3", "max3": return try pool(x, max: name == "max3", stride: stride)
    case "1x1": return try pointwise(x, channels: width, stride: stride)
    case "1x7-7x1":
      let row = try convolve(
        try builder.add(.relu, [x]), channels: width, kernel: Size2D(height: 1, width: 7), stride: stride)
      return try convolve(row, channels: width, kernel: Size2D(height: 7, width: 1))
    case "id": return stride == 1 ? x : try pointwise(x, channels: width, stride: stride)
    default: preconditionFailure("no operation is called \(name)")
    }
  }

  mutating func cell(_ cell: Genotype.Cell, _ inputs: [TensorID], filters: Int, stride: Int) throws
    -> TensorID
  {
    let stridePrevious = side(inputs[0]) / side(inputs[1])
    var states = [
      try pointwise(inputs[0], channels: filters, stride: stridePrevious),
      try pointwise(inputs[1], channels: filters),
    ]
    for (a, b) in cell.blocks {
      let left = try operation(a.operation, states[a.input], stride: a.input < 2 ? stride : 1)
      let right = try operation(b.operation, states[b.input], stride: b.input < 2 ? stride : 1)
      states.append(try builder.add(.add(activation: .none), [left, right]))
    }
    return try builder.add(.concat(axis: 1), cell.concat.map { states[$0] })
  }

  /// Three stages of normal cells, a reduction cell between them; returns the last cell's result.
  mutating func stages(_ genotype: Genotype, _ inputs: [TensorID], cellsPerStage: Int, filters: Int) throws
    -> TensorID
  {
    var states = inputs
    var width = filters
    for stage in 0..<3 {
      if stage > 0 {
        width *= 2
        states = [states[1], try cell(genotype.reduction, states, filters: width, stride: 2)]
      }
      for _ in 0..<cellsPerStage {
        states = [states[1], try cell(genotype.normal, states, filters: width, stride: 1)]
      }
    }
    return states[1]
  }

  mutating func benchmarkCell(_ operations: [String], _ x: TensorID, channels: Int) throws -> TensorID {
    let sources = [[0], [0, 1], [0, 1, 2]]
    var states: [TensorID?] = [x]
    var edge = 0
    for inputs in sources {
      var terms: [TensorID] = []
      for input in inputs {
        let name = operations[edge]
        edge += 1
        guard name != "none", let state = states[input] else { continue }
        switch name {
        case "skip": terms.append(state)
        case "pool": terms.append(try pool(state, max: false, stride: 1))
        default:
          let kernel = Size2D(name == "conv1" ? 1 : 3)
          terms.append(try convolve(try builder.add(.relu, [state]), channels: channels, kernel: kernel))
        }
      }
      states.append(terms.count < 2 ? terms.first : try builder.add(.add(activation: .none), terms))
    }
    return states[3] ?? x
  }

  mutating func residualReduction(_ x: TensorID, channels: Int) throws -> TensorID {
    let first = try convolve(
      try builder.add(.relu, [x]), channels: channels, kernel: Size2D(3), stride: 2)
    let second = try convolve(try builder.add(.relu, [first]), channels: channels, kernel: Size2D(3))
    let shortcut = try convolve(
      try pool(x, max: false, stride: 2), channels: channels, kernel: Size2D(1))
    return try builder.add(.add(activation: .none), [second, shortcut])
  }

  mutating func wiredStage(_ x: TensorID, nodes: Int, edges: [(Int, Int)], channels: Int) throws -> TensorID {
    var results: [TensorID] = []
    for node in 0..<nodes {
      let inputs = edges.filter { $0.1 == node }.map { results[$0.0] }
      let sum =
        inputs.isEmpty ? x : inputs.count == 1 ? inputs[0] : try builder.add(.add(activation: .none), inputs)
      let depthwise = try convolve(
        try builder.add(.relu, [sum]), channels: self.channels(sum), kernel: Size2D(3),
        stride: inputs.isEmpty ? 2 : 1, groups: self.channels(sum))
      results.append(try convolve(depthwise, channels: channels, kernel: Size2D(1)))
    }
    let ends = (0..<nodes).filter { node in !edges.contains { $0.0 == node } }.map { results[$0] }
    return ends.count == 1 ? ends[0] : try builder.add(.add(activation: .none), ends)
  }

  mutating func finish(_ x: TensorID, classes: Int) throws -> Graph {
    let pooled = try builder.add(.globalAveragePool, [try builder.add(.relu, [x])])
    let logits = try builder.fullyConnected(
      try builder.add(.flatten, [pooled]), outputs: classes, name: "logits")
    return try builder.build(outputs: [logits])
  }
}
