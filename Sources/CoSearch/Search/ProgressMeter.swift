/// Turns trials into the progress that events carry.
struct ProgressMeter {
  private let experiment: Experiment
  private var tally: SearchTally
  private let start = ContinuousClock.now
  private var trialsOfSession = 0

  init(experiment: Experiment, trials: [Trial]) {
    self.experiment = experiment
    tally = SearchTally(of: trials)
  }

  mutating func add(_ trial: Trial) {
    tally.add(trial)
    trialsOfSession += 1
  }

  var progress: SearchProgress {
    let seconds = start.secondsUntilNow
    return SearchProgress(
      finishedTrials: tally.count, totalTrials: experiment.trials,
      measuredTrials: tally.outcomes[.measured] ?? 0, rejectedTrials: tally.outcomes[.rejected] ?? 0,
      failedTrials: tally.outcomes[.failed] ?? 0,
      rejections: tally.rejections.mapValues { reasons in
        Dictionary(uniqueKeysWithValues: reasons.map { ($0.key.rawValue, $0.value) })
      },
      best: tally.best, seconds: seconds,
      trialsPerSecond: trialsOfSession > 0 && seconds > 0 ? Double(trialsOfSession) / seconds : 0)
  }
}
