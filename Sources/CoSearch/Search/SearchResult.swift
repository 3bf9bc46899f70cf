/// What a search has found.
public struct SearchResult: Sendable {
  /// All trials, ascending by id.
  public let trials: [Trial]
  /// Whether the budget is spent or the space exhausted; false when the search was cancelled.
  public let isFinished: Bool
  /// Counts, fronts and winners.
  public let summary: SearchSummary
  /// For each device that admits no candidate, what came nearest; empty while the search is not finished.
  public let infeasible: [String: Infeasibility]

  init(
    trials: [Trial], isFinished: Bool, experiment: Experiment, infeasible: [String: Infeasibility]
  ) {
    self.trials = trials
    self.isFinished = isFinished
    self.infeasible = infeasible
    summary = SearchSummary(
      trials: trials, devices: experiment.devices.map(\.name), objectives: experiment.objectives)
  }
}
