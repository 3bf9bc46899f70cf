import AccuracyEstimation
import Foundation
import Training

/// How the accuracy of a candidate is estimated during the search.
public struct AccuracyConfiguration: Hashable, Sendable {
  /// The estimators that there are.
  public enum Estimator: String, CaseIterable, Sendable {
    /// Training from scratch at reduced fidelity.
    case shortTraining
    /// Accuracies from a file.
    case table
    /// A score of the untrained network that is no accuracy.
    case zeroCost
    /// Training from scratch, on rungs of growing fidelity.
    case successiveHalving
    /// A predictor that is trained before the search.
    case predictor
    /// Weights from a supernet that is trained once, before the search.
    case supernet
  }

  /// The estimator.
  public var estimator: Estimator
  /// Images trained on, drawn from the training set; 0 where nothing is trained.
  public var trainImages: Int
  /// Images validated on, drawn from the rest of the training set; 0 where nothing is trained.
  public var validationImages: Int
  /// The training; its seed is replaced for every architecture. Without meaning where nothing is trained.
  public var training: TrainingConfiguration
  /// How much of the difference between training and validation accuracy is taken off the score
  /// (`ShortTrainingEstimator`).
  public var generalizationGapWeight = 0.0
  /// The table, if the estimator needs one.
  public var table: TableReference?
  /// The proxy, if the estimator is one.
  public var zeroCost: ZeroCostReference?
  /// The rungs, if there are any; the last one trains as the keys of the training say.
  public var halving: HalvingReference?
  /// The predictor, if there is one.
  public var predictor: PredictorReference?
  /// What else there is to say of the supernet, if there is one.
  public var supernet: SupernetSettings?

  /// A configuration that looks accuracies up in a table and trains nothing.
  public static func table(_ table: TableReference, threads: Int) -> AccuracyConfiguration {
    AccuracyConfiguration(
      estimator: .table, trainImages: 0, validationImages: 0,
      training: TrainingConfiguration(threads: threads), table: table)
  }

  /// Whether accuracies come from a table: nothing is trained then, winners neither.
  public var usesTable: Bool { table != nil }
}

/// A table of accuracies.
public struct TableReference: Hashable, Sendable {
  /// The file.
  public var file: URL
  /// The column of the accuracies.
  public var column: String
  /// The column of the architectures.
  public var architectureColumn: String

  /// The column of NAS-Bench-201's validation accuracies on CIFAR-10, as strategies are studied by.
  public static let defaultColumn = "c10_valid"
  /// The column of the architectures unless another is named.
  public static let defaultArchitectureColumn = "arch"

  /// Creates a reference.
  public init(
    file: URL, column: String = defaultColumn, architectureColumn: String = defaultArchitectureColumn
  ) {
    self.file = file
    self.column = column
    self.architectureColumn = architectureColumn
  }
}

/// A zero-cost proxy and its images.
public struct ZeroCostReference: Hashable, Sendable {
  /// The proxy.
  public var proxy: ZeroCostProxy
  /// Images that it looks at; without meaning for proxies that look at none.
  public var images: Int

  /// Creates a reference.
  public init(proxy: ZeroCostProxy, images: Int = 32) {
    self.proxy = proxy
    self.images = images
  }
}

/// The rungs of successive halving.
public struct HalvingReference: Hashable, Sendable {
  /// One in so many goes on, to so many times as many images.
  public var eta: Int
  /// The number of rungs.
  public var rungs: Int
  /// Architectures from which the thresholds are learnt before the search.
  public var calibrationSamples: Int

  /// Creates a reference.
  public init(eta: Int = 3, rungs: Int = 3, calibrationSamples: Int = 27) {
    self.eta = eta
    self.rungs = rungs
    self.calibrationSamples = calibrationSamples
  }
}

/// A predictor and what it learns from.
public struct PredictorReference: Hashable, Sendable {
  /// The estimator whose results are predicted.
  public var base: AccuracyConfiguration.Estimator
  /// Architectures that it estimates before the search.
  public var samples: Int
  /// The kind of the ensemble's members.
  public var model: AccuracyPredictor.Model
  /// The size of the ensemble.
  public var members: Int

  /// The estimators that can be predicted: those that give accuracies of one fidelity.
  public static let bases: [AccuracyConfiguration.Estimator] = [.shortTraining, .table]

  /// Creates a reference.
  public init(
    base: AccuracyConfiguration.Estimator, samples: Int = 100,
    model: AccuracyPredictor.Model = .boostedTrees, members: Int = 8
  ) {
    self.base = base
    self.samples = samples
    self.model = model
    self.members = members
  }
}
