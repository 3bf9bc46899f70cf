/// A run directory, run store or schedule database that cannot be used.
public enum StoreError: Error, Equatable, CustomStringConvertible {
  /// A folder that should have been new or empty holds something.
  case notEmpty(path: String)
  /// A folder that should hold a run holds none.
  case noRun(path: String, missing: String)
  /// A run was interrupted before it began: nothing in the folder is worth continuing.
  case notBegun(path: String)
  /// The store of a run that has begun is missing or empty.
  case lostStore(path: String)
  /// Another process works in the run directory; `owner` is its process identifier, if it could be read.
  case locked(path: String, owner: Int32?)
  /// A file is no SQLite database, or is damaged.
  case damaged(path: String, reason: String)
  /// A file is a database of another program, or of another kind.
  case foreign(path: String, expected: String)
  /// A file was written by a newer version.
  case tooNew(path: String)
  /// The system refused: no permission, no space, no such folder.
  case system(path: String, reason: String)

  /// One sentence that names the file and what can be done.
  public var description: String {
    switch self {
    case .notEmpty(let path):
      "\(path) is not empty: a run needs a new or empty folder, or --resume to continue the run in it"
    case .noRun(let path, let missing): "\(path) holds no run: \(missing) is missing"
    case .notBegun(let path):
      "the run in \(path) was interrupted before it began: start it again without --resume"
    case .lostStore(let path):
      "\(path) is missing or empty, although the run has begun: its trials are lost; put the file back, or start "
        + "a new run in another folder"
    case .locked(let path, let owner):
      "another process\(owner.map { " (\($0))" } ?? "") is working in \(path)"
    case .damaged(let path, let reason): "\(path) is damaged or no database: \(reason)"
    case .foreign(let path, let expected): "\(path) is a database, but not \(expected)"
    case .tooNew(let path): "\(path) was written by a newer version of Tandem"
    case .system(let path, let reason): "cannot use \(path): \(reason)"
    }
  }
}
