import CoSearch
import Devices
import Foundations

/// Everything known of one trial, and what would have admitted it (`tandem status --trial`).
public struct TrialStatus: Codable, Hashable, Sendable {
  /// What one device says.
  public struct Verdict: Codable, Hashable, Sendable {
    /// The device.
    public let device: String
    /// Whether it admits the candidate.
    public let admitted: Bool
    /// Why not; absent if it does.
    public let rejection: Rejection?
    /// The RAM, reserved bytes included, with which the device would admit it; absent if no memory would, as for
    /// disconnected networks.
    public let requiredMemoryBytes: Int?
    /// The flash that its weights need; absent for disconnected networks.
    public let requiredFlashBytes: Int?
  }

  /// The version of the format.
  public let schemaVersion: Int
  /// The architecture in the space's own notation.
  public let label: String
  /// The trial as stored.
  public let trial: Trial
  /// Every device's verdict, in the experiment's order.
  public let verdicts: [Verdict]

  /// Gathers what is known.
  ///
  /// - Parameters:
  ///   - arenaBytes: the smallest arena of the planned network on each device, by name; empty for disconnected
  ///     networks.
  ///   - weightBytes: its weights; nil for disconnected networks.
  public init(
    trial: Trial, label: String, devices: [DeviceProfile], arenaBytes: [String: Int], weightBytes: Int?
  ) {
    schemaVersion = 1
    self.label = label
    self.trial = trial
    verdicts = devices.map { device in
      Verdict(
        device: device.name, admitted: trial.isFeasible(on: device.name),
        rejection: trial.rejections[device.name],
        requiredMemoryBytes: arenaBytes[device.name].map { $0 + device.reservedBytes },
        requiredFlashBytes: weightBytes)
    }
  }

  /// The same for people.
  public func text() -> String {
    var lines = [
      "trial \(trial.id): \(trial.outcome.kind.rawValue) in \(NumberFormat.duration(seconds: trial.seconds))",
      "architecture  \(label)", "policy        \(PolicyText.describe(trial.candidate.policy))",
    ]
    if let measurement = trial.measurement {
      let estimate = measurement.validation
      lines += [
        "accuracy      \(NumberFormat.estimate(estimate)) (\(EstimateText.provenance(estimate)))",
        "size          \(ByteCount.describe(measurement.weightBytes)) of weights, "
          + "\(NumberFormat.short(measurement.macs)) MACs, \(NumberFormat.grouped(measurement.parameters)) parameters",
      ]
    }
    if case .failed(let failure) = trial.outcome {
      lines.append("failed        in \(failure.stage.rawValue): \(failure.message)")
    }
    for verdict in verdicts {
      if verdict.admitted, let result = trial.measurement?.devices[verdict.device] {
        lines.append(
          "\(verdict.device): admitted, arena \(ByteCount.describe(result.arenaBytes)), latency "
            + "\(NumberFormat.milliseconds(result.latency.medianMilliseconds)) (median of \(result.latency.repeats), "
            + "\(result.latency.threads) thread(s)\(result.latency.noisy ? ", noisy" : ""))")
        let peak = result.peak
        lines.append(
          "  peak \(ByteCount.describe(peak.bytes)) at '\(peak.operatorName)': inputs "
            + "\(ByteCount.describe(peak.inputBytes)), outputs \(ByteCount.describe(peak.outputBytes)), other live "
            + "\(ByteCount.describe(peak.otherLiveBytes)), workspace \(ByteCount.describe(peak.workspaceBytes))"
        )
      } else if let rejection = verdict.rejection {
        lines.append("\(verdict.device): rejected, \(Self.describe(rejection, verdict))")
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func describe(_ rejection: Rejection, _ verdict: Verdict) -> String {
    guard rejection.reason != .disconnected else { return "disconnected: no path from input to output" }
    var text =
      "\(rejection.reason.rawValue): \(ByteCount.describe(rejection.peakBytes)) over the limit of "
      + ByteCount.describe(rejection.limitBytes)
    if let name = rejection.operatorName { text += " at '\(name)'" }
    if rejection.provedInfeasible { text += ", under every order" }
    if let memory = verdict.requiredMemoryBytes {
      text += "; \(NumberFormat.grouped(memory)) B of memory would admit it"
    }
    if rejection.reason == .flash, let flash = verdict.requiredFlashBytes {
      text += " with \(NumberFormat.grouped(flash)) B of flash"
    }
    return text
  }
}
