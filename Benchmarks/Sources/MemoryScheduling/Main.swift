import ArgumentParser

/// `memory-scheduling`: measures Tandem's operator schedulers and writes `Results/memory-scheduling`.
@main
struct MemoryScheduling: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory-scheduling",
    abstract: "Measures the operator schedulers on real networks and checks them on random ones.",
    subcommands: [MeasureCommand.self, SoakCommand.self], defaultSubcommand: MeasureCommand.self)
}
