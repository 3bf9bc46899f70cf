import CoSearch
import Foundations

/// The tables that `tandem search` and `tandem status` print.
public enum RunTables {
  /// The Pareto front (peaks include kernel workspace), one line a trial, the most accurate first; at most `limit` lines.
  ///
  /// - Parameter width: the terminal's columns; nil for lines of any length.
  public static func front(_ run: RunContent, limit: Int = 20, width: Int? = nil) -> String {
    var table = TextTable(columns: [
      .init("trial", alignment: .right), .init("accuracy", alignment: .right),
      .init("latency", alignment: .right),
      .init("peak", alignment: .right), .init("arena", alignment: .right),
      .init("weights", alignment: .right),
      .init("winner of"), .init("fits"), .init("policy"), .init("architecture"),
    ])
    for trial in run.frontTrials.prefix(limit) {
      guard let measurement = trial.measurement else { continue }
      let admitted = run.devices.map(\.name).filter { measurement.devices[$0] != nil }
      let device = admitted.first.flatMap { measurement.devices[$0] }
      table.append([
        "\(trial.id)", NumberFormat.estimate(measurement.validation),
        device.map { latency($0) } ?? "–",
        device.map { ByteCount.describe($0.peak.bytes) } ?? "–",
        device.map { ByteCount.describe($0.arenaBytes) } ?? "–",
        ByteCount.describe(measurement.weightBytes), run.devicesWon(by: trial.id).joined(separator: ", "),
        admitted.joined(separator: ", "), PolicyText.describe(trial.candidate.policy),
        run.labels[trial.id] ?? "",
      ])
    }
    let text = table.rendered(width: width)
    let hidden = run.frontTrials.count - limit
    return hidden > 0 ? text + "\n… and \(hidden) more (front.csv has all)" : text
  }

  private static func latency(_ device: DeviceMeasurement) -> String {
    NumberFormat.milliseconds(device.latency.medianMilliseconds) + (device.latency.noisy ? " noisy" : "")
  }

  /// What each device rejected and admitted.
  ///
  /// - Parameter width: the terminal's columns; nil for lines of any length.
  public static func devices(_ run: RunContent, width: Int? = nil) -> String {
    var table = TextTable(columns: [
      .init("device"), .init("limit", alignment: .right), .init("admitted", alignment: .right),
      .init("rejected", alignment: .right), .init("winner", alignment: .right),
      .init("validation", alignment: .right), .init("test", alignment: .right),
      .init("arena", alignment: .right), .init("reasons"),
    ])
    for device in run.devices {
      let reasons = run.rejectionCounts[device.name] ?? [:]
      let winner = run.winners[device.name].map { run.trials[$0] }
      table.append([
        device.name, ByteCount.describe(device.arenaLimitBytes),
        "\(run.trials.filter { $0.isFeasible(on: device.name) }.count)", "\(reasons.values.reduce(0, +))",
        winner.map { "\($0.id)" } ?? "–",
        winner?.measurement.map { NumberFormat.estimate($0.validation) } ?? "–",
        winner.flatMap { run.finalResult(of: $0) }.map { NumberFormat.percent($0.testAccuracy) } ?? "–",
        winner?.measurement?.devices[device.name].map { ByteCount.describe($0.arenaBytes) } ?? "–",
        reasons.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
          .joined(separator: ", "),
      ])
    }
    return table.rendered(width: width)
  }
}

extension RunContent {
  /// The final training that covers `trial`: its own, or that of a trial with the same architecture.
  public func finalResult(of trial: Trial) -> FinalResult? {
    finalResults[trial.id]
      ?? finalResults.values.first { $0.architectureKey == trial.candidate.architecture.key }
  }
}
