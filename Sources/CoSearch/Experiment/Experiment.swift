import Devices
import Foundation
import SearchSpaces
import Training

/// One experiment: what is searched, for which devices, by which means, with which budget.
///
/// Read from a YAML file (`Formats/Experiment.schema.json`); a seed and a budget given on a command line are set
/// afterwards.
public struct Experiment: Sendable, Hashable {
  /// The name, which run directories carry.
  public var name: String
  /// The file of the search space.
  public var spaceFile: URL
  /// The search space.
  public var space: SearchSpace
  /// The data set.
  public var dataset: DatasetReference
  /// The devices, in the experiment's order; names are unique.
  public var devices: [DeviceProfile]
  /// The objectives of the Pareto front; accuracy is always one of them.
  public var objectives: [Objective]
  /// How candidates are chosen.
  public var strategy: StrategyConfiguration
  /// How many candidates are asked for in all, rejected ones included.
  public var trials: Int
  /// The seed of everything random; not negative.
  public var seed: Int
  /// How the accuracy of a candidate is estimated.
  public var accuracy: AccuracyConfiguration
  /// How a winner is trained in the end, on the whole training set.
  public var final: TrainingConfiguration
}

/// What a candidate is judged by.
public enum Objective: String, Codable, CaseIterable, Sendable {
  /// Validation accuracy, maximised.
  case accuracy
  /// Median latency for every distinct way in which the devices run a network, minimised.
  case latency
  /// Live peak of the planned order, workspace included, minimised.
  case peakMemory
}

/// The search strategy and its numbers.
public enum StrategyConfiguration: Hashable, Sendable {
  /// Uniformly random candidates.
  case random
  /// Ageing evolution (Real et al. 2019).
  case regularizedEvolution(population: Int, tournament: Int)

  /// The name in experiment files.
  public var name: String {
    switch self {
    case .random: "random"
    case .regularizedEvolution: "regularizedEvolution"
    }
  }
}

/// How the accuracy of a candidate is estimated during the search.
public struct AccuracyConfiguration: Hashable, Sendable {
  /// The estimators that there are.
  public enum Estimator: String, CaseIterable, Sendable {
    /// Training from scratch at reduced fidelity.
    case shortTraining
    /// Weights from a supernet that is trained once, before the search.
    case supernet
  }

  /// The estimator.
  public var estimator: Estimator
  /// Images trained on, drawn from the training set.
  public var trainImages: Int
  /// Images validated on, drawn from the rest of the training set.
  public var validationImages: Int
  /// The training, of every architecture or of the supernet; its seed is replaced.
  public var training: TrainingConfiguration
  /// What else there is to say of the supernet; nil for other estimators.
  public var supernet: SupernetSettings?
}
