import AccuracyEstimation
import BenchmarkSupport
import CoSearch
import Foundations
import Training

/// An estimator as an experiment describes it.
struct Contender {
  let name: String
  let accuracy: AccuracyConfiguration
  /// Whether nothing but the network is looked at, so that it can be asked of any data set.
  var isDataFree = false

  /// What it says of the networks.
  struct Result {
    let name: String
    let merits: [Double]
    let preparationSeconds: Double
    let secondsPerNetwork: Double

    func kendall(_ reference: [Double]) -> Double { RankCorrelation.kendall(merits, reference) }
    func spearman(_ reference: [Double]) -> Double { RankCorrelation.spearman(merits, reference) }
  }

  /// Prepares the estimator and asks it about every network.
  func judge(_ networks: StudyNetworks, in experiment: Experiment, images: ImageDataset) throws -> Result {
    var experiment = experiment
    experiment.accuracy = accuracy
    let clock = ContinuousClock()
    let start = clock.now
    let estimator = try prepareEstimator(for: experiment, trainingSet: images)
    let prepared = clock.now
    let merits = try networks.entries.map { entry in
      try estimator.estimate(
        EstimationSubject(architecture: entry.architecture, training: entry.training), seed: 1
      ).merit
    }
    let asked = clock.now
    Progress.note("\(name): prepared in \(prepared - start), asked in \(asked - prepared)")
    return Result(
      name: name, merits: merits, preparationSeconds: (prepared - start) / .seconds(1),
      secondsPerNetwork: (asked - prepared) / .seconds(1) / Double(merits.count))
  }

  /// All estimators, with the images and the training of an experiment whose estimator is short training.
  ///
  /// - Parameters:
  ///   - predictorSamples: 0 leaves the predictor out.
  ///   - halvingSamples: 0 leaves successive halving out.
  static func all(
    of experiment: Experiment, supernetEpochs: Double, supernetRate: Double, predictorSamples: Int,
    halvingSamples: Int
  ) -> [Contender] {
    let short = experiment.accuracy
    func changed(_ change: (inout AccuracyConfiguration) -> Void) -> AccuracyConfiguration {
      var copy = short
      change(&copy)
      return copy
    }
    let proxies = ZeroCostProxy.allCases.map { proxy in
      Contender(
        name: proxy.rawValue,
        accuracy: changed {
          $0.estimator = .zeroCost
          $0.zeroCost = ZeroCostReference(proxy: proxy, images: 64)
        }, isDataFree: [.synflow, .macs, .parameters].contains(proxy))
    }
    let learnt = [
      Contender(
        name: "successive halving",
        accuracy: changed {
          $0.estimator = .successiveHalving
          $0.halving = HalvingReference(eta: 2, rungs: 3, calibrationSamples: halvingSamples)
        }),
      Contender(
        name: "predictor of short training, \(predictorSamples) samples",
        accuracy: changed {
          $0.estimator = .predictor
          $0.predictor = PredictorReference(base: .shortTraining, samples: predictorSamples)
        }),
    ]
    let wanted = zip(learnt, [halvingSamples, predictorSamples]).filter { $0.1 > 0 }.map(\.0)
    return proxies + wanted + [
      Contender(
        name: "short training, \(short.trainImages / 4) images × \(short.training.epochs)",
        accuracy: changed { $0.trainImages /= 4 }),
      Contender(
        name: "short training, \(short.trainImages) images × \(short.training.epochs)", accuracy: short),
      Contender(
        name: "supernet, \(supernetEpochs) epochs",
        accuracy: changed {
          $0.estimator = .supernet
          $0.supernet = SupernetSettings()
          $0.training.epochs = supernetEpochs
          $0.training.learningRate = supernetRate
        }),
    ]
  }
}
