import ArgumentParser
import Foundation

/// The process: parses, runs, and maps every ending to one of Tandem's exit codes.
@main
enum Main {
  static func main() {
    // Writing says when a reader went away; a long search must not end because its progress is no longer read.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try TandemCommand.parseAsRoot()
      try command.run()
    } catch {
      finish(error)
    }
  }

  private static func finish(_ error: any Error) -> Never {
    if let ending = ExitStatus(error) {
      if let message = ending.message { Console.error(message) }
      exit(ending.code)
    }
    let code = TandemCommand.exitCode(for: error)
    let message = TandemCommand.fullMessage(for: error)
    if code == .success {
      do { try Console.result(message) } catch { finish(error) }
      exit(0)
    }
    Console.write(message + "\n")
    // The parser's own code for wrong usage (64) is Tandem's 2.
    exit(code == .validationFailure ? ExitStatus.Code.badInput : code.rawValue)
  }
}

/// `tandem`.
struct TandemCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tandem",
    abstract: "Searches a network and its schedule together, for devices with hard memory limits.",
    discussion: """
      EXAMPLE
        tandem search Experiments/fashion-mnist.yaml

      EXIT CODES
        0 success · 1 failure while running · 2 bad input or usage · 3 no feasible candidate, or a limit that cannot be
        met · 130 interrupted, resumable
      """,
    version: TandemVersion.current,
    subcommands: [
      SearchCommand.self, StatusCommand.self, ReportCommand.self, ExportCommand.self, EvaluateCommand.self,
      TrainCommand.self, ScheduleCommand.self, TuneCommand.self, MeasureCommand.self, SpaceCommand.self,
      DeviceCommand.self, DoctorCommand.self,
    ])
}
