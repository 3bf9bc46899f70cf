/// The memory of a search: what must survive kill -9 at any moment.
///
/// Every recording method is atomic and durable when it returns: either everything it was given is there after
/// a crash, or nothing of it.
public protocol SearchJournal: AnyObject, Sendable {
  /// All trials, ascending by id, without gaps.
  func trials() throws(JournalError) -> [Trial]

  /// The state that was recorded with the latest trial; nil before the first one.
  func state() throws(JournalError) -> SearchState?

  /// Adds a trial together with the state after it.
  func record(_ trial: Trial, state: SearchState) throws(JournalError)

  /// Replaces a recorded trial by one with the same id and candidate, when a device was added to the run.
  func replace(_ trial: Trial) throws(JournalError)

  /// The results of the final trainings, ascending by trial id.
  func finalResults() throws(JournalError) -> [FinalResult]

  /// Adds the result of a final training; its weights file is already in place.
  func record(_ result: FinalResult) throws(JournalError)
}

/// A journal that cannot be read or written.
public enum JournalError: Error, Equatable, CustomStringConvertible {
  /// The file is no journal, is damaged, or was written by another version.
  case unreadable(path: String, reason: String)
  /// A record could not be written: a full disk, a folder that became read-only.
  case cannotWrite(path: String, reason: String)

  /// One sentence that names the file and the reason.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read the journal \(path): \(reason)"
    case .cannotWrite(let path, let reason): "cannot write the journal \(path): \(reason)"
    }
  }
}
