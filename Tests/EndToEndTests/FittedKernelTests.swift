import CoSearch
import Deployment
import Foundation
import ScheduleTuning
import Testing

/// A search whose policies all fit kernels to the device's memory.
@Suite(.serialized) struct FittedKernelTests {
  @Test func plansComeBackFromTheDatabase() throws {
    let small = try SmallExperiment(
      trials: 6, devices: "[mcu-256k]", trainImages: 320, rowTiles: "[fit]")
    defer { small.scratch.remove() }
    let result = try small.search("run")
    #expect(result.status == 0, "\(result.errors)")
    let trials = try small.trials("run")
    #expect(trials.allSatisfy { $0.candidate.policy.rowTile == .fit })
    #expect(try small.text("run/front.csv").contains("rowTile=fit"))
    #expect(try small.text("run/report.html").contains(", fit"))
    let status = try Executable.run(["status", small.scratch.path("run")])
    #expect(status.output.contains(", fit"), "\(status.output)")

    // The same experiment and database, another run: the same trials and bundle.
    #expect(try small.search("again").status == 0)
    #expect(try small.trials("again") == trials)
    let schedule = try small.text("run/best/mcu-256k/schedule.json")
    #expect(try small.text("again/best/mcu-256k/schedule.json") == schedule)

    // Exported from the database: the plan that was searched. Without its records: measured anew, and a valid bundle.
    for (folder, database) in [
      ("bundle", small.database), ("remeasured", small.scratch.path("empty.sqlite")),
    ] {
      let bundle = small.scratch.path(folder)
      let exported = try Executable.run([
        "export", small.scratch.path("run"), "--output", bundle, "--database", database,
      ])
      #expect(exported.status == 0, "\(exported.errors)")
      #expect(try Executable.run(["export", "--verify", bundle]).status == 0)
      let manifest = try BundleVerifier.verify(URL(fileURLWithPath: bundle))
      #expect(manifest.memory.arenaBytes <= 192 << 10)
      if folder == "bundle" { #expect(try small.text("bundle/schedule.json") == schedule) }
    }
  }
}
