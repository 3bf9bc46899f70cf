import ComputationGraph
import Kernels

extension KernelSchedule {
  /// The row tiles that ``RowTile/fit`` chooses from per operator: rows, nil for the whole image; the uniform choices
  /// that it competes with.
  public static let fittedRowTiles: [Int?] = [1, 2, 4, 8, nil]

  /// The option of ``fittedOptions(for:in:threads:)`` by which a network is admitted to a device: that with the smallest
  /// workspace of those that store no more weights than there are.
  public static func leastOption(for id: OperatorID, in graph: Graph, threads: Int = 1) -> KernelSchedule {
    let options = fittedOptions(for: id, in: graph, threads: threads)
    guard graph[id].inputs.count > 1 else { return options[0] }
    let bytes = graph[graph[id].inputs[1]].byteCount
    return options.first { ($0.packedWeightBytes(for: id, in: graph) ?? 0) <= bytes } ?? options[0]
  }

  /// Algorithms that have a choice of row tiles.
  private static let tiledAlgorithms: [KernelAlgorithm] = [
    .im2colGEMM, .directPanel, .winograd2x2, .winograd4x4,
  ]

  /// The kernel schedules that an operator can be given under ``RowTile/fit``, the smallest workspace first.
  ///
  /// For a convolution these are all algorithms that apply, each with every row tile; tiles that come to the same
  /// workspace as the whole image count once. Fully connected layers
  /// of one image have two. Other operators have the single one that
  /// ``choose(for:in:rowTile:threads:)`` gives. With several threads, what is worth sharing is shared, and comes unshared as
  /// well where that takes less workspace.
  ///
  /// - Precondition: `threads` is positive.
  public static func fittedOptions(for id: OperatorID, in graph: Graph, threads: Int = 1) -> [KernelSchedule]
  {
    let standard = choose(for: id, in: graph, rowTile: nil, threads: threads)
    if case .fullyConnected = graph[id].kind, graph[graph[id].inputs[0]].shape[0] == 1 {
      var products = standard
      products.algorithm = .dotProducts
      return [standard, products]
    }
    guard case .convolution = graph[id].kind, standard.algorithm != .depthwiseDirect,
      graph[graph[id].outputs[0]].layout == .nchw
    else {
      return [standard]
    }
    var options: [(workspaceBytes: Int, schedule: KernelSchedule)] = []
    func add(_ schedule: KernelSchedule) {
      guard schedule.applies(to: id, in: graph) else { return }
      let bytes = schedule.workspaceBytes(for: id, in: graph)
      var shared = schedule
      shared.threads = standard.threads
      let sharedBytes = shared.workspaceBytes(for: id, in: graph)
      options.append((sharedBytes, shared))
      if bytes < sharedBytes { options.append((bytes, schedule)) }
    }
    add(KernelSchedule(algorithm: .gemm1x1))
    let inPlace = KernelSchedule(algorithm: .directInPlace)
    add(inPlace)
    for lanes in VectorLanes.allCases where lanes != inPlace.chosenLanes(for: id, in: graph) {
      add(KernelSchedule(algorithm: .directInPlace, lanes: lanes))
    }
    let rows = graph[graph[id].outputs[0]].shape[2]
    for algorithm in tiledAlgorithms {
      // A 1×1 convolution is its own panel: no product of ours gains by copying it.
      if algorithm == .im2colGEMM, standard.algorithm == .gemm1x1 { continue }
      let whole = KernelSchedule(algorithm: algorithm)
      guard whole.applies(to: id, in: graph) else { continue }
      let bytes = whole.workspaceBytes(for: id, in: graph)
      for tile in fittedRowTiles.compactMap({ $0 }) where tile < rows {
        let schedule = KernelSchedule(algorithm: algorithm, rowTile: tile)
        if schedule.workspaceBytes(for: id, in: graph) < bytes { add(schedule) }
      }
      add(whole)
    }
    return options.enumerated().sorted {
      ($0.element.workspaceBytes, $0.offset) < ($1.element.workspaceBytes, $1.offset)
    }
    .map(\.element.schedule)
  }
}
