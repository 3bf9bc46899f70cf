import ComputationGraph
import Foundations
import Kernels
import MemoryPlanning

/// max|a − b| / max|b|; infinite if a value is not a number, or infinite on one side only.
func relativeError(_ a: [Float], _ b: [Float]) -> Double {
  guard a.count == b.count else { return .infinity }
  var largest = 0.0
  var difference = 0.0
  for (x, y) in zip(a, b) where x != y {
    guard x.isFinite, y.isFinite else { return .infinity }
    difference = max(difference, Double((x - y).magnitude))
  }
  for y in b where y.isFinite { largest = max(largest, Double(y.magnitude)) }
  return difference == 0 ? 0 : difference / largest
}

/// Random values of both signs for a tensor.
func randomValues(_ count: Int, _ generator: inout SeededGenerator) -> [Float] {
  (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
}

/// Random weights with batch-norm statistics that are not neutral, and biases that count.
func randomWeights(for graph: Graph, _ generator: inout SeededGenerator) -> WeightValues {
  var weights = WeightValues.random(for: graph, using: &generator)
  for node in graph.operators {
    switch node.kind {
    case .batchNormalization:
      for (position, range) in zip(
        1..., [0.5...1.5, -0.5...0.5, -0.5...0.5, 0.2...2] as [ClosedRange<Float>])
      {
        let tensor = graph[node.inputs[position]]
        weights[tensor.name] = (0..<tensor.shape.elementCount).map { _ in
          .random(in: range, using: &generator)
        }
      }
    case .convolution, .fullyConnected:
      guard node.inputs.count > 2 else { continue }
      let tensor = graph[node.inputs[2]]
      weights[tensor.name] = randomValues(tensor.shape.elementCount, &generator)
    default: break
    }
  }
  return weights
}

extension PreparedKernel {
  /// The whole output, share by share.
  func runAllShares(of schedule: KernelSchedule) {
    for part in 0..<schedule.threads { run(part: part, of: schedule.threads) }
  }
}

/// A graph planned by one scheduler, with the kernel schedules of one row tile.
struct PlannedGraph {
  let graph: Graph
  let schedules: [KernelSchedule]
  let order: [OperatorID]
  let plan: ArenaPlan
  let model: MemoryModel

  init(
    _ graph: Graph, rowTile: Int?, scheduler: SchedulerName = .file, views: Bool = true, inPlace: Bool = true,
    alignment: Int = 64, schedules given: [KernelSchedule]? = nil, elidesConcats: Bool = false
  ) throws {
    self.graph = graph
    let schedules =
      given ?? graph.operatorIDs.map { KernelSchedule.choose(for: $0, in: graph, rowTile: rowTile) }
    self.schedules = schedules
    model = MemoryModel(
      inPlace: inPlace, views: views,
      workspaceBytes: graph.operatorIDs.map { schedules[$0.index].workspaceBytes(for: $0, in: graph) },
      elidedConcats: elidesConcats
        ? ConcatElision.together(ConcatElision.candidates(graph, views: views), graph, views: views) : [])
    let problem = MemoryProblem(graph: graph, model: model)
    order = try scheduler.scheduler.schedule(problem).order
    plan = try GreedyBySizeAllocator().allocate(problem, order: order, alignment: alignment)
    try PlanValidator.validate(plan, graph: graph, model: model, order: order)
  }

  func executor(
    weights: WeightValues, mode: NetworkExecutor.Mode = .checked, plan other: ArenaPlan? = nil,
    threads: Int = 1
  ) throws(KernelError) -> NetworkExecutor {
    try NetworkExecutor(
      graph: graph, order: order, plan: other ?? plan, schedules: schedules, weights: weights,
      threads: threads,
      mode: mode)
  }
}

extension ArenaPlan {
  /// The same plan with some buffers changed.
  func changing(arenaBytes: Int? = nil, _ change: (ArenaBuffer) -> ArenaBuffer?) -> ArenaPlan {
    ArenaPlan(
      alignment: alignment, arenaBytes: arenaBytes ?? self.arenaBytes, unpaddedArenaBytes: unpaddedArenaBytes,
      buffers: buffers.compactMap(change))
  }
}

extension ArenaBuffer {
  /// The same buffer elsewhere, or of another size.
  func with(offset: Int? = nil, bytes: Int? = nil) -> ArenaBuffer {
    ArenaBuffer(
      name: name, kind: kind, storage: storage, bytes: bytes ?? self.bytes, offset: offset ?? self.offset,
      firstStep: firstStep, lastStep: lastStep)
  }
}
