import Foundation

/// A journal that lives as long as the process: for library users who keep no run directory, and for tests.
public final class MemoryJournal: SearchJournal {
  private struct Content {
    var trials: [Trial] = []
    var state: SearchState?
    var finalResults: [FinalResult] = []
  }

  private let lock = NSLock()
  // Guarded by `lock`.
  private nonisolated(unsafe) var content = Content()

  /// Creates an empty journal.
  public init() {}

  /// All trials, ascending by id.
  public func trials() -> [Trial] { lock.withLock { content.trials } }

  /// The state after the latest trial.
  public func state() -> SearchState? { lock.withLock { content.state } }

  /// Adds a trial with the state after it.
  ///
  /// - Precondition: identifiers come in order, without gaps.
  public func record(_ trial: Trial, state: SearchState) {
    lock.withLock {
      precondition(trial.id == content.trials.count, "trials are recorded in order")
      content.trials.append(trial)
      content.state = state
    }
  }

  /// Replaces the trial with the same id.
  public func replace(_ trial: Trial) { lock.withLock { content.trials[trial.id] = trial } }

  /// The results of the final trainings, ascending by trial id.
  public func finalResults() -> [FinalResult] { lock.withLock { content.finalResults } }

  /// Adds the result of a final training, or replaces the one of the same trial.
  public func record(_ result: FinalResult) {
    lock.withLock {
      content.finalResults.removeAll { $0.trialID == result.trialID }
      content.finalResults.append(result)
      content.finalResults.sort { $0.trialID < $1.trialID }
    }
  }
}
