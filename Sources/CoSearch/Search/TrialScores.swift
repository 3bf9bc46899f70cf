import Devices
import Foundations
import MultiObjective
import SearchSpaces

extension Trial {
  /// What the strategy is told: a score for every device.
  ///
  /// A device that admits the candidate scores it by validation accuracy (or the estimator's score), then latency, then peak; one that
  /// rejects it by how far it is over the limit, relative to the limit. Deterministic: no wall-clock time enters.
  func evaluation(for devices: [DeviceProfile]) -> Evaluation<Candidate> {
    Evaluation(candidate: candidate, scores: devices.map { score(on: $0.name) })
  }

  private func score(on device: String) -> TargetScore {
    if let measurement, let result = measurement.devices[device] {
      return TargetScore(
        violation: 0,
        costs: [
          -measurement.validation.merit, result.latency.medianMilliseconds,
          Double(result.peak.bytes),
        ])
    }
    guard let rejection = rejections[device], rejection.reason != .disconnected else { return .unknown }
    let excess = Double(rejection.peakBytes - rejection.limitBytes)
    return TargetScore(violation: excess / Double(max(1, rejection.limitBytes)), costs: [])
  }
}

/// A search space as a strategy sees it.
struct SpaceSource: CandidateSource {
  let space: SearchSpace

  func sample(using generator: inout SeededGenerator) -> Candidate { space.sample(using: &generator) }

  func mutate(_ candidate: Candidate, using generator: inout SeededGenerator) -> Candidate {
    space.mutate(candidate, using: &generator)
  }
}
