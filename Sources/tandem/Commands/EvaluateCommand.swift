import ArgumentParser
import CoSearch
import ExperimentStore
import Foundation
import Foundations
import ScheduleTuning

/// `tandem evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Evaluates one candidate: the stateless unit of a search.",
    discussion: """
      The candidate's file is {"schemaVersion": 1, "candidate": …}; `tandem space sample --format json` draws some.

      EXAMPLE
        tandem evaluate --candidate in.json --experiment Experiments/fashion-mnist.yaml --output out.json
      """)

  @Option(help: "The candidate (JSON).", completion: .file(extensions: ["json"])) var candidate: String
  @Option(help: "The experiment.", completion: .file(extensions: ["yaml"])) var experiment: String
  @Option(help: "Where to write the evaluation (JSON).", completion: .file(extensions: ["json"])) var output: String
  @Option(help: "The schedule database (default: in the user's data folder).", completion: .file())
  var database: String?

  func run() throws {
    let experiment = try Experiment.load(from: URL(typed: experiment))
    let request = try JSONFile.decode(
      EvaluationRequest.self, from: AtomicFile.read(URL(typed: candidate)), source: candidate)
    let evaluator = try CandidateEvaluator(
      experiment: experiment, trainingSet: experiment.dataset.load(.train),
      database: ScheduleDatabase(at: database.map { URL(typed: $0) } ?? ScheduleDatabase.defaultLocation()))
    let evaluation = try evaluator.evaluate(request, experiment: experiment)
    try AtomicFile.write(JSONFile.encode(evaluation), to: URL(typed: output))
  }
}
