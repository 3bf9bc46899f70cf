import CoSearch
import Devices
import MemoryPlanning

/// Everything that a report or a status says of one run, gathered from its folder by the caller.
public struct RunContent: Sendable {
  /// The run's name: its folder's.
  public let name: String
  /// The experiment's name.
  public let experiment: String
  /// All trials, ascending by id.
  public let trials: [Trial]
  /// The trial budget.
  public let trialBudget: Int
  /// The devices of the experiment, in its order.
  public let devices: [DeviceProfile]
  /// The identifiers of the trials on the Pareto front of accuracy, latency and peak memory.
  public let front: Set<Int>
  /// The winner of each device that has one.
  public let winners: [String: Int]
  /// Final trainings, by trial id.
  public let finalResults: [Int: FinalResult]
  /// The exported memory plan of each device's winner, where there is one.
  public let plans: [String: ArenaPlan]
  /// What to call each trial's architecture, by trial id.
  public let labels: [Int: String]
  /// The resolved experiment, as YAML.
  public let configuration: String
  /// The environment, as JSON.
  public let environment: String

  /// Creates a description of a run.
  public init(
    name: String, experiment: String, trials: [Trial], trialBudget: Int, devices: [DeviceProfile],
    front: Set<Int>, winners: [String: Int], finalResults: [Int: FinalResult], plans: [String: ArenaPlan],
    labels: [Int: String], configuration: String, environment: String
  ) {
    self.name = name
    self.experiment = experiment
    self.trials = trials
    self.trialBudget = trialBudget
    self.devices = devices
    self.front = front
    self.winners = winners
    self.finalResults = finalResults
    self.plans = plans
    self.labels = labels
    self.configuration = configuration
    self.environment = environment
  }

  /// How many candidates each device rejected for each reason.
  public var rejectionCounts: [String: [Rejection.Reason: Int]] {
    var counts: [String: [Rejection.Reason: Int]] = [:]
    for trial in trials {
      for (device, rejection) in trial.rejections {
        counts[device, default: [:]][rejection.reason, default: 0] += 1
      }
    }
    return counts
  }

  /// How many trials ended in each way.
  public var outcomeCounts: [TrialOutcome.Kind: Int] {
    trials.reduce(into: [:]) { $0[$1.outcome.kind, default: 0] += 1 }
  }

  /// The trials on the front, the most accurate (or those of the highest score) first.
  public var frontTrials: [Trial] {
    func merit(_ trial: Trial) -> Double { trial.measurement?.validation.merit ?? -.infinity }
    return trials.filter { front.contains($0.id) }.sorted {
      (merit($1), $0.id) < (merit($0), $1.id)
    }
  }

  /// The devices that a trial won, in the experiment's order.
  public func devicesWon(by trialID: Int) -> [String] {
    devices.map(\.name).filter { winners[$0] == trialID }
  }
}
