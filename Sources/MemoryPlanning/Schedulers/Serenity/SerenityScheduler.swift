import ComputationGraph

/// SERENITY's scheduling: Ahn et al., "Ordering Chaos: Memory-Aware Scheduling of Irregularly Wired Neural Networks for
/// Edge Devices", MLSys 2020 (doi 10.48550/arXiv.2003.02369).
///
/// 1. *Divide and conquer*: the graph is cut after every operator that is comparable with all others
///    (``HourglassPartition``); the pieces are scheduled apart, in the memory that the rest leaves them
///    (``SerenityPiece``).
/// 2. *Dynamic programming* over zero-indegree signatures (``SignatureSearch``).
/// 3. *Adaptive soft budgeting*: memory budgets from the peak of Kahn's order down, until one of them neither leaves
///    too many states in a step nor too few for an order (``PieceSchedule``).
///
/// Exact: the order found within any budget is the piece's best, and the largest peak of the pieces is the graph's.
/// Exponential at worst in the number of operators that are independent of each other. The paper's rewriting of
/// graphs is no part of this.
///
/// Reconstructed or added here: a step is limited by its number of states, not by time, so that results are
/// deterministic; a budget under which no order was found proves a lower bound, the least that was blocked, and
/// no budget below it is tried again, nor one under which a search that was cut off would be the same; where every
/// budget leads to too many states, the limit is raised eightfold for the pieces that decide the graph's peak; when
/// work, memory or time run out, a piece takes the best of Kahn's order, reverse post-order and the orders of
/// searches that keep a few states per step, and what was proved is the bound.
public struct SerenityScheduler: OperatorScheduler {
  /// `serenity`.
  public var name: String { SchedulerName.serenity.rawValue }

  /// The most states of a step in the first rounds.
  public let statesPerStep: Int

  /// The most work of one schedule: ready operators of states that are tried, about 50 ns each.
  /// A quarter of it is for completing pieces without a proof.
  public let maximumWork: Int

  /// The memory that states and the links between them may take, in bytes; buffers that grow can exceed it by twice
  /// as much for a moment.
  public let memoryLimitBytes: Int

  /// Whether the graph is cut at hourglasses. Off, the paper's ablation: one piece.
  public let dividesAtHourglasses: Bool

  /// Whether budgets are tried. Off, the paper's ablation: one search for each piece, without budget and step limit.
  public let usesSoftBudgets: Bool

  private let widths = [1, 8, 64, 512, 4096]

  /// Creates the scheduler.
  ///
  /// - Precondition: `statesPerStep` is positive and no other limit is negative.
  public init(
    statesPerStep: Int = 2048, maximumWork: Int = 100_000_000, memoryLimitBytes: Int = 256 << 20,
    dividesAtHourglasses: Bool = true, usesSoftBudgets: Bool = true
  ) {
    precondition(statesPerStep > 0, "a step needs a state at least")
    precondition(maximumWork >= 0 && memoryLimitBytes >= 0, "limits must not be negative")
    self.statesPerStep = statesPerStep
    self.maximumWork = maximumWork
    self.memoryLimitBytes = min(memoryLimitBytes, 8 << 30)
    self.dividesAtHourglasses = dividesAtHourglasses
    self.usesSoftBudgets = usesSoftBudgets
  }

  /// The best order within the limits, never worse than Kahn's order and reverse post-order; never throws for a
  /// verified graph.
  ///
  /// - Parameter timeLimit: kept to within the time of a few thousand moves and of preparing the pieces. A quarter of
  ///   it is for completing pieces without a proof.
  public func schedule(_ problem: MemoryProblem, timeLimit: Duration?) throws(SchedulingError) -> Schedule {
    let start = ContinuousClock.now
    var pieces = pieces(of: problem)
    let search = SignatureSearch(memoryLimitBytes: memoryLimitBytes)
    search.deadline = timeLimit.map { start + $0 * 3 / 4 }
    let workLeft = scheduleApart(&pieces, search, work: maximumWork - maximumWork / 4)
    search.remainingWork = workLeft
    if usesSoftBudgets { raiseStepLimits(&pieces, search) }
    search.deadline = timeLimit.map { start + $0 }
    search.remainingWork += maximumWork / 4
    complete(&pieces, search)
    let order = pieces.flatMap { piece in piece.order.map { piece.piece.operators[Int($0)] } }
    return try Schedule(
      order: order, problem: problem, scheduler: name, lowerBytes: pieces.map(\.lowerBytes).max() ?? 0)
  }

