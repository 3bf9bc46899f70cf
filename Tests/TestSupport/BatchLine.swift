/// What `ScheduleBatch` prints of one file, as JSON on one line.
package struct BatchLine: Codable, Sendable {
  /// How the file was taken.
  package enum Outcome: String, Codable, Sendable {
    /// A schedule that every check agrees with.
    case scheduled
    /// An error of Tandem's own, as `tandem schedule` ends in with exit code 2.
    case refused
    /// A schedule that some check disagrees with, or an error that is not for users.
    case wrong
  }

  /// The file's position in the list.
  package var index: Int
  package var outcome: Outcome
  /// From opening the file to the report in memory.
  package var seconds: Double
  /// The error, or what is wrong; nil where a schedule was found.
  package var message: String?
  package var peakBytes: Int?
  /// Indices into the file's node list.
  package var order: [Int]?
  /// The largest resident size of the process so far.
  package var residentBytes = 0

  package init(index: Int, outcome: Outcome, seconds: Double, message: String? = nil) {
    self.index = index
    self.outcome = outcome
    self.seconds = seconds
    self.message = message
  }
}
