import ArgumentParser
import CoSearch
import ExperimentStore
import Foundation
import Foundations
import SearchSpaces

/// `tandem evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Evaluates one candidate: the stateless unit of a search.",
    discussion: """
      EXAMPLE
        tandem space sample SearchSpaces/nasbench201.yaml --seed 3 --output in.json
        tandem evaluate --candidate in.json --output out.json \\
          --experiment Experiments/fashion-mnist.yaml
      """)

  @Option(help: "The candidate (JSON).", completion: .file(extensions: ["json"])) var candidate: String
  @Option(help: "The experiment.", completion: .file(extensions: ["yaml"])) var experiment: String
  @Option(help: "Where to write the evaluation (JSON).", completion: .file(extensions: ["json"])) var output:
    String
  @Option(help: "The schedule database (default: in the user's data folder).", completion: .file())
  var database: String?
  @OptionGroup var quiet: QuietOption

  func run() throws {
    let experiment = try Experiment.load(from: URL(typed: experiment))
    let candidate = try CandidateFile.read(URL(typed: candidate), in: experiment.space)
    let evaluator = try CandidateEvaluator(
      experiment: experiment,
      trainingSet: experiment.accuracy.usesTable ? nil : experiment.dataset.load(.train),
      database: ScheduleDatabase(at: database.map { URL(typed: $0) } ?? ScheduleDatabase.defaultLocation()))
    let evaluation = try evaluator.evaluation(of: candidate, experiment: experiment)
    try AtomicFile.write(JSONFile.encode(evaluation), to: URL(typed: output))
    quiet.note("\(evaluation.outcome.kind.rawValue): \(output)")
  }
}
