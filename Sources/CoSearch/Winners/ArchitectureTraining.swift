import ComputationGraph
import SearchSpaces
import Training

/// The training of one architecture as an experiment says under `final`: the same weights, bit for bit, as when the
/// architecture wins a search.
public struct ArchitectureTraining: Sendable {
  /// The experiment.
  public let experiment: Experiment
  /// What is trained.
  public let architecture: Architecture
  /// How it is trained: the experiment's `final`, with the architecture's seed.
  public let configuration: TrainingConfiguration
  /// The share of the training images that is held out and validated on after every pass; 0 for none.
  public let validationShare: Double

  /// Describes a training.
  ///
  /// - Parameters:
  ///   - epochs: instead of the experiment's.
  ///   - validationShare: in [0, 1); at least one image is held out if it is above 0.
  public init(
    experiment: Experiment, architecture: Architecture, epochs: Double? = nil, validationShare: Double = 0
  ) {
    precondition((0..<1).contains(validationShare), "a share of the images")
    self.experiment = experiment
    self.architecture = architecture
    var configuration = experiment.final
    configuration.seed = experiment.seed(for: .final, key: architecture.key)
    if let epochs { configuration.epochs = epochs }
    self.configuration = configuration
    self.validationShare = validationShare
  }

  /// The parts of the training images: to train on, and to validate on.
  ///
  /// - Throws: `DatasetError` if nothing is left to train on.
  public func parts(of trainingSet: ImageDataset) throws(DatasetError) -> (
    training: ImageDataset, validation: ImageDataset?
  ) {
    guard validationShare > 0 else { return (trainingSet, nil) }
    let held = max(1, Int((validationShare * Double(trainingSet.count)).rounded()))
    guard held < trainingSet.count else {
      throw .tooFewImages(requested: held + 1, available: trainingSet.count)
    }
    let split = try trainingSet.stratifiedSplit(
      firstCount: trainingSet.count - held, secondCount: held, seed: experiment.seed(for: .split),
      names: ("\(trainingSet.name), training part", "\(trainingSet.name), validation part"))
    return (split.first, split.second)
  }

  /// Begins the training, or continues it.
  ///
  /// - Parameters:
  ///   - training: what to train on, and
  ///   - validation: what to validate on, as ``parts(of:)`` gives them.
  ///   - normalization: the statistics of the images to train on.
  /// - Throws: `TrainingError`; a network that cannot be built is `TrainingError.unsupportedGraph`.
  public func session(
    on training: ImageDataset, validation: ImageDataset? = nil, normalization: Normalization,
    continuing checkpoint: TrainingCheckpoint? = nil
  ) throws(TrainingError) -> TrainingSession {
    let graph: Graph
    do {
      graph = try experiment.space.trainingGraph(for: architecture, input: experiment.dataset.input)
    } catch {
      throw .unsupportedGraph(reason: error.description)
    }
    return try TrainingSession(
      Trainer(graph: graph, configuration: configuration), on: training, normalization: normalization,
      validation: validation, continuing: checkpoint)
  }
}
