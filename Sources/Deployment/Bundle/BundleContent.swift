import ComputationGraph
import Devices
import ScheduleTuning
import SearchSpaces

/// Everything that goes into a bundle.
public struct BundleContent: Sendable {
  /// The architecture; its policy is that of ``network``.
  public var architecture: Architecture
  /// The network, planned for ``device``.
  public var network: PlannedNetwork
  /// Trained weights of the *training* form, running statistics included.
  public var weights: WeightValues
  /// The device whose limits the plan keeps.
  public var device: DeviceProfile
  /// How pixels become the model's input.
  public var preprocessing: Preprocessing
  /// Accuracy figures, each with how it was found.
  public var accuracy: [AccuracyFigure]
  /// Latency on the target, if it was measured.
  public var latency: LatencyStatistics?
  /// Where ``latency`` was measured.
  public var target: TargetFingerprint?
  /// The experiment that found the network, if one did.
  public var experiment: String?
  /// The trial in that experiment.
  public var trialID: Int?
  /// Names of the classes, in the order of the logits; empty if they have none.
  public var classNames: [String]
  /// Tandem's version.
  public var producerVersion: String

  /// Creates the content of a bundle.
  public init(
    architecture: Architecture, network: PlannedNetwork, weights: WeightValues, device: DeviceProfile,
    preprocessing: Preprocessing, accuracy: [AccuracyFigure], latency: LatencyStatistics? = nil,
    target: TargetFingerprint? = nil, experiment: String? = nil, trialID: Int? = nil,
    classNames: [String] = [],
    producerVersion: String
  ) {
    self.architecture = architecture
    self.network = network
    self.weights = weights
    self.device = device
    self.preprocessing = preprocessing
    self.accuracy = accuracy
    self.latency = latency
    self.target = target
    self.experiment = experiment
    self.trialID = trialID
    self.classNames = classNames
    self.producerVersion = producerVersion
  }
}

/// An accuracy with all that says how it was found.
public struct AccuracyFigure: Codable, Hashable, Sendable {
  /// What a figure is for.
  public enum Purpose: String, Codable, Sendable {
    /// Found during the search at reduced fidelity; what candidates were compared by.
    case search
    /// Found once, after the final training.
    case final
  }

  /// What the figure is for.
  public let purpose: Purpose
  /// The share of images that were classified correctly, in [0, 1].
  public let accuracy: Double
  /// The images that it was measured on: `validation` or `test`.
  public let split: String
  /// How many images it was measured on.
  public let images: Int
  /// How it was found: an estimator's name, or `final-training`.
  public let estimator: String
  /// How many images the network was trained on before.
  public let trainImages: Int
  /// Passes over those.
  public let epochs: Double

  /// Creates a figure.
  public init(
    purpose: Purpose, accuracy: Double, split: String, images: Int, estimator: String, trainImages: Int,
    epochs: Double
  ) {
    self.purpose = purpose
    self.accuracy = accuracy
    self.split = split
    self.images = images
    self.estimator = estimator
    self.trainImages = trainImages
    self.epochs = epochs
  }
}

/// How another program makes the model's input from an image: `(byte · scale − mean) / standardDeviation` by channel,
/// in the layout given, batch 1, float32.
public struct Preprocessing: Codable, Hashable, Sendable {
  /// The order of the dimensions: batch, channel, row, column.
  public let layout: String
  /// What a byte of the image is multiplied with: 1/255.
  public let scale: Double
  /// Mean of each channel, of scaled pixels.
  public let mean: [Double]
  /// Standard deviation of each channel, of scaled pixels.
  public let standardDeviation: [Double]

  /// Creates the usual preprocessing: bytes scaled to [0, 1], then normalised.
  ///
  /// - Precondition: one mean and one positive deviation for every channel.
  public init(mean: [Double], standardDeviation: [Double]) {
    precondition(mean.count == standardDeviation.count && standardDeviation.allSatisfy { $0 > 0 })
    layout = "NCHW"
    scale = 1.0 / 255
    self.mean = mean
    self.standardDeviation = standardDeviation
  }
}
