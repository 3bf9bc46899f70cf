import CoSearch
import Foundation
import Testing

/// What a run survives, and what it refuses.
@Suite(.serialized) struct ResumeTests {
  /// An uninterrupted run, then the same search killed at several moments and continued. Latencies come from the
  /// first run's database, as product behaviour has it: same seed, experiment and database, same trials.
  @Test func killedRunsContinueAsIfNothingHadHappened() throws {
    let small = try SmallExperiment()
    defer { small.scratch.remove() }
    let whole = try small.search("whole")
    #expect(whole.status == 0, "\(whole.errors)")
    let expected = try small.trials("whole")

    var kills = 0
    for attempt in 0..<40 {
      let process = try Executable.start(
        small.arguments("killed", attempt == 0 ? [] : ["--resume"]), output: FileHandle.nullDevice,
        errors: FileHandle.nullDevice)
      // Later attempts get more time, so that the test ends on any machine.
      Thread.sleep(forTimeInterval: 0.3 + 0.25 * Double(attempt))
      if process.isRunning {
        kill(process.processIdentifier, SIGKILL)
        kills += 1
      }
      process.waitUntilExit()
      if process.terminationReason == .exit {
        // Killed before the run existed, there is nothing to resume: start it again.
        if process.terminationStatus == 0 { break }
        _ = try Executable.run(small.arguments("killed"))
      }
    }
    #expect(kills > 0, "the search was never interrupted")
    #expect(try small.trials("killed") == expected)
    #expect(try small.text("killed/front.csv") == small.text("whole/front.csv"))
    #expect(
      try small.text("killed/best/mcu-256k/schedule.json") == small.text("whole/best/mcu-256k/schedule.json"))
  }

  @Test func interruptedRunsSayHowToContinue() throws {
    let small = try SmallExperiment(trials: 2000)
    defer { small.scratch.remove() }
    let errors = small.scratch.path("errors.txt")
    try Data().write(to: URL(fileURLWithPath: errors))
    let process = try Executable.start(
      small.arguments("run"), output: FileHandle.nullDevice,
      errors: FileHandle(forWritingTo: URL(fileURLWithPath: errors)))
    while process.isRunning, ((try? small.trials("run").count) ?? 0) < 2 {
      Thread.sleep(forTimeInterval: 0.05)
    }
    let rival = try small.search("run", ["--resume"])
    #expect(rival.status == 2 && rival.errors.contains("another process"), "\(rival.errors)")
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(try small.text("errors.txt").contains("--resume"))
    let status = try Executable.run(["status", small.scratch.path("run")])
    #expect(status.status == 0 && status.output.contains("of 2000 trials"))
  }

  @Test func moreTrialsContinueAndOtherChangesAreRefused() throws {
    let small = try SmallExperiment(trials: 6)
    defer { small.scratch.remove() }
    #expect(try small.search("run").status == 0)
    let first = try small.trials("run")
    #expect(try small.search("run", ["--resume", "--trials", "9"]).status == 0)
    #expect(try Array(small.trials("run").prefix(6)) == first)
    #expect(try small.trials("run").count == 9)

    let direct = try small.search("direct", ["--trials", "9"])
    #expect(direct.status == 0)
    #expect(try small.trials("direct") == small.trials("run"), "six trials and three more are not nine")

    let otherSeed = try small.search("run", ["--resume", "--trials", "9", "--seed", "4"])
    #expect(otherSeed.status == 2 && otherSeed.errors.contains("seed"))
    let notEmpty = try small.search("run")
    #expect(notEmpty.status == 2 && notEmpty.errors.contains("--resume"))
    let nothing = try small.search("nothing", ["--resume"])
    #expect(nothing.status == 2 && nothing.errors.contains("holds no run"))
  }

  @Test func impossibleLimitsEndWithTheSmallestPeak() throws {
    let small = try SmallExperiment(trials: 8, devices: "[tiny.yaml]")
    defer { small.scratch.remove() }
    _ = try small.scratch.write(
      """
      schemaVersion: 1
      name: tiny
      title: Too small
      description: No network of the space fits.
      memoryBytes: 9KiB
      reservedBytes: 1KiB
      threads: 1
      """, to: "tiny.yaml")
    let result = try small.search("run")
    #expect(result.status == 3)
    #expect(result.errors.contains("the smallest arena for tiny"), "\(result.errors)")
    #expect(result.errors.contains("at operator '"))
    #expect(try small.trials("run").count == 8)
    #expect(try small.trials("run").allSatisfy { $0.outcome.kind == .rejected })
  }
}
