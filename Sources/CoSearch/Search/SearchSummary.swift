import Devices
import MultiObjective

/// What a set of trials amounts to: fronts and winners. Computed from stored trials alone, at any time.
public struct SearchSummary: Sendable {
  /// Counts and the best trial of every device.
  public let tally: SearchTally
  /// The Pareto front of every device over the trials that it admits: ascending trial ids by device name.
  public let fronts: [String: [Int]]
  /// The winner of every device that admits a candidate, by device name.
  public let winners: [String: Int]
  /// The union of the devices' fronts, ascending.
  public let front: [Int]

  /// Summarises trials.
  ///
  /// - Parameters:
  ///   - trials: all trials of a run, ascending by id.
  ///   - devices: the names of the devices.
  ///   - objectives: what the fronts are over.
  /// - Complexity: O(n · size of the fronts).
  public init(trials: [Trial], devices: [String], objectives: [Objective] = Objective.allCases) {
    tally = SearchTally(of: trials)
    var fronts: [String: [Int]] = [:]
    for device in devices {
      var archive = ParetoArchive<Int>()
      for trial in trials {
        guard let measurement = trial.measurement, let result = measurement.devices[device] else { continue }
        let values = objectives.map { objective in
          switch objective {
          case .accuracy: -measurement.validation.merit
          case .latency: result.latency.medianMilliseconds
          case .peakMemory: Double(result.peak.bytes)
          }
        }
        archive.insert(trial.id, objectives: ObjectiveVector(values))
      }
      fronts[device] = archive.elements
    }
    self.fronts = fronts
    // Only the devices asked for, whatever else the trials name.
    winners = tally.best.filter { fronts[$0.key] != nil }.mapValues(\.trialID)
    front = Set(fronts.values.joined()).sorted()
  }
}
