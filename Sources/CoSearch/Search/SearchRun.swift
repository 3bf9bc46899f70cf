import Foundation
import Foundations
import MultiObjective
import SearchSpaces

/// The loop: ask, evaluate, record, tell, until the budget is spent.
///
///     let run = SearchRun(experiment: experiment, evaluator: evaluator, journal: journal)
///     let result = try run.run { event in … }
///
/// A trial and the state after it are recorded together, so that a run that was killed at any moment continues
/// from its journal exactly as if it had not been: nothing that finished is repeated, and the candidate that was
/// being evaluated is asked for again.
public struct SearchRun: Sendable {
  private let experiment: Experiment
  private let evaluator: CandidateEvaluator
  private let journal: any SearchJournal
  private let isCancelled: @Sendable () -> Bool

  /// Prepares a run, new or to be continued, as the journal says.
  ///
  /// - Parameter isCancelled: asked between trials; when true the run stops, to be continued later.
  public init(
    experiment: Experiment, evaluator: CandidateEvaluator, journal: any SearchJournal,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.experiment = experiment
    self.evaluator = evaluator
    self.journal = journal
    self.isCancelled = isCancelled
  }

  /// Runs to the end of the budget, of the space, or until cancelled.
  ///
  /// - Parameter report: called on this thread for every event, after what it tells of has been recorded.
  /// - Throws: ``SearchError``; the journal then holds every trial that finished.
  public func run(_ report: (SearchEvent) -> Void = { _ in }) throws(SearchError) -> SearchResult {
    var trials = try journaling { () throws(JournalError) in try journal.trials() }
    try requireKnownDevices(in: trials)
    var known = KnownAccuracies(trials)
    try judgeForAddedDevices(&trials, known: &known, report: report)

    var generator = SeededGenerator(seed: experiment.seed(for: .search))
    var strategy = makeStrategy()
    try restore(&strategy, generator: &generator, trials: trials)

    var meter = ProgressMeter(experiment: experiment, trials: trials)
    report(.started(meter.progress))
    var isExhausted = false
    while trials.count < experiment.trials, !isCancelled() {
      guard let candidate = strategy.ask(using: &generator) else {
        isExhausted = true
        report(.spaceExhausted(meter.progress))
        break
      }
      let start = ContinuousClock.now
      let outcome = try evaluator.evaluate(
        candidate, for: experiment.devices, known: known[candidate.architecture])
      let trial = Trial(
        id: trials.count, candidate: candidate, outcome: outcome, seconds: start.secondsUntilNow)
      strategy.tell(trial.evaluation(for: experiment.devices))
      let state = SearchState(
        generator: generator, strategy: strategy.name, strategyState: try encodedState(strategy))
      try journaling { () throws(JournalError) in try journal.record(trial, state: state) }
      trials.append(trial)
      known.add(trial)
      meter.add(trial)
      report(.trialFinished(trial, meter.progress))
    }
    let isFinished = isExhausted || trials.count >= experiment.trials
    return SearchResult(
      trials: trials, isFinished: isFinished, experiment: experiment,
      infeasible: isFinished ? infeasibility(of: trials) : [:])
  }

  /// A device can be added to a run, never removed: a name that the experiment does not have is damage.
  private func requireKnownDevices(in trials: [Trial]) throws(SearchError) {
    let known = Set(experiment.devices.map(\.name))
    for trial in trials {
      let named = trial.rejections.keys.sorted() + (trial.measurement?.devices.keys.sorted() ?? [])
      if let unknown = named.first(where: { !known.contains($0) }) {
        throw .journalMismatch(
          reason: "trial \(trial.id) names the device '\(unknown)', which the experiment does not have")
      }
    }
  }

  private func infeasibility(of trials: [Trial]) -> [String: Infeasibility] {
    let winners = SearchTally(of: trials).best
    var result: [String: Infeasibility] = [:]
    for device in experiment.devices where winners[device.name] == nil {
      result[device.name] = Infeasibility(device: device, trials: trials, evaluator: evaluator)
    }
    return result
  }

  private func makeStrategy() -> any SearchStrategy<Candidate> {
    let source = SpaceSource(space: experiment.space)
    switch experiment.strategy {
    case .random: return RandomSearch(source: source)
    case .regularizedEvolution(let population, let tournament):
      return RegularizedEvolution(
        source: source, configuration: .init(population: population, tournament: tournament),
        targetCount: experiment.devices.count)
    }
  }

  private func restore(
    _ strategy: inout any SearchStrategy<Candidate>, generator: inout SeededGenerator, trials: [Trial]
  ) throws(SearchError) {
    guard let state = try journaling({ () throws(JournalError) in try journal.state() }) else {
      guard trials.isEmpty else { throw .journalMismatch(reason: "it holds trials, but no state") }
      return
    }
    guard state.strategy == strategy.name else {
      throw .journalMismatch(
        reason: "it was searched with the strategy '\(state.strategy)', not '\(strategy.name)'")
    }
    do {
      try strategy.restore(
        encodedState: state.strategyState,
        history: trials.map { $0.evaluation(for: experiment.devices) })
    } catch {
      throw .journalMismatch(reason: "\(error)")
    }
    generator = state.generator
  }

  /// Judges recorded trials for devices that the run did not have when they were evaluated. What was found for
  /// the other devices stays.
  private func judgeForAddedDevices(
    _ trials: inout [Trial], known: inout KnownAccuracies, report: (SearchEvent) -> Void
  ) throws(SearchError) {
    for index in trials.indices {
      let missing = experiment.devices.filter { !trials[index].isJudged(for: $0.name) }
      if missing.isEmpty { continue }
      if isCancelled() { return }
      let start = ContinuousClock.now
      let outcome = try evaluator.evaluate(
        trials[index].candidate, for: missing, known: known[trials[index].candidate.architecture])
      var trial = trials[index]
      trial.extend(with: outcome)
      trial.seconds += start.secondsUntilNow
      try journaling { () throws(JournalError) in try journal.replace(trial) }
      trials[index] = trial
      known.add(trial)
      report(.trialRejudged(trial))
    }
  }

  private func encodedState(_ strategy: any SearchStrategy<Candidate>) throws(SearchError) -> String {
    do {
      return try strategy.encodedState()
    } catch {
      preconditionFailure("a strategy's state is plain finite data: \(error)")
    }
  }

  private func journaling<Value>(_ work: () throws(JournalError) -> Value) throws(SearchError) -> Value {
    do {
      return try work()
    } catch {
      throw .journal(error)
    }
  }
}

extension ContinuousClock.Instant {
  /// Wall-clock seconds from this instant to now.
  var secondsUntilNow: Double { duration(to: .now) / .seconds(1) }
}