  /// The pieces with the better of their parts of Kahn's order and reverse post-order.
  private func pieces(of problem: MemoryProblem) -> [PieceSchedule] {
    let kahn = problem.graph.kahnOrder()
    let ends =
      dividesAtHourglasses
      ? HourglassPartition(problem.graph, kahnOrder: kahn).ends : kahn.isEmpty ? [] : [kahn.count - 1]
    let other = ReversePostOrderScheduler.order(of: problem.graph)
    var number = [Int32](repeating: 0, count: kahn.count)
    var (stateOfKahn, stateOfOther) = (LiveState(problem), LiveState(problem))
    var start = 0
    return SerenityPiece.pieces(of: problem, kahnOrder: kahn, ends: ends).map { piece in
      let range = start..<start + piece.count
      start = range.upperBound
      for (index, id) in piece.operators.enumerated() { number[id.index] = Int32(index) }
      let peak = kahn[range].reduce(0) { max($0, stateOfKahn.run($1)) }
      let otherPeak = other[range].reduce(0) { max($0, stateOfOther.run($1)) }
      return PieceSchedule(
        piece, kahnPeakBytes: peak, other: (other[range].map { number[$0.index] }, otherPeak))
    }
  }

  /// Schedules every piece by itself with its share of the work, and returns what is left of it.
  private func scheduleApart(_ pieces: inout [PieceSchedule], _ search: SignatureSearch, work: Int) -> Int {
    var workLeft = work
    var operatorsLeft = pieces.reduce(0) { $1.isProved ? $0 : $0 + $1.piece.count }
    for index in pieces.indices where !pieces[index].isProved {
      let count = pieces[index].piece.count
      let share = Int(Double(workLeft) * Double(count) / Double(operatorsLeft))
      operatorsLeft -= count
      search.remainingWork = share
      if usesSoftBudgets {
        pieces[index].tryBudgets(search, statesPerStep: statesPerStep, isFirst: true)
      } else {
        pieces[index].searchAll(search)
      }
      workLeft -= share - max(search.remainingWork, 0)
    }
    return workLeft
  }

  /// Allows more states per step, level by level, to the pieces that keep the graph's peak from being proved.
  private func raiseStepLimits(_ pieces: inout [PieceSchedule], _ search: SignatureSearch) {
    let most = memoryLimitBytes / 4 / SignatureLayer.bytesPerState(words: 1)
    var states = statesPerStep
    while states < most {
      states *= 8
      improve(&pieces) { $0.tryBudgets(search, statesPerStep: states, isFirst: false) }
    }
  }

  /// Looks for better orders of the pieces that keep the graph's peak from being proved, with ever more states.
  private func complete(_ pieces: inout [PieceSchedule], _ search: SignatureSearch) {
    for width in widths { improve(&pieces) { $0.searchNarrowly(search, width: width) } }
  }

  /// Works on the pieces whose peaks are above what is proved of the graph's, the highest first.
  private func improve(_ pieces: inout [PieceSchedule], by work: (inout PieceSchedule) -> Void) {
    var bound = pieces.reduce(0) { max($0, $1.lowerBytes) }
    let undecided = pieces.indices.filter { pieces[$0].peakBytes > bound }
    for index in undecided.sorted(by: { (-pieces[$0].peakBytes, $0) < (-pieces[$1].peakBytes, $1) })
    where pieces[index].peakBytes > bound {
      work(&pieces[index])
      bound = max(bound, pieces[index].lowerBytes)
    }
  }
}
