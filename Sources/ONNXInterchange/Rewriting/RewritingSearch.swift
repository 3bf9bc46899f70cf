import ComputationGraph
import MemoryPlanning

/// Chooses the sites to rewrite.
struct RewritingSearch {
  let facts: PartitionableGraph
  private let memory: MemoryModel
  let methods: Rewriting.Methods
  let sites: RewritingSites
  private let start = ContinuousClock.now
  private let timeLimit: Duration?
  private var known: [RewritingChoice: RewritingOutcome] = [:]
  /// Lower bounds of the peaks of choices.
  private var bounds: [RewritingChoice: Int] = [:]
  /// Trials since the last better one that ended without a proof: the scheduler used all that it may.
  private var vainTrials = 0

  /// States that a trial's scheduler may expand: most need none, and the few that need more are no promising ones.
  private let statesPerTrial = 20_000
  /// Proofs take milliseconds; what takes longer than this is not proved but only searched for a good order. That is
  /// worth more for the few choices with everything at the peak than for the many with one site more or less.
  private let durationPerTrial = (wide: Duration.seconds(5), narrow: Duration.seconds(1))
  private let maximumRounds = 64
  private let maximumVainTrials = 6
  /// How often the sites at the peak are followed from hill to hill before the peak has to fall.
  let maximumHills = 8

  init(
    _ facts: PartitionableGraph, memory: MemoryModel, methods: Rewriting.Methods, timeLimit: Duration?
  ) {
    self.facts = facts
    self.memory = memory
    self.methods = methods
    self.timeLimit = timeLimit
    sites = RewritingSites(facts)
  }

  mutating func run(_ original: ONNXModel) throws(ONNXError) -> Rewriting {
    // Half of the time is for trials, a quarter each for what is known of the first and of the last.
    let before = try outcome(prepare(RewritingChoice()), ExactScheduler(), timeLimit.map { $0 / 4 })
    known[RewritingChoice()] = before
    var best = before
    for _ in 0..<maximumRounds where !isExhausted {
      let found = try polished(try descent(from: best))
      guard found.peakBytes < best.peakBytes else { break }
      best = found
    }
    vainTrials = 0
    best = try pruned(best)
    if best.choice.siteCount > 0 {
      let full = try outcome(prepare(best.choice), ExactScheduler(), timeLimit.map { $0 / 4 })
      if full.peakBytes <= best.peakBytes { best = full }
    }
    if best.peakBytes >= before.peakBytes { best = before }
    return try rewriting(original, before: before, after: best)
  }

  private func rewriting(_ original: ONNXModel, before: RewritingOutcome, after: RewritingOutcome)
    throws(ONNXError) -> Rewriting
  {
    let model =
      after.choice.plan.nodes.isEmpty
      ? original
      : try ONNXModel(
        proto: ModelPartitioner.model(facts, after.choice.plan, after.resolved), source: original.source)
    let graph = after.problem.graph
    let elided = after.problem.model.elidedConcats
    let elisions = elided.sorted().map { id in
      Rewriting.Site(kind: .elision, node: graph[id].name, parts: graph[id].inputs.count)
    }
    return Rewriting(
      model: model, elidedConcats: elided, sites: facts.sites(after.resolved) + elisions,
      before: before.schedule, after: after.schedule)
  }

  // MARK: Trials

  /// Whether trials have to end: for lack of time, or because those of late took long and led nowhere.
  var isExhausted: Bool {
    guard vainTrials < maximumVainTrials else { return true }
    guard let timeLimit else { return false }
    return ContinuousClock.now - start > timeLimit * 3 / 4
  }

  /// The choice carried out and scheduled.
  mutating func trial(_ choice: RewritingChoice) throws(ONNXError) -> RewritingOutcome {
    if let outcome = known[choice] { return outcome }
    return try trial(choice, prepare(choice), durationPerTrial.wide)
  }

  /// The choice carried out and scheduled if it is better than `current`, else nil.
  mutating func trial(_ choice: RewritingChoice, betterThan current: RewritingOutcome) throws(ONNXError)
    -> RewritingOutcome?
  {
    if choice == current.choice { return nil }
    let outcome: RewritingOutcome
    if let earlier = known[choice] {
      outcome = earlier
    } else {
      if let bound = bounds[choice], bound > current.peakBytes { return nil }
      let prepared = try prepare(choice)
      // Most trials that fail do so by a few minimum cuts, without a search for an order.
      let bound = MemoryBound.forcedPassage(prepared.problem, orders: [prepared.problem.graph.kahnOrder()])
        .bytes
      bounds[choice] = bound
      let rank = (bound, prepared.choice.siteCount)
      guard rank < (current.peakBytes, current.choice.siteCount) else { return nil }
      outcome = try trial(choice, prepared, durationPerTrial.narrow)
    }
    if outcome.isBetter(than: current) {
      vainTrials = 0
      return outcome
    }
    if outcome.schedule.proof != .optimal { vainTrials += 1 }
    return nil
  }

  private mutating func trial(_ choice: RewritingChoice, _ prepared: Prepared, _ duration: Duration)
    throws(ONNXError)
    -> RewritingOutcome
  {
    let limit =
      timeLimit.map { min(duration, $0 / 8, max(.zero, $0 * 3 / 4 - (ContinuousClock.now - start))) }
      ?? duration
    let result = try outcome(prepared, ExactScheduler(stateLimit: statesPerTrial), limit)
    known[choice] = result
    known[result.choice] = result
    return result
  }

  private func outcome(_ prepared: Prepared, _ scheduler: ExactScheduler, _ limit: Duration?)
    throws(ONNXError) -> RewritingOutcome
  {
    do throws(SchedulingError) {
      let schedule = try scheduler.schedule(prepared.problem, timeLimit: limit)
      return RewritingOutcome(
        choice: prepared.choice, schedule: schedule, problem: prepared.problem, resolved: prepared.resolved)
    } catch {
      preconditionFailure("the exact scheduler has an order for every graph: \(error)")
    }
  }

  /// A choice carried out.
  private struct Prepared {
    /// Without what has no effect.
    var choice: RewritingChoice
    let problem: MemoryProblem
    let resolved: ResolvedPartition
  }

  private func prepare(_ choice: RewritingChoice) throws(ONNXError) -> Prepared {
    var choice = choice
    let resolved = ResolvedPartition(facts, choice.plan)
    choice.plan.nodes = Set(resolved.rules.keys)
    choice.plan.accumulation = choice.plan.accumulation.filter { resolved.rules[$0.key] != nil }
    let graph: Graph
    if choice.plan.nodes.isEmpty {
      graph = facts.graph
    } else {
      let proto = ModelPartitioner.model(facts, choice.plan, resolved, withWeights: false)
      var importer = SchedulingImporter(graph: proto.graph, file: facts.file)
      graph = try importer.run().graph
    }
    var memory = memory
    memory.elidedConcats = elidable(choice.elided, graph)
    choice.elided = Set(memory.elidedConcats.map { graph[graph[$0].outputs[0]].name })
    return Prepared(choice: choice, problem: MemoryProblem(graph: graph, model: memory), resolved: resolved)
  }

  /// The Concats with these results that can be elided together; where they contradict each other, earlier ones win.
  private func elidable(_ names: Set<String>, _ graph: Graph) -> Set<OperatorID> {
    guard !names.isEmpty else { return [] }
    let candidates = ConcatElision.candidates(graph, views: memory.views).filter {
      names.contains(graph[graph[$0].outputs[0]].name)
    }
    return ConcatElision.together(candidates, graph, views: memory.views)
  }
}
