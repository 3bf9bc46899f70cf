import Foundation

/// One line at the bottom of a terminal that is redrawn in place: a bar, the rate, the time left and a note.
///
/// It writes to standard error, and only if that is a terminal; otherwise every call is free of effect.
public struct ProgressLine {
  private let isTerminal: Bool
  private let start: Date
  private var doneAtStart: Int?
  private var isShown = false

  /// Creates a progress line; `isEnabled` false (as for `--quiet`) silences it.
  public init(isEnabled: Bool, now: Date = Date()) {
    isTerminal = isEnabled && isatty(STDERR_FILENO) == 1
    start = now
  }

  /// Redraws the line.
  ///
  /// - Parameters:
  ///   - done: finished units of work; what was done before this process started does not count in the rate.
  ///   - total: all units.
  ///   - unit: the unit's name, for the rate.
  ///   - note: what to say after the time left.
  public mutating func update(done: Int, total: Int, unit: String, note: String, now: Date = Date()) {
    guard isTerminal else { return }
    if doneAtStart == nil { doneAtStart = done }
    let text = Self.text(
      done: done, total: total, unit: unit, note: note, finishedHere: done - (doneAtStart ?? 0),
      elapsedSeconds: now.timeIntervalSince(start), width: Self.terminalWidth())
    write("\r\u{1B}[2K" + text)
    isShown = true
  }

  /// Removes the line, so that other output can follow.
  public mutating func clear() {
    guard isShown else { return }
    write("\r\u{1B}[2K")
    isShown = false
  }

  /// The line's text, cut to `width` columns.
  package static func text(
    done: Int, total: Int, unit: String, note: String, finishedHere: Int, elapsedSeconds: Double, width: Int
  ) -> String {
    let share = total > 0 ? min(1, Double(done) / Double(total)) : 0
    let cells = 24
    let filled = Int((share * Double(cells)).rounded(.down))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: cells - filled)
    var text = "\(bar) \(done)/\(total)"
    if finishedHere > 0, elapsedSeconds > 0 {
      let rate = Double(finishedHere) / elapsedSeconds
      text +=
        rate >= 1
        ? String(format: " · %.1f ", rate) + "\(unit)/s" : String(format: " · %.1f s/", 1 / rate) + unit
      text += " · \(NumberFormat.duration(seconds: Double(total - done) / rate)) left"
    }
    if !note.isEmpty { text += " · \(note)" }
    return String(text.prefix(max(20, width - 1)))
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

  private static func terminalWidth() -> Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
