import ArgumentParser
import CoSearch
import Deployment
import Devices
import ExperimentStore
import Foundation
import Reporting

/// `tandem export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes the deployable bundle of a trial, or verifies one.",
    discussion: """
      Without --trial the device's winner is exported. A trial that was never trained to the end is trained now, as the \
      experiment says under 'final'; --trained takes what 'tandem train' has trained instead.

      EXAMPLE
        tandem export runs/first --device mcu-256k --output bundle
        tandem export runs/first --trained trained --device mcu-256k --output bundle
        tandem export --verify bundle
      """)

  @Argument(help: "The run directory.", completion: .directory)
  var runDirectory: String?
  @Option(help: "The trial (default: the device's winner).") var trial: Int?
  @Option(help: "The device to export for; needed where there are several.") var device: String?
  @Option(help: "The output of 'tandem train' whose weights are exported.", completion: .directory)
  var trained: String?
  @Option(help: "The parts to write: onnx, json, or both with a comma.") var artifacts = "onnx,json"
  @Option(help: "The folder to write: new, empty, or an earlier bundle.", completion: .directory)
  var output: String?
  @Option(
    help: "The schedule database that the search used (default: in the user's data folder).",
    completion: .file())
  var database: String?
  @Option(help: "Check the bundle in this folder instead.", completion: .directory)
  var verify: String?
  @OptionGroup var quiet: QuietOption

  func validate() throws {
    if verify != nil {
      if runDirectory != nil || trial != nil || device != nil || output != nil || database != nil
        || trained != nil
      {
        throw ValidationError("--verify stands alone")
      }
    } else if runDirectory == nil || output == nil {
      throw ValidationError("give a run directory and --output, or --verify with a bundle")
    }
  }

  func run() throws {
    if let verify {
      try BundleVerifier.verify(URL(typed: verify))
      let manifest = try BundleVerifier.manifest(of: URL(typed: verify))
      let isWhole = Set(manifest.artifacts) == Set(BundleArtifact.allCases)
      try Console.result(
        "\(verify): every file is as it was written"
          + (isWhole ? ", and plan, schedule and model fit each other" : ""))
      return
    }
    guard let run = runDirectory, let output else { return }
    if run.hasSuffix(".onnx") {
      throw ExitStatus.badInput("exporting an ONNX model is not available yet; give a run directory")
    }
    let directory = RunDirectory(at: URL(typed: run))
    let artifacts = try selectedArtifacts()
    let content = try RunLoader(directory).content()
    let report = try trained.map { try TrainingFolder.report(in: URL(typed: $0)) }
    let (trial, device) = try selection(content, preferred: report?.trial)
    let final =
      try report.map { try result(of: $0, for: trial) } ?? stored(
        content.finalResult(of: trial), in: directory)
      ?? train(trial, directory)
    try RunBundles(
      directory: directory, experiment: directory.experiment(), weightsFolder: trained.map { URL(typed: $0) }
    ) {
      try ScheduleDatabase(at: database.map { URL(typed: $0) } ?? ScheduleDatabase.defaultLocation())
    }
    .write(trial, final, for: device, to: URL(typed: output), artifacts: artifacts)
    quiet.note("bundle of trial \(trial.id) for \(device.name): \(output)")
  }

  private func selectedArtifacts() throws -> Set<BundleArtifact> {
    try Set(
      artifacts.split(separator: ",").map { name in
        guard let artifact = BundleArtifact(rawValue: String(name)) else {
          let known = BundleArtifact.allCases.map(\.rawValue).joined(separator: ", ")
          throw ExitStatus.badInput("--artifacts: '\(name)' is not available; there are \(known)")
        }
        return artifact
      })
  }

  /// The trial and device to export, from what was given and what the run leaves no choice about.
  private func selection(_ content: RunContent, preferred: Int?) throws -> (Trial, DeviceProfile) {
    var devices = content.devices
    if let device {
      devices = devices.filter { $0.name == device }
      if devices.isEmpty {
        let known = content.devices.map(\.name).joined(separator: ", ")
        throw ExitStatus.badInput("the run has no device '\(device)'; it has \(known)")
      }
    }
    if let id = trial ?? preferred {
      guard content.trials.indices.contains(id) else {
        throw ExitStatus.badInput("the run has no trial \(id)")
      }
      let admitting = devices.filter { content.trials[id].isFeasible(on: $0.name) }
      guard !admitting.isEmpty else {
        throw ExitStatus.badInput(
          "trial \(id) is not admitted; 'tandem status \(runDirectory!) --trial \(id)' says why")
      }
      guard admitting.count == 1 else { throw ambiguous(admitting) }
      return (content.trials[id], admitting[0])
    }
    let winning = devices.filter { content.winners[$0.name] != nil }
    guard !winning.isEmpty else { throw ExitStatus.infeasible(of: devices.map(\.name)) }
    guard winning.count == 1 else { throw ambiguous(winning) }
    return (content.trials[content.winners[winning[0].name]!], winning[0])
  }

  private func ambiguous(_ devices: [DeviceProfile]) -> ExitStatus {
    .badInput(
      "several devices fit: choose one with --device \(devices.map(\.name).joined(separator: " or "))")
  }

  /// The result of a training by itself, of the trial's architecture.
  private func result(of report: TrainingReport, for trial: Trial) throws -> FinalResult {
    let key = trial.candidate.architecture.key
    guard report.architecture.key == key, let test = report.accuracy(on: "test") else {
      throw ExitStatus.badInput("\(trained!) is of another architecture than trial \(trial.id)")
    }
    return FinalResult(
      trialID: trial.id, architectureKey: key, testAccuracy: test.accuracy, testImages: test.images,
      trainImages: report.trainImages, epochs: report.configuration.epochs, seconds: report.seconds,
      normalization: report.normalization, weightsFile: report.weightsFile, history: report.history)
  }

  /// A result whose weights are still there.
  private func stored(_ result: FinalResult?, in directory: RunDirectory) -> FinalResult? {
    guard let result, let file = result.weightsFile,
      FileManager.default.fileExists(atPath: directory.url.appendingPathComponent(file).path)
    else { return nil }
    return result
  }

  /// Trains a trial as winners are trained, and keeps the result in the run.
  private func train(_ trial: Trial, _ directory: RunDirectory) throws -> FinalResult {
    let experiment = try directory.experiment()
    let lock = try directory.reopen()
    defer { withExtendedLifetime(lock) {} }
    let observer = try SearchObserver(
      log: RunLog(of: directory), devices: experiment.devices.map(\.name), isQuiet: quiet.quiet)
    defer { observer.finish() }
    Interruption.install()
    return try WinnerTraining(
      experiment: experiment, journal: directory.openStore(), runFolder: directory.url
    ).train(
      trial, trainingSet: experiment.dataset.load(.train), testSet: experiment.dataset.load(.test),
      report: { event in
        observer.observe(event)
        Interruption.exitIfRequested("interrupted; nothing was exported", observer)
      })
  }
}

extension ExitStatus {
  /// Nothing to export: no candidate fits.
  static func infeasible(of devices: [String]) -> ExitStatus {
    ExitStatus(
      code: Code.infeasible,
      message: "the run has no candidate that fits \(devices.joined(separator: " or "))")
  }
}
