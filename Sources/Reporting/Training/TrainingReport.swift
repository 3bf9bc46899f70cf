import SearchSpaces
import Training

/// What `tandem train` writes and prints: how a network was trained and how accurate it became.
public struct TrainingReport: Codable, Hashable, Sendable {
  /// An accuracy and the images it was measured on.
  public struct Accuracy: Codable, Hashable, Sendable {
    /// `validation`: held-out training images; `test`: the test part, looked at once.
    public let split: String
    /// In [0, 1].
    public let accuracy: Double
    /// The number of images.
    public let images: Int
    /// Passes over the training images before.
    public let epochs: Double

    /// Creates an accuracy.
    public init(split: String, accuracy: Double, images: Int, epochs: Double) {
      self.split = split
      self.accuracy = accuracy
      self.images = images
      self.epochs = epochs
    }
  }

  /// The version of the format.
  public let schemaVersion: Int
  /// The experiment's name.
  public let experiment: String
  /// The trial of the run that was named; nil for an architecture from a file.
  public let trial: Int?
  /// What was trained.
  public let architecture: Architecture
  /// The architecture for people.
  public let label: String
  /// The data set's name.
  public let dataset: String
  /// Images trained on.
  public let trainImages: Int
  /// How pixels are scaled.
  public let normalization: Normalization
  /// How the network was trained.
  public let configuration: TrainingConfiguration
  /// The vector instructions that the weights depend on.
  public let instructionSet: InstructionSet
  /// Steps taken.
  public let steps: Int
  /// One record per pass.
  public let history: [EpochRecord]
  /// Validation, if images were held out, and test.
  public let accuracies: [Accuracy]
  /// The time of the training, interruptions left out.
  public let seconds: Double
  /// The file of the weights, in the same folder.
  public let weightsFile: String

  /// Creates a report.
  public init(
    experiment: String, trial: Int?, architecture: Architecture, label: String, dataset: String,
    trainImages: Int, normalization: Normalization, configuration: TrainingConfiguration,
    instructionSet: InstructionSet, steps: Int, history: [EpochRecord], accuracies: [Accuracy],
    seconds: Double,
    weightsFile: String
  ) {
    schemaVersion = 1
    self.experiment = experiment
    self.trial = trial
    self.architecture = architecture
    self.label = label
    self.dataset = dataset
    self.trainImages = trainImages
    self.normalization = normalization
    self.configuration = configuration
    self.instructionSet = instructionSet
    self.steps = steps
    self.history = history
    self.accuracies = accuracies
    self.seconds = seconds
    self.weightsFile = weightsFile
  }

  /// The accuracy on a split, if it was measured.
  public func accuracy(on split: String) -> Accuracy? { accuracies.first { $0.split == split } }

  /// The learning curve with one line per pass.
  public var csv: String {
    let lines = history.map { record in
      [
        "\(record.epoch)", "\(record.trainLoss)", "\(record.trainAccuracy)",
        record.validationAccuracy.map { "\($0)" } ?? "", "\(record.learningRate)", "\(record.seconds)",
      ].joined(separator: ",")
    }
    return (["epoch,trainLoss,trainAccuracy,validationAccuracy,learningRate,seconds"] + lines)
      .joined(separator: "\n") + "\n"
  }

  /// The learning curve and the accuracies for a terminal.
  public func text(width: Int?) -> String {
    var table = TextTable(columns: [
      .init("epoch", alignment: .right), .init("train loss", alignment: .right),
      .init("train", alignment: .right), .init("validation", alignment: .right),
      .init("rate", alignment: .right), .init("time", alignment: .right),
    ])
    for record in history { table.append(Self.cells(record)) }
    let figures = accuracies.map {
      "\($0.split) accuracy \(NumberFormat.percent($0.accuracy)) on \(NumberFormat.grouped($0.images)) images"
    }
    return "\(label)\n\n\(table.rendered(width: width))\n\n\(figures.joined(separator: "\n"))\n"
  }

  static func cells(_ record: EpochRecord) -> [String] {
    [
      NumberFormat.decimal(record.epoch), NumberFormat.decimal(record.trainLoss),
      NumberFormat.percent(record.trainAccuracy),
      record.validationAccuracy.map(NumberFormat.percent) ?? "–", NumberFormat.decimal(record.learningRate),
      NumberFormat.duration(seconds: record.seconds),
    ]
  }
}
