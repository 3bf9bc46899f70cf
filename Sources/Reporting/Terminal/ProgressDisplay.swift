import Foundation

/// A few lines at the bottom of a terminal that are redrawn in place: a bar with rate and time left, then notes.
///
/// It writes to standard error, and only if that is a terminal that can move its cursor; otherwise every call is
/// free of effect.
public struct ProgressDisplay {
  private let isTerminal: Bool
  private let start: Date
  private var doneAtStart: Int?
  private var shownLines = 0

  /// Creates a progress display; `isEnabled` false (as for `--quiet`) silences it.
  public init(isEnabled: Bool, now: Date = Date()) {
    isTerminal =
      isEnabled && isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    start = now
  }

  /// Redraws the lines.
  ///
  /// - Parameters:
  ///   - done: finished units of work; what was done before this process started does not count in the rate.
  ///   - total: all units.
  ///   - unit: the unit's name in the plural, for the rate.
  ///   - notes: what to say below the bar, a line each.
  public mutating func update(done: Int, total: Int, unit: String, notes: [String], now: Date = Date()) {
    guard isTerminal else { return }
    if doneAtStart == nil { doneAtStart = done }
    let width = Self.terminalWidth()
    let lines = Self.lines(
      done: done, total: total, unit: unit, notes: notes, finishedHere: done - (doneAtStart ?? 0),
      elapsedSeconds: now.timeIntervalSince(start), width: width)
    erase()
    write(lines.joined(separator: "\n"))
    shownLines = lines.count
  }

  /// Removes the lines, so that other output can follow.
  public mutating func clear() {
    erase()
    shownLines = 0
  }

  /// The text of the lines, each cut to fit `width` columns.
  package static func lines(
    done: Int, total: Int, unit: String, notes: [String], finishedHere: Int, elapsedSeconds: Double,
    width: Int
  ) -> [String] {
    let share = total > 0 ? min(1, Double(done) / Double(total)) : 0
    let cells = 20
    let filled = Int((share * Double(cells)).rounded(.down))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: cells - filled)
    var text = "\(bar) \(done)/\(total)"
    if finishedHere > 0, elapsedSeconds > 0 {
      let rate = Double(finishedHere) / elapsedSeconds
      text +=
        rate >= 0.1
        ? String(format: " · %.1f ", rate) + "\(unit)/s"
        : String(format: " · %.1f ", rate * 60) + "\(unit)/min"
      text += " · \(NumberFormat.duration(seconds: Double(total - done) / rate)) left"
    }
    return ([text] + notes.filter { !$0.isEmpty }).map { line in
      line.count < width ? line : line.prefix(max(1, width - 2)) + "…"
    }
  }

  /// Clears the lines that are shown and leaves the cursor where the first one began.
  private func erase() {
    guard shownLines > 0 else { return }
    write("\r\u{1B}[2K" + String(repeating: "\u{1B}[1A\u{1B}[2K", count: shownLines - 1))
  }

  /// Nobody may be listening any more; that is no reason to stop.
  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private static func terminalWidth() -> Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
