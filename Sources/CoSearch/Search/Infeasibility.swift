import Devices

/// Why a device got no candidate, and how near the search came.
public struct Infeasibility: Codable, Hashable, Sendable {
  /// The device.
  public let device: String
  /// The largest arena that the device holds.
  public let limitBytes: Int
  /// The smallest memory that was reached; nil if no candidate could be planned, as when all are disconnected.
  public let nearest: Nearest?
  /// The smallest weights of the candidates whose arena fits; nil if there are none, so that memory binds.
  public let lightest: Lightest?
  /// How many candidates the device rejected, by the raw value of the reason.
  public let rejections: [String: Int]
  /// How many trials failed.
  public let failedTrials: Int

  /// The trial that needs the smallest arena, with what it needs.
  public struct Nearest: Codable, Hashable, Sendable {
    /// The trial.
    public let trialID: Int
    /// Its peak: the smallest peak that was reached.
    public let peakBytes: Int
    /// Its arena: what the device would have to hold.
    public let arenaBytes: Int
    /// The operator at which the peak occurs.
    public let operatorName: String
    /// No operator order of this candidate has a peak below this.
    public let boundBytes: Int
    /// Its weights, and the device's flash if that is limited.
    public let weightBytes: Int
    /// The device's flash; nil if it is not limited.
    public let flashBytes: Int?
  }

  /// The trial with the smallest weights among those that only the flash is too small for.
  public struct Lightest: Codable, Hashable, Sendable {
    /// The trial.
    public let trialID: Int
    /// Its weights.
    public let weightBytes: Int
    /// The device's flash.
    public let flashBytes: Int
  }

  /// Looks for the smallest arena among all trials.
  ///
  /// Trials that were rejected by the bound alone have no arena yet. They are planned in the order of their
  /// bounds until the next bound is no smaller than the best arena, so that the result is the minimum over all
  /// trials although few are planned.
  init(device: DeviceProfile, trials: [Trial], evaluator: CandidateEvaluator) {
    self.device = device.name
    limitBytes = device.arenaLimitBytes
    let tally = SearchTally(of: trials)
    rejections = Dictionary(
      uniqueKeysWithValues: (tally.rejections[device.name] ?? [:]).map { ($0.key.rawValue, $0.value) })
    failedTrials = tally.outcomes[.failed] ?? 0

    lightest = trials.compactMap { trial in
      trial.rejections[device.name].flatMap { rejection in
        rejection.reason == .flash
          ? Lightest(
            trialID: trial.id, weightBytes: rejection.peakBytes, flashBytes: rejection.limitBytes) : nil
      }
    }.min { ($0.weightBytes, $0.trialID) < ($1.weightBytes, $1.trialID) }
    let candidates = trials.compactMap { trial in
      trial.rejections[device.name].flatMap { rejection in
        Self.arenaBound(of: rejection).map { (bound: $0, trial: trial) }
      }
    }
    var best: Nearest?
    for (bound, trial) in candidates.sorted(by: { ($0.bound, $0.trial.id) < ($1.bound, $1.trial.id) }) {
      if let best, bound >= best.arenaBytes { break }
      guard let network = try? evaluator.plan(trial.candidate, alignment: device.alignment) else { continue }
      if let best, network.arena.arenaBytes >= best.arenaBytes { continue }
      best = Nearest(
        trialID: trial.id, peakBytes: network.peak.bytes, arenaBytes: network.arena.arenaBytes,
        operatorName: network.peak.operatorName, boundBytes: network.trivialBound.bytes,
        weightBytes: network.weightBytes, flashBytes: device.flashBytes)
    }
    nearest = best
  }

  /// What the arena of a rejected candidate is at least; nil if it has none.
  private static func arenaBound(of rejection: Rejection) -> Int? {
    switch rejection.reason {
    case .disconnected: nil
    case .memoryBound, .memoryPeak, .memoryArena: rejection.peakBytes
    case .flash: 0
    }
  }
}

extension Infeasibility: CustomStringConvertible {
  /// One sentence for people that leads with what binds: the flash where an arena fits, otherwise the smallest
  /// arena with its peak and operator.
  public var description: String {
    if let lightest {
      return "the smallest weights for \(device) whose arena fits have \(lightest.weightBytes) B "
        + "(trial \(lightest.trialID)); the flash limit is \(lightest.flashBytes) B"
    }
    guard let nearest else {
      return "no candidate could be planned for \(device) (limit \(limitBytes) B)"
    }
    let memory =
      "the smallest arena for \(device) has \(nearest.arenaBytes) B (peak \(nearest.peakBytes) B at "
      + "operator '\(nearest.operatorName)', trial \(nearest.trialID)); the limit is \(limitBytes) B"
    guard let flashBytes = nearest.flashBytes, nearest.weightBytes > flashBytes else { return memory }
    return memory + "; its weights have \(nearest.weightBytes) B, the flash \(flashBytes) B"
  }
}
