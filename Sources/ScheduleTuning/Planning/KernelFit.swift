import ComputationGraph
import Kernels
import MemoryPlanning
import SearchSpaces

/// The choice of a network's kernels under a device's memory: the operator level of a policy whose row tile is `fit`.
///
/// Made from the plan with the least workspace of every operator, which must fit the limit. The kernels are chosen by
/// ``KernelBudget``, exactly for a given order; orders are those that the policy's scheduler gives with each of the
/// uniform row tiles. Where offsets take more than the live peak, because of gaps and alignment, and so more than the
/// limit, the budget is lowered and the choice made again, a bounded number of times. The cheapest plan within the
/// limit wins; it never costs more than a uniform row tile of ``KernelSchedule/fittedRowTiles`` that fits.
/// Where transformed weights are over the limit for weights, operators go back to smaller ones, the cheapest for each byte
/// first: a heuristic.
///
///     let fit = try KernelFit(least, arenaLimitBytes: device.arenaLimitBytes)
///     var costs: [OperatorID: [Double]] = [:]
///     for (id, options) in fit.openChoices { costs[id] = … }
///     let plan = try fit.plan(costs: costs)
///
/// Deterministic: equal networks, limits and costs give equal plans.
public struct KernelFit: Sendable {
  /// How often the budget of one order is lowered at most.
  static let maximumLowerings = 16

  /// An order, with the budget it leaves to workspaces.
  private struct Start {
    let schedule: Schedule
    let budget: KernelBudget
    /// The uniform row tiles under which the scheduler gives this order, by index.
    var uniformTiles: [Int]
  }

  /// One kernel schedule of an operator with what it costs.
  private struct Option {
    let schedule: KernelSchedule
    let kernel: KernelOption
    /// Its weights as the kernel stores them, as if no other operator read them.
    let weightBytes: Int

    init(_ schedule: KernelSchedule, cost: Double, of id: OperatorID, in graph: Graph) {
      self.schedule = schedule
      kernel = KernelOption(workspaceBytes: schedule.workspaceBytes(for: id, in: graph), cost: cost)
      let inputs = graph[id].inputs
      weightBytes =
        inputs.count > 1 && graph[inputs[1]].role == .weight
        ? schedule.packedWeightBytes(for: id, in: graph) ?? graph[inputs[1]].byteCount : 0
    }
  }

  /// The largest arena that is allowed.
  public let arenaLimitBytes: Int
  /// The most bytes that weights may have as kernels store them; nil for no limit.
  public let weightLimitBytes: Int?
  /// The operators that have several options within the limit, in the graph's order, and these options, the smallest
  /// workspace first: what costs are needed for.
  public let openChoices: [(id: OperatorID, options: [KernelSchedule])]

  private let least: PlannedNetwork
  /// The options of each operator that some order leaves room for, by operator index.
  private let options: [[KernelSchedule]]
  private let starts: [Start]

  /// Finds out which choices there are.
  ///
  /// - Parameters:
  ///   - least: what ``NetworkPlanner/plan(_:alignment:)`` gives under a policy with ``RowTile/fit``.
  ///   - candidates: the kernel schedules of each operator, by operator index (``KernelCandidates``), the smallest workspace
  ///     first; nil for ``KernelSchedule/fittedOptions(for:in:threads:)``.
  /// - Precondition: its policy has that row tile, its arena and weights are within the limits, and each operator has
  ///   the schedule that `least` gives it among its candidates.
  /// - Throws: ``PlanningError`` if the policy's scheduler fails.
  public init(
    _ least: PlannedNetwork, arenaLimitBytes: Int, weightLimitBytes: Int? = nil,
    candidates: [[KernelSchedule]]? = nil
  ) throws(PlanningError) {
    precondition(least.policy.rowTile == .fit, "the policy leaves no choice of kernels")
    precondition(least.arena.arenaBytes <= arenaLimitBytes, "not even the smallest workspaces fit")
    self.least = least
    self.arenaLimitBytes = arenaLimitBytes
    self.weightLimitBytes = weightLimitBytes
    let starts = try Self.starts(least)
    let graph = least.graph
    let options = graph.operatorIDs.map { id in
      let slack = starts.map { $0.budget.slackBytes(of: id, limitBytes: arenaLimitBytes) }.max() ?? 0
      let all =
        candidates?[id.index] ?? KernelSchedule.fittedOptions(for: id, in: graph, threads: least.threads)
      return all.filter { $0.workspaceBytes(for: id, in: graph) <= slack }
    }
    self.starts = starts
    self.options = options
    openChoices = graph.operatorIDs.filter { options[$0.index].count > 1 }.map { ($0, options[$0.index]) }
  }

  /// The cheapest plan found whose arena and weights are within their limits.
  ///
  /// - Parameter costs: a latency for each option of ``openChoices``, in the same order; finite.
  /// - Precondition: none is missing.
  /// - Throws: ``PlanningError``.
  public func plan(costs: [OperatorID: [Double]]) throws(PlanningError) -> PlannedNetwork {
    var table = least.graph.operatorIDs.map { id in
      let list = options[id.index]
      let values = list.count > 1 ? costs[id] ?? [] : [0]
      precondition(values.count == list.count, "one cost per option is needed")
      return zip(list, values).map { Option($0, cost: $1, of: id, in: least.graph) }
    }
    while true {
      let plan = try cheapest(table)
      guard let weightLimitBytes, plan.weightBytes > weightLimitBytes else { return plan }
      guard forbidLargestWeights(of: plan, &table) else { return least }
    }
  }

