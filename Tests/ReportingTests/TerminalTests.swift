import Reporting
import Testing

@Suite struct TerminalTests {
  @Test func alignsColumns() {
    var table = TextTable(columns: [.init("device"), .init("peak", alignment: .right)])
    table.append(["mcu", "9 B"])
    table.append(["embedded-linux", "128 KiB"])
    #expect(
      table.rendered() == """
        device             peak
        --------------  -------
        mcu                 9 B
        embedded-linux  128 KiB
        """)
  }

  @Test(arguments: [
    (0.912345, "91.23 %"), (1, "100.00 %"),
  ]) func percent(_ share: Double, _ text: String) { #expect(NumberFormat.percent(share) == text) }

  @Test(arguments: [(0.0, "0 s"), (59.6, "1 min 00 s"), (187, "3 min 07 s"), (7500, "2 h 05 min")])
  func duration(_ seconds: Double, _ text: String) {
    #expect(NumberFormat.duration(seconds: seconds) == text)
  }

  @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")])
  func grouped(_ value: Int, _ text: String) { #expect(NumberFormat.grouped(value) == text) }

  @Test(arguments: [(950, "950"), (12_345, "12.3 k"), (4_560_000, "4.56 M")])
  func short(_ value: Int, _ text: String) { #expect(NumberFormat.short(value) == text) }

  @Test func progressShowsRateAndTimeLeft() {
    let lines = ProgressDisplay.lines(
      done: 30, total: 120, unit: "trials", notes: ["best 88.00 %", ""], finishedHere: 10, elapsedSeconds: 5,
      width: 80)
    #expect(lines == ["█████░░░░░░░░░░░░░░░ 30/120 · 2.0 trials/s · 45 s left", "best 88.00 %"])
  }

  @Test func progressFitsTheTerminal() {
    let lines = ProgressDisplay.lines(
      done: 1, total: 2, unit: "trials", notes: [String(repeating: "x", count: 500)], finishedHere: 0,
      elapsedSeconds: 1, width: 60)
    #expect(lines.map(\.count) == [24, 59])
    #expect(lines[1].hasSuffix("…"))
  }

  @Test func tablesAreCutToTheTerminal() {
    var table = TextTable(columns: [.init("a"), .init("b")])
    table.append(["1", String(repeating: "x", count: 100)])
    #expect(table.rendered(width: 20).split(separator: "\n").allSatisfy { $0.count <= 20 })
    #expect(table.rendered(width: 20).hasSuffix("xxx…"))
  }
}
