import CoSearch
import Foundations

/// A self-contained HTML page about one or several runs: no script, nothing loaded from elsewhere.
public struct HTMLReport: Sendable {
  private let runs: [RunContent]

  /// Creates a report; several runs are compared at the top. - Precondition: at least one run.
  public init(runs: [RunContent]) {
    precondition(!runs.isEmpty, "a report needs a run")
    self.runs = runs
  }

  /// The page.
  public func html() -> String {
    let title = runs.count == 1 ? "Tandem: \(runs[0].name)" : "Tandem: \(runs.count) runs compared"
    var body = [HTML.heading(1, title)]
    if runs.count > 1 { body += comparison() }
    for run in runs {
      if runs.count > 1 { body.append(HTML.heading(1, run.name)) }
      body += RunSections(run).all()
    }
    return HTML.page(title: title, body)
  }

  private func comparison() -> [String] {
    var rows: [[String]] = []
    for run in runs {
      for device in run.devices {
        let trial = run.winners[device.name].map { run.trials[$0] }
        rows.append([
          run.name, device.name, "\(run.trials.count)", trial.map { "\($0.id)" } ?? "–",
          trial?.measurement.map { NumberFormat.estimate($0.validation) } ?? "–",
          trial.flatMap { run.finalResult(of: $0) }.map { NumberFormat.percent($0.testAccuracy) } ?? "–",
          trial?.measurement?.devices[device.name].map {
            NumberFormat.milliseconds($0.latency.medianMilliseconds)
          } ?? "–",
          trial?.measurement?.devices[device.name].map { ByteCount.describe($0.arenaBytes) } ?? "–",
        ])
      }
    }
    return [
      HTML.heading(2, "Winners side by side"),
      HTML.table(
        [
          ("run", false), ("device", false), ("trials", true), ("winner", true), ("validation", true),
          ("test", true),
          ("latency", true), ("arena", true),
        ], rows),
    ]
  }
}
