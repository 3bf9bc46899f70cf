import ArgumentParser

/// `training-throughput`: images per second of the training engine beside PyTorch, and what a training reaches.
@main
struct TrainingThroughput: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "training-throughput",
    abstract: "Measures training and evaluation beside PyTorch, and the accuracy of a short training.",
    subcommands: [ThroughputCommand.self, AccuracyCommand.self], defaultSubcommand: ThroughputCommand.self)
}
