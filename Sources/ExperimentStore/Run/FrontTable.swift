import CoSearch
import Foundation
import Foundations

/// `front.csv`: one line per device and trial of that device's Pareto front.
///
/// It holds no wall-clock time, so that runs with equal seed, experiment and schedule database give equal files.
public enum FrontTable {
  /// The names of the columns.
  public static let columns = [
    "device", "trial", "winner", "validationAccuracy", "latencyMilliseconds", "latencyNoisy", "threads",
    "peakBytes", "arenaBytes", "livePeakBytes", "trivialBoundBytes", "weightBytes", "macs",
    "parameters", "architecture", "policy", "validationScore",
  ]

  /// The table as text: devices in the order given, trials ascending.
  public static func text(trials: [Trial], summary: SearchSummary, devices: [String]) -> String {
    let byID = Dictionary(uniqueKeysWithValues: trials.map { ($0.id, $0) })
    var lines = [columns]
    for device in devices {
      for id in summary.fronts[device] ?? [] {
        guard let trial = byID[id], let measurement = trial.measurement,
          let result = measurement.devices[device]
        else { continue }
        lines.append([
          device, "\(id)", "\(summary.winners[device] == id)", number(measurement.validation.accuracy),
          "\(result.latency.medianMilliseconds)", "\(result.latency.noisy)", "\(result.latency.threads)",
          "\(result.peak.bytes)", "\(result.arenaBytes)", "\(result.livePeakBytes)",
          "\(measurement.trivialBoundBytes)", "\(measurement.weightBytes)", "\(measurement.macs)",
          "\(measurement.parameters)", trial.candidate.architecture.key, trial.candidate.policy.key,
          number(measurement.validation.score),
        ])
      }
    }
    return lines.map { $0.map(quoted).joined(separator: ",") }.joined(separator: "\n") + "\n"
  }

  /// Writes the table of a run.
  ///
  /// - Throws: `FileError`.
  public static func write(
    to run: RunDirectory, trials: [Trial], summary: SearchSummary, devices: [String]
  ) throws(FileError) {
    try AtomicFile.write(text(trials: trials, summary: summary, devices: devices), to: run.frontFile)
  }

  /// A number, or nothing: estimators that give scores give no accuracy, and the other way round.
  private static func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }

  /// A field after RFC 4180.
  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}
