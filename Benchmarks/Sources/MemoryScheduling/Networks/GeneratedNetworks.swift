import ComputationGraph
import Foundations
import TestSupport

/// Networks of published cells, built here, so that there is something to measure without any file.
enum GeneratedNetworks {
  /// Cells and filters of a published network's two layouts.
  private struct Layout {
    let name: String
    let genotype: Genotype
    let cifar: (cellsPerStage: Int, filters: Int)
    let imageNet: (cellsPerStage: Int, filters: Int)
  }

  /// As in HMCOS's benchmark, where that is known.
  private static let layouts = [
    Layout(name: "nasnet-a", genotype: .nasNetA, cifar: (6, 32), imageNet: (4, 44)),
    Layout(name: "amoebanet-a", genotype: .amoebaNetA, cifar: (6, 36), imageNet: (4, 50)),
    Layout(name: "darts-v2", genotype: .dartsV2, cifar: (6, 36), imageNet: (4, 48)),
    Layout(name: "pnasnet-5", genotype: .pnasNet5, cifar: (3, 48), imageNet: (3, 54)),
  ]

  /// The best cell of NAS-Bench-201 on CIFAR-10, one with more kinds of operations, and the densest one.
  private static let benchmarkCells = [
    ("best-cifar10", ["conv3", "conv3", "conv3", "skip", "conv3", "conv1"]),
    ("mixed", ["pool", "conv1", "skip", "conv3", "conv3", "conv3"]),
    ("all-conv3", ["conv3", "conv3", "conv3", "conv3", "conv3", "conv3"]),
  ]

  /// The layouts of HMCOS's benchmark for four cells, single cells as SERENITY schedules them, RandWire networks and
  /// cells, and NAS-Bench-201 networks; with `quick`, one small network of each kind.
  static func all(quick: Bool) throws -> [BenchmarkNetwork] {
    var networks: [BenchmarkNetwork] = []
    func add(_ name: String, _ origin: BenchmarkNetwork.Origin, _ graph: Graph) {
      networks.append(BenchmarkNetwork(name: name, origin: origin, graph: graph))
    }
    for layout in layouts {
      add(
        "\(layout.name)-cifar", .generated,
        try PublishedNetworks.cifar(
          layout.genotype, cellsPerStage: quick ? 1 : layout.cifar.cellsPerStage,
          filters: layout.cifar.filters))
      if quick { continue }
      add(
        "\(layout.name)-imagenet", .generated,
        try PublishedNetworks.imageNet(
          layout.genotype, cellsPerStage: layout.imageNet.cellsPerStage, filters: layout.imageNet.filters))
      add(
        "\(layout.name)-cell", .cell,
        try PublishedNetworks.normalCell(layout.genotype, filters: layout.imageNet.filters, imageSize: 28))
    }
    for seed in 0..<(quick ? 1 : 3) {
      var generator = SeededGenerator(seed: UInt64(seed))
      if !quick { add("randwire-s\(seed)", .generated, try PublishedNetworks.randWire(using: &generator)) }
      add("randwire-cell-s\(seed)", .cell, try PublishedNetworks.randWire(stages: 1, using: &generator))
    }
    for (name, operations) in benchmarkCells.prefix(quick ? 1 : benchmarkCells.count) {
      add("nb201-\(name)", .generated, try PublishedNetworks.nasBench201(operations))
    }
    return networks
  }

  /// Networks of 10,000 operators and more; with `quick`, one.
  static func large(quick: Bool) throws -> [BenchmarkNetwork] {
    var generator = SeededGenerator(seed: 1)
    let tangles = RandomGraphs.cells(count: 700, operatorsPerCell: 14, using: &generator)
    var networks = [BenchmarkNetwork(name: "random-cells-700", origin: .generated, graph: tangles)]
    if !quick {
      let stack = try PublishedNetworks.cifar(.nasNetA, cellsPerStage: 100, filters: 32)
      networks.append(BenchmarkNetwork(name: "nasnet-a-302-cells", origin: .generated, graph: stack))
    }
    return networks
  }
}
