import ArgumentParser
import CoSearch
import ComputationGraph
import Devices
import ExperimentStore
import Foundation
import Foundations
import ONNXInterchange
import Reporting
import ScheduleTuning

/// `tandem tune`.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Finds the fastest kernels of a model's operators, or of all operators of a search space.",
    discussion: """
      Kernel schedules are really run, and what was measured is kept in the schedule database, failures too: another run \
      continues, and 'measure' and policies with the row tile fit choose from what was found. Of an experiment, the search space's \
      operators are tuned once each, for the threads of its devices.

      EXAMPLE
        tandem tune model.onnx --threads 2 --time-limit 60s
        tandem tune Experiments/fashion-mnist.yaml --device mcu-256k
      """)

  @Argument(
    help: "A model with static shapes, or an experiment.", completion: .file(extensions: ["onnx", "yaml"]))
  var source: String
  @Option(help: "A device whose threads to tune for: of the experiment, or of Experiments/Devices.")
  var device: String?
  @Option(help: "The threads to tune for (default: the devices', or 1).") var threads: Int?
  @Option(help: "How long to tune, such as 60s or 2min; another run continues.") var timeLimit: String?
  @Option(help: "Kernel schedules to try for each operator, those of earlier runs included.")
  var trials = TuningOptions().trials
  @Option(help: "The schedule database (default: in the user's data folder).", completion: .file())
  var database: String?
  @Option(help: "The seed of the search.") var seed: UInt64 = 0
  @OptionGroup var format: FormatOption
  @OptionGroup var quiet: QuietOption

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be between 1 and 1024")
    }
    if device != nil, threads != nil { throw ValidationError("give --device or --threads, not both") }
    if !(1...1_000_000).contains(trials) { throw ValidationError("--trials must be between 1 and 1000000") }
    if let timeLimit, DurationText.parse(timeLimit) == nil {
      throw ValidationError("--time-limit: '\(timeLimit)' is no duration; write 10s, 500ms or 2min")
    }
  }

  /// What to tune: the operators met with a number of threads.
  private typealias Job = (threads: Int, census: WorkloadCensus)

  func run() throws {
    let jobs = try source.hasSuffix(".yaml") || source.hasSuffix(".yml") ? experimentJobs() : modelJobs()
    let database = try ScheduleDatabase(
      at: database.map { URL(typed: $0) } ?? ScheduleDatabase.defaultLocation())
    Interruption.install()
    let start = ContinuousClock.now
    let deadline = timeLimit.flatMap(DurationText.parse).map { start + $0 }
    var rows: [TuningReport.Workload] = []
    var untuned = 0
    for job in jobs {
      let session = TuningSession(
        database: database, threads: job.threads, options: TuningOptions(trials: trials, seed: seed),
        deadline: deadline, showsProgress: !quiet.quiet)
      let outcome = try session.tune(job.census)
      if outcome.wasInterrupted {
        throw ExitStatus(
          code: ExitStatus.Code.interrupted,
          message: "interrupted; everything that was measured is stored, and the same command continues")
      }
      untuned += outcome.untuned
      rows += outcome.results.map {
        TuningReport.Workload($0.entry, $0.result, threads: job.threads)
      }
    }
    let report = TuningReport(
      source: source, targets: jobs.map { TargetFingerprint.current(threads: $0.threads) },
      networks: TuningReport.Networks(jobs[0].census), workloads: rows, untuned: untuned,
      seconds: (ContinuousClock.now - start) / .seconds(1))
    try format.print(report) { report.table(width: Console.width) }
  }

  private func modelJobs() throws -> [Job] {
    let executable = try ONNXModel.load(from: URL(typed: source)).executable()
    let graph = try InferenceGraph(executable.graph, fusion: .concat).graph
    var threads = threads ?? 1
    if let device {
      threads = try DeviceCatalog(folder: URL(typed: "Experiments/Devices"))
        .find(device, relativeTo: URL(typed: ".")).threads
    }
    return [(threads, try WorkloadCensus(of: [graph], threads: threads))]
  }

  private func experimentJobs() throws -> [Job] {
    let experiment = try Experiment.load(from: URL(typed: source))
    var devices = experiment.devices
    if let device {
      devices = devices.filter { $0.name == device }
      if devices.isEmpty {
        let known = experiment.devices.map(\.name).joined(separator: ", ")
        throw ExitStatus.badInput("--device: \(source) has no device '\(device)'; it has \(known)")
      }
    }
    quiet.note("looking for the operators of the search space '\(experiment.space.name)'")
    return try Set(threads.map { [$0] } ?? devices.map(\.threads)).sorted().map { threads in
      var generator = SeededGenerator(seed: seed)
      return (
        threads,
        try WorkloadCensus(
          of: experiment.space, input: experiment.dataset.input, threads: threads, using: &generator)
      )
    }
  }
}
