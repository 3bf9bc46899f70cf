import ComputationGraph

/// An order of operators whose kernels are still to be chosen under a limit of memory.
///
/// A workspace lives during its own operator's step only. With the order fixed, the bytes live at a step are those of
/// tensors, which no kernel changes, plus the workspace of that one operator:
///
///     peak ≤ limit  ⇔  workspace(v) ≤ limit − live(v) for every operator v
///
/// So the choice separates by operators, and taking the cheapest option that fits for each of them is exact.
///
///     let budget = try KernelBudget(problem, order: schedule.order)
///     if case .cheapest(let selection) = budget.choose(among: options, limitBytes: 96 << 10) { … }
public struct KernelBudget: Sendable {
  /// The order.
  public let order: [OperatorID]
  /// Bytes live while each operator runs, its own workspace left out, by operator index.
  public let liveBytes: [Int]
  private let names: [String]

  /// Works out what is live at every step of an order, whatever workspaces `problem` has.
  ///
  /// - Throws: ``SchedulingError`` if `order` is not valid.
  /// - Complexity: linear in operators, tensors and their connections.
  public init(_ problem: MemoryProblem, order: [OperatorID]) throws(SchedulingError) {
    let profile = try problem.evaluate(order)
    var liveBytes = [Int](repeating: 0, count: order.count)
    for (step, id) in order.enumerated() {
      liveBytes[id.index] = profile.liveBytes[step] - problem.workspaceBytes[id.index]
    }
    self.order = order
    self.liveBytes = liveBytes
    names = problem.graph.operators.map(\.name)
  }

  /// The largest workspace that an operator may have under a limit; negative if its step is above the limit without.
  public func slackBytes(of id: OperatorID, limitBytes: Int) -> Int { limitBytes - liveBytes[id.index] }

  /// A cheapest choice of one option per operator whose live peak is within the limit, or the proof that none is.
  ///
  /// Of options that cost the same the one with the smaller workspace is taken, then the one that comes first.
  ///
  /// - Parameter options: the options of each operator, by operator index, in any order.
  /// - Precondition: every operator has an option, and the limit is not negative.
  /// - Complexity: linear in the number of options.
  public func choose(among options: [[KernelOption]], limitBytes: Int) -> KernelChoice {
    precondition(options.count == order.count, "one list of options per operator is needed")
    precondition(limitBytes >= 0, "the limit is negative")
    if let shortage = shortage(among: options, limitBytes: limitBytes) { return .infeasible(shortage) }
    var indices: [Int] = []
    var workspaceBytes: [Int] = []
    var peakBytes = 0
    var cost = 0.0
    for (index, list) in options.enumerated() {
      let slack = limitBytes - liveBytes[index]
      let best = list.indices.filter { list[$0].workspaceBytes <= slack }.min {
        (list[$0].cost, list[$0].workspaceBytes, $0) < (list[$1].cost, list[$1].workspaceBytes, $1)
      }
      guard let best else { preconditionFailure("an option that fits was found a moment ago") }
      indices.append(best)
      workspaceBytes.append(list[best].workspaceBytes)
      peakBytes = max(peakBytes, liveBytes[index] + list[best].workspaceBytes)
      cost += list[best].cost
    }
    return .cheapest(
      KernelChoice.Selection(
        optionIndices: indices, workspaceBytes: workspaceBytes, peakBytes: peakBytes, cost: cost))
  }

  /// The operator that needs the most with its smallest workspace, if that is above the limit.
  private func shortage(among options: [[KernelOption]], limitBytes: Int) -> KernelChoice.Shortage? {
    var worst: KernelChoice.Shortage?
    for id in order {
      guard let least = options[id.index].map(\.workspaceBytes).min() else {
        preconditionFailure("operator '\(names[id.index])' has no option")
      }
      let needed = liveBytes[id.index] + least
      if needed > max(limitBytes, worst?.neededBytes ?? 0) {
        worst = KernelChoice.Shortage(
          operatorID: id, operatorName: names[id.index], neededBytes: needed, limitBytes: limitBytes)
      }
    }
    return worst
  }
}
