import ArgumentParser

/// `accuracy-estimation`: how well estimators of accuracy rank networks.
@main
struct AccuracyStudies: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accuracy-estimation",
    abstract: "Compares estimators of accuracy with networks trained alone.",
    subcommands: [EstimatorsCommand.self, SubnetsCommand.self], defaultSubcommand: EstimatorsCommand.self)
}
