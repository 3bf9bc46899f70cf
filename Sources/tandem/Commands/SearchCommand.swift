import ArgumentParser
import CoSearch
import ExperimentStore
import Foundation
import Foundations
import Reporting
import ScheduleTuning
import Training

/// `tandem search`.
struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Runs a co-design search: one winner, with its schedule, for every device.",
    discussion: """
      The run directory is new or empty, unless --resume continues the run that is in it. Progress goes to standard \
      error; the tables at the end to standard output.

      EXAMPLE
        tandem search Experiments/fashion-mnist.yaml --output runs/first
        tandem search Experiments/fashion-mnist.yaml --output runs/first --resume
      """)

  @Argument(help: "The experiment.", completion: .file(extensions: ["yaml"]))
  var experiment: String
  @Option(help: "The run directory (default: runs/NAME-UTCTIME).", completion: .directory)
  var output: String?
  @Flag(help: "Continue the run in --output.") var resume = false
  @Option(help: "The total number of trials, instead of the experiment's.") var trials: Int?
  @Option(help: "The seed, instead of the experiment's.") var seed: Int?
  @Option(help: "The schedule database (default: in the user's data folder).", completion: .file())
  var database: String?
  @OptionGroup var format: FormatOption
  @OptionGroup var quiet: QuietOption

  func validate() throws {
    if resume, output == nil {
      throw ValidationError("--resume needs --output, the run directory to continue")
    }
    if let trials, trials < 1 { throw ValidationError("--trials must be at least 1") }
    if let seed, seed < 0 { throw ValidationError("--seed must not be negative") }
  }

  func run() throws {
    Interruption.install()
    let experiment = try loadedExperiment()
    let directory = RunDirectory(
      at: output.map { URL(typed: $0) } ?? RunDirectory.defaultLocation(experiment: experiment.name))
    // Before anything is written: what is missing or damaged should leave no folder behind.
    let trainingSet = try experiment.dataset.load(.train)
    let testSet = try experiment.dataset.load(.test)
    let database = try ScheduleDatabase(
      at: self.database.map { URL(typed: $0) } ?? ScheduleDatabase.defaultLocation())

    let lock = try openRun(directory, experiment)
    defer { withExtendedLifetime(lock) {} }
    let journal = try directory.openStore()
    let observer = try SearchObserver(
      log: RunLog(of: directory), devices: experiment.devices.map(\.name), isQuiet: quiet.quiet)
    quiet.note("run directory: \(directory.url.relativePath)")

    let evaluator = try CandidateEvaluator(
      experiment: experiment, trainingSet: trainingSet, database: database,
      checkpointFolder: directory.checkpointFolder
    ) { progress in
      observer.observe(progress)
      Interruption.exitIfRequested(continuation(directory), observer)
    }
    let result = try SearchRun(
      experiment: experiment, evaluator: evaluator, journal: journal,
      isCancelled: { Interruption.isRequested }
    ).run(observer.observe)
    try FrontTable.write(
      to: directory, trials: result.trials, summary: result.summary, devices: experiment.devices.map(\.name))
    guard result.isFinished else { throw interrupted(directory, observer) }

    let finals = try WinnerTraining(experiment: experiment, journal: journal, runFolder: directory.url).run(
      result, trainingSet: trainingSet, testSet: testSet, isCancelled: { Interruption.isRequested }
    ) { event in
      observer.observe(event)
      Interruption.exitIfRequested(continuation(directory), observer)
    }
    if finals.count < result.summary.winners.count { throw interrupted(directory, observer) }
    try RunBundles(directory: directory, experiment: experiment) { database }.writeWinners(result, finals)
    observer.finish()

    let content = try RunLoader(directory).content()
    try AtomicFile.write(HTMLReport(runs: [content]).html(), to: directory.reportFile)
    let infeasible = experiment.devices.compactMap { result.infeasible[$0.name] }
    try format.print(RunStatus(content, infeasible: infeasible)) { summary(content, directory) }
    if result.summary.winners.isEmpty {
      throw ExitStatus(
        code: ExitStatus.Code.infeasible,
        message: infeasible.map(\.description).joined(separator: "\nerror: "))
    }
    for device in infeasible { quiet.note("note: \(device)") }
  }

  private func loadedExperiment() throws -> Experiment {
    var experiment = try Experiment.load(from: URL(typed: experiment))
    if let trials { experiment.trials = trials }
    if let seed { experiment.seed = seed }
    return experiment
  }

  /// Creates the run directory, or checks that the run in it is of this experiment.
  private func openRun(_ directory: RunDirectory, _ experiment: Experiment) throws -> RunLock {
    let lock: RunLock
    if resume {
      lock = try directory.reopen()
      if let difference = experiment.difference(from: try directory.experiment()) {
        throw ExitStatus.badInput(
          "the experiment does not match the run in \(directory.url.relativePath): \(difference)")
      }
    } else {
      lock = try directory.create()
    }
    try directory.store(experiment)
    try directory.store(
      RunEnvironment.current(
        threads: experiment.accuracy.training.threads, packageVersion: TandemVersion.current))
    return lock
  }

  private func interrupted(_ directory: RunDirectory, _ observer: SearchObserver) -> ExitStatus {
    observer.finish()
    return ExitStatus(code: ExitStatus.Code.interrupted, message: continuation(directory))
  }

  private func continuation(_ directory: RunDirectory) -> String {
    var command = "tandem search \(experiment) --output \(directory.url.relativePath) --resume"
    if let trials { command += " --trials \(trials)" }
    if let seed { command += " --seed \(seed)" }
    if let database { command += " --database \(database)" }
    return "interrupted; everything that finished is stored. Continue with: \(command)"
  }

  private func summary(_ content: RunContent, _ directory: RunDirectory) -> String {
    var text = "\(RunTables.devices(content, width: Console.width))\n\n"
    if !content.frontTrials.isEmpty { text += "\(RunTables.front(content, width: Console.width))\n\n" }
    for device in content.devices {
      guard let winner = content.winners[device.name] else { continue }
      text += """
        winner of \(device.name): \(content.labels[winner] ?? "")
          \(PolicyText.describe(content.trials[winner].candidate.policy))
          bundle: \(directory.bestFolder(device: device.name).relativePath)

        """
    }
    return text + "report: \(directory.reportFile.relativePath)"
  }
}
