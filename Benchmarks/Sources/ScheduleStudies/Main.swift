import ArgumentParser

/// `schedule-tuning`: measures the tuner and what schedules change, and writes `Results/schedule-tuning` and
/// `Results/co-design-motivation`.
@main
struct ScheduleStudies: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schedule-tuning",
    abstract: "Measures the tuning of kernel schedules, and what schedules change for networks.",
    subcommands: [TuningQualityCommand.self, AdditivityCommand.self, CoDesignCommand.self])
}
