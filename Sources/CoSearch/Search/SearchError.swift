import ScheduleTuning
import Training

/// Why a search stopped before its end. What one candidate did wrong is a failed trial instead.
public enum SearchError: Error, CustomStringConvertible {
  /// The journal cannot be read or written.
  case journal(JournalError)
  /// The journal does not fit the experiment: another strategy, or a state that cannot be read.
  case journalMismatch(reason: String)
  /// The experiment's settings make no sense together.
  case configuration(reason: String)
  /// Images are missing, damaged or too few.
  case dataset(DatasetError)
  /// The schedule database cannot be read or written.
  case database(reason: String)
  /// The final training of a winner broke off.
  case finalTraining(trialID: Int, reason: String)
  /// The weights of a finished training could not be stored.
  case weights(path: String, reason: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .journal(let error): error.description
    case .journalMismatch(let reason): "the run cannot be continued: \(reason)"
    case .configuration(let reason): reason
    case .dataset(let error): error.description
    case .database(let reason): "the schedule database failed: \(reason)"
    case .finalTraining(let trialID, let reason): "the final training of trial \(trialID) failed: \(reason)"
    case .weights(let path, let reason): "cannot store the weights in \(path): \(reason)"
    }
  }
}