  /// Forbids one operator the weights that it has in a plan: those that cost the least for each byte that going without
  /// them saves. False if no operator has smaller ones.
  private func forbidLargestWeights(of plan: PlannedNetwork, _ table: inout [[Option]]) -> Bool {
    var best: (price: Double, index: Int, bytes: Int)?
    for (index, list) in table.enumerated() {
      guard let chosen = list.first(where: { $0.schedule == plan.schedules[index] }) else { continue }
      for other in list where other.weightBytes < chosen.weightBytes {
        let price =
          (other.kernel.cost - chosen.kernel.cost) / Double(chosen.weightBytes - other.weightBytes)
        if best.map({ price < $0.price }) ?? true { best = (price, index, chosen.weightBytes) }
      }
    }
    guard let best else { return false }
    table[best.index].removeAll { $0.weightBytes >= best.bytes }
    return true
  }

  /// The cheapest plan found, whatever its weights.
  private func cheapest(_ table: [[Option]]) throws(PlanningError) -> PlannedNetwork {
    let leastCost = zip(table, least.schedules).reduce(0) { sum, row in
      sum + (row.0.first { $0.schedule == row.1 } ?? row.0[0]).kernel.cost
    }
    var best = (cost: leastCost, plan: least)
    for start in starts {
      try tryBudgets(of: start, table, &best)
      for tile in start.uniformTiles { try tryUniform(tile, start, table, &best) }
    }
    return best.plan
  }

  /// The cheapest choices of an order, for lower and lower budgets, until one fits or costs no less than the best.
  private func tryBudgets(
    of start: Start, _ table: [[Option]], _ best: inout (cost: Double, plan: PlannedNetwork)
  ) throws(PlanningError) {
    var limitBytes = arenaLimitBytes
    let kernels = table.map { $0.map(\.kernel) }
    for _ in 0...Self.maximumLowerings {
      guard let selection = start.budget.choose(among: kernels, limitBytes: limitBytes).selection,
        selection.cost < best.cost
      else { return }
      let plan = try network(
        start.schedule.order, zip(table, selection.optionIndices).map { $0[$1].schedule })
      if plan.arena.arenaBytes <= arenaLimitBytes {
        best = (selection.cost, plan)
        return
      }
      // As much lower as offsets cost beyond the live peak: below this peak, since the arena is above the limit.
      limitBytes = arenaLimitBytes - (plan.arena.arenaBytes - selection.peakBytes)
      if limitBytes < 0 { return }
    }
  }

  /// The choice that a uniform row tile amounts to, under the order that the scheduler gives with it.
  private func tryUniform(
    _ tile: Int, _ start: Start, _ table: [[Option]], _ best: inout (cost: Double, plan: PlannedNetwork)
  ) throws(PlanningError) {
    var schedules: [KernelSchedule] = []
    var cost = 0.0
    for id in least.graph.operatorIDs {
      let wanted = KernelSchedule.choose(
        for: id, in: least.graph, rowTile: KernelSchedule.fittedRowTiles[tile], threads: least.threads)
      guard let option = table[id.index].first(where: { $0.schedule == wanted }) else { return }
      schedules.append(wanted)
      cost += option.kernel.cost
    }
    guard cost < best.cost else { return }
    let plan = try network(start.schedule.order, schedules)
    if plan.arena.arenaBytes <= arenaLimitBytes { best = (cost, plan) }
  }

  /// The plan of kernels that need not fit any limit, in the order of the least workspaces.
  ///
  /// - Parameter schedules: one for each operator, by operator index, which applies to it.
  func unlimitedPlan(schedules: [KernelSchedule]) throws(PlanningError) -> PlannedNetwork {
    try network(least.schedule.order, schedules)
  }

  /// The plan of a choice.
  private func network(
    _ order: [OperatorID], _ schedules: [KernelSchedule]
  ) throws(PlanningError) -> PlannedNetwork {
    let bounded = BoundedNetwork(
      policy: least.policy, inference: least.inference, schedules: schedules, threads: least.threads)
    let schedule: Schedule
    do {
      schedule = try Schedule(
        order: order, problem: bounded.problem, scheduler: least.schedule.scheduler)
    } catch {
      throw .scheduling(error)
    }
    return try NetworkPlanner.place(
      bounded, schedule: schedule, alignment: least.arena.alignment, trivialBound: least.trivialBound)
  }

  /// The scheduler's distinct orders, that with the least workspace first.
  private static func starts(_ least: PlannedNetwork) throws(PlanningError) -> [Start] {
    let graph = least.graph
    let scheduler = try NetworkPlanner.scheduler(of: least.policy)
    var starts: [Start] = []
    func add(_ schedule: Schedule, _ problem: MemoryProblem, tile: Int?) throws(SchedulingError) {
      let tiles = tile.map { [$0] } ?? []
      if let known = starts.firstIndex(where: { $0.schedule.order == schedule.order }) {
        starts[known].uniformTiles += tiles
      } else {
        let budget = try KernelBudget(problem, order: schedule.order)
        starts.append(Start(schedule: schedule, budget: budget, uniformTiles: tiles))
      }
    }
    do throws(SchedulingError) {
      try add(least.schedule, MemoryProblem(graph: graph, model: least.model), tile: nil)
      for (tile, rowTile) in KernelSchedule.fittedRowTiles.enumerated() {
        let workspaceBytes = graph.operatorIDs.map {
          KernelSchedule.choose(for: $0, in: graph, rowTile: rowTile, threads: least.threads)
            .workspaceBytes(for: $0, in: graph)
        }
        var model = least.model
        model.workspaceBytes = workspaceBytes
        let problem = MemoryProblem(graph: graph, model: model)
        try add(scheduler.schedule(problem), problem, tile: tile)
      }
    } catch {
      throw .scheduling(error)
    }
    return starts
  }
}
