import ArgumentParser
import Devices
import Foundation
import Foundations
import Reporting

/// `tandem device`.
struct DeviceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Lists and shows device profiles.",
    discussion: """
      EXAMPLE
        tandem device show mcu-256k
      """,
    subcommands: [List.self, Show.self])

  /// `tandem device list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the device profiles of a folder.",
      discussion: """
        EXAMPLE
          tandem device list
        """)

    @Option(help: "The folder with the profiles.", completion: .directory)
    var folder = "Experiments/Devices"
    @OptionGroup var format: FormatOption

    func run() throws {
      let profiles = try DeviceCatalog(folder: URL(typed: folder)).profiles()
      try format.print(profiles) {
        var table = TextTable(columns: [
          .init("device"), .init("memory", alignment: .right), .init("reserved", alignment: .right),
          .init("arena limit", alignment: .right), .init("flash", alignment: .right),
          .init("threads", alignment: .right), .init("title"),
        ])
        for profile in profiles {
          table.append([
            profile.name, ByteCount.describe(profile.memoryBytes), ByteCount.describe(profile.reservedBytes),
            ByteCount.describe(profile.arenaLimitBytes), profile.flashBytes.map(ByteCount.describe) ?? "–",
            "\(profile.threads)", profile.title,
          ])
        }
        return table.rendered()
      }
    }
  }

  /// `tandem device show`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows one device profile.",
      discussion: """
        EXAMPLE
          tandem device show Experiments/Devices/mcu-256k.yaml --format json
        """)

    @Argument(help: "A profile's name or file.", completion: .file(extensions: ["yaml"]))
    var device: String
    @Option(help: "The folder where names are looked up.", completion: .directory)
    var folder = "Experiments/Devices"
    @OptionGroup var format: FormatOption

    func run() throws {
      let profile = try DeviceCatalog(folder: URL(typed: folder)).find(device, relativeTo: URL(typed: "."))
      try format.print(profile) {
        """
        \(profile.name): \(profile.title)
        \(profile.description)

        memory       \(ByteCount.describe(profile.memoryBytes)), \(ByteCount.describe(profile.reservedBytes)) of it reserved
        arena limit  \(ByteCount.describe(profile.arenaLimitBytes))
        flash        \(profile.flashBytes.map(ByteCount.describe) ?? "no limit")
        threads      \(profile.threads)
        alignment    \(profile.alignment) bytes
        measurement  \(profile.measurement.warmup) warm-up runs, \(profile.measurement.repeats) repeats of at least \
        \(NumberFormat.milliseconds(profile.measurement.minimumSampleMilliseconds))
        """
      }
    }
  }
}
