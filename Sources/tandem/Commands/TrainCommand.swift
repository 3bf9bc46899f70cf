import ArgumentParser
import CoSearch
import Foundation
import Foundations
import Reporting
import SearchSpaces
import Training

/// `tandem train`.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains one architecture to the end, on all training images.",
    discussion: """
      The network is trained as the experiment says under 'final', and as the search trains its winners: equal seeds give \
      equal weights. The test images are looked at once, at the end. What was trained can be exported with \
      'tandem export RUN_DIR --trained DIR'.

      EXAMPLE
        tandem train runs/first --epochs 100 --output trained
        tandem train runs/first --epochs 100 --output trained --resume
        tandem train architecture.json --output trained \\
          --experiment Experiments/fashion-mnist.yaml
      """)

  @Argument(
    help: "A run directory, an architecture (JSON), or a folder with an architecture.json such as a bundle.",
    completion: .file())
  var source: String
  @Option(help: "The trial of the run (default: the device's winner).") var trial: Int?
  @Option(help: "The device whose winner is trained; needed where winners differ.") var device: String?
  @Option(
    help: "The experiment of an architecture that is not in a run.", completion: .file(extensions: ["yaml"]))
  var experiment: String?
  @Option(help: "Passes over the training images, instead of the experiment's.") var epochs: Double?
  @Option(
    help: "The share of the training images that is held out and validated on after every pass, such as 0.1.")
  var validationShare = 0.0
  @Option(help: "How often the state is stored: 30s, 5min.") var checkpointEvery = "30s"
  @Option(help: "The folder to write: new or empty, unless --resume.", completion: .directory)
  var output: String
  @Flag(help: "Continue the training in --output.") var resume = false
  @OptionGroup var format: FormatOption
  @OptionGroup var quiet: QuietOption

  func validate() throws {
    if let epochs, !(epochs.isFinite && epochs > 0) { throw ValidationError("--epochs must be above 0") }
    if !(0..<1).contains(validationShare) {
      throw ValidationError("--validation-share must be at least 0 and below 1")
    }
    if DurationText.parse(checkpointEvery) == nil {
      throw ValidationError("--checkpoint-every: '\(checkpointEvery)' is no duration such as 30s or 5min")
    }
  }

  func run() throws {
    Interruption.install()
    let subject = try TrainingSubject(source: source, trial: trial, device: device, experiment: experiment)
    let training = ArchitectureTraining(
      experiment: subject.experiment, architecture: subject.architecture, epochs: epochs,
      validationShare: validationShare)
    try training.configuration.validate()
    // Before anything is written: what is missing or damaged should leave no folder behind.
    let trainingSet = try subject.experiment.dataset.load(.train)
    let testSet = try subject.experiment.dataset.load(.test)
    let parts = try training.parts(of: trainingSet)
    let normalization = Normalization(of: parts.training)
    var session = try training.session(
      on: parts.training, validation: parts.validation, normalization: normalization)

    let folder = TrainingFolder(URL(typed: output))
    let lock = try folder.open(for: subject.architecture, resume: resume)
    defer { withExtendedLifetime(lock) {} }
    if let finished = try folder.finishedReport() {
      guard finished.describes(training, images: parts.training.count, validation: parts.validation) else {
        throw ExitStatus.badInput("the training in \(output) was of other settings and is finished")
      }
      quiet.note("the training is finished")
      return try show(finished)
    }
    if let checkpoint = try folder.checkpoint() {
      session = try training.session(
        on: parts.training, validation: parts.validation, normalization: normalization,
        continuing: checkpoint)
      quiet.note("continuing after step \(session.step) of \(session.steps)")
    }

    let start = ContinuousClock.now
    let secondsBefore = session.seconds
    try advance(session, in: folder)
    let network = try session.finish()
    let test = try session.trainer.evaluate(on: testSet, normalization: normalization)
    let report = TrainingReport(
      experiment: subject.experiment.name, trial: subject.trial, architecture: subject.architecture,
      label: subject.experiment.space.fullLabel(subject.architecture),
      dataset: subject.experiment.dataset.name.rawValue, trainImages: parts.training.count,
      normalization: normalization, configuration: training.configuration,
      instructionSet: session.trainer.instructionSet, steps: session.steps, history: network.history,
      accuracies: accuracies(network, parts.validation, test, epochs: training.configuration.epochs),
      seconds: secondsBefore + (ContinuousClock.now - start) / .seconds(1),
      weightsFile: TrainingFolder.weightsName)
    try folder.finish(report, weights: network.weights)
    try show(report)
  }

  private func accuracies(
    _ network: TrainedNetwork, _ validation: ImageDataset?, _ test: EvaluationResult, epochs: Double
  ) -> [TrainingReport.Accuracy] {
    var result: [TrainingReport.Accuracy] = []
    if let validation, let accuracy = network.history.last?.validationAccuracy {
      result.append(
        .init(split: "validation", accuracy: accuracy, images: validation.count, epochs: epochs))
    }
    return result + [.init(split: "test", accuracy: test.accuracy, images: test.images, epochs: epochs)]
  }

  /// Takes all steps; stores the state now and then, and when a stop is asked for.
  private func advance(_ session: TrainingSession, in folder: TrainingFolder) throws {
    let interval = DurationText.parse(checkpointEvery) ?? .seconds(30)
    var display = ProgressDisplay(isEnabled: !quiet.quiet)
    defer { display.clear() }
    if session.step == 0 { try folder.store(session.checkpoint()) }
    var stored = ContinuousClock.now
    while !session.isFinished {
      if Interruption.isRequested {
        try folder.store(session.checkpoint())
        display.clear()
        throw ExitStatus(
          code: ExitStatus.Code.interrupted,
          message:
            "interrupted after step \(session.step) of \(session.steps). Continue with: \(continuation)")
      }
      let progress = try session.advance()
      if let record = progress.record {
        display.clear()
        quiet.note(Self.line(record))
      }
      display.update(
        done: progress.step, total: progress.steps, unit: "steps",
        notes: [
          "loss \(NumberFormat.decimal(progress.loss)), learning rate "
            + "\(NumberFormat.decimal(progress.learningRate)), \(Int(progress.imagesPerSecond.rounded())) images/s"
        ])
      if ContinuousClock.now - stored >= interval, !session.isFinished {
        try folder.store(session.checkpoint())
        stored = ContinuousClock.now
      }
    }
    // What is left is short, but the last pass may have been long.
    try folder.store(session.checkpoint())
  }

  private static func line(_ record: EpochRecord) -> String {
    "epoch \(NumberFormat.decimal(record.epoch)): loss \(NumberFormat.decimal(record.trainLoss)), training "
      + NumberFormat.percent(record.trainAccuracy)
      + (record.validationAccuracy.map { ", validation \(NumberFormat.percent($0))" } ?? "")
      + ", \(NumberFormat.duration(seconds: record.seconds))"
  }

  private func show(_ report: TrainingReport) throws {
    try format.print(report) {
      report.text(width: Console.width) + "\nweights, curve and report: \(URL(typed: output).relativePath)"
    }
  }

  private var continuation: String {
    var command = "tandem train \(source)"
    if let trial { command += " --trial \(trial)" }
    if let device { command += " --device \(device)" }
    if let experiment { command += " --experiment \(experiment)" }
    if let epochs { command += " --epochs \(epochs)" }
    if validationShare > 0 { command += " --validation-share \(validationShare)" }
    return command + " --output \(output) --resume"
  }
}

extension TrainingReport {
  /// Whether this is the result of a training, on so many images.
  fileprivate func describes(
    _ training: ArchitectureTraining, images: Int, validation: ImageDataset?
  ) -> Bool {
    var (own, other) = (configuration, training.configuration)
    (own.threads, other.threads) = (1, 1)
    return own == other && architecture == training.architecture && trainImages == images
      && accuracy(on: "validation")?.images == validation?.count
  }
}
