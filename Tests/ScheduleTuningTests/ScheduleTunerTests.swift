import ComputationGraph
import Devices
import Foundations
import Kernels
import ScheduleTuning
import Testing

/// Tuning with a made-up machine: nothing here depends on how fast a real one is.
struct ScheduleTunerTests {
  private func tuner(
    _ meter: FakeMeter, _ database: InMemoryLatencyDatabase = InMemoryLatencyDatabase(),
    _ options: TuningOptions = TuningOptions()
  ) throws -> ScheduleTuner {
    try ScheduleTuner(meter: meter, database: database, options: options)
  }

  @Test func findsNearlyTheOptimumWithinItsBudget() throws {
    var generator = SeededGenerator(seed: 31)
    let database = InMemoryLatencyDatabase()
    let meter = FakeMeter(threads: 2)
    var (ratios, shares) = ([Double](), [Double]())
    for _ in 0..<24 {
      let workload = try randomConvolution(&generator)
      let space = ScheduleSpace(of: workload, threads: 2)
      let optimum = space.schedules.map { meter.cost($0, workload) }.min()!
      let result = try tuner(meter, database).tune(workload)
      #expect(result.records.count <= 128 && result.newTrials <= result.records.count)
      #expect(result.spaceSize == space.schedules.count)
      ratios.append(result.best!.milliseconds! / optimum)
      shares.append(Double(result.records.count) / Double(space.schedules.count))
    }
    #expect(ratios.count { $0 < 1.05 } >= 22 && ratios.max()! < 1.2, "\(ratios.sorted().suffix(4))")
    #expect(shares.min()! < 0.6, "the space was tried exhaustively")
  }

  @Test func everyScheduleIsTriedOnceAndTheFixedChoicesFirst() throws {
    var generator = SeededGenerator(seed: 32)
    for _ in 0..<10 {
      let meter = FakeMeter(threads: 2)
      let workload = try randomConvolution(&generator)
      let result = try tuner(meter).tune(workload)
      #expect(Set(meter.tried).count == meter.tried.count)
      #expect(meter.tried == result.records.map(\.schedule))
      let heuristics = ScheduleSpace(of: workload, threads: 2).heuristics
      #expect(Array(meter.tried.prefix(heuristics.count)) == heuristics)
    }
  }

  @Test func failuresAreRecordedAndNotTriedAgain() throws {
    var generator = SeededGenerator(seed: 33)
    let database = InMemoryLatencyDatabase()
    let workload = try randomConvolution(&generator)
    func fails(_ schedule: KernelSchedule) -> Bool { schedule.description.utf8.count % 2 == 0 }
    let meter = FakeMeter(fails: fails)
    let result = try tuner(meter, database).tune(workload)
    #expect(!result.failures.isEmpty && result.best != nil)
    for record in result.records {
      #expect((record.outcome == .failed(reason: "no \(record.schedule)")) == fails(record.schedule))
    }
    let second = FakeMeter(fails: fails)
    let more = try tuner(second, database, TuningOptions(trials: 10_000, patience: 10_000)).tune(workload)
    #expect(more.ending == .exhausted && more.records.count == more.spaceSize)
    #expect(Set(second.tried).isDisjoint(with: meter.tried))

    let hopeless = try tuner(FakeMeter(fails: { _ in true })).tune(workload)
    #expect(hopeless.best == nil && hopeless.failures.count == hopeless.records.count)
  }

  @Test func aSearchThatWasStoppedContinuesAsIfItHadNotBeen() throws {
    var generator = SeededGenerator(seed: 34)
    for seed in 0..<6 {
      let workload = try randomConvolution(&generator)
      let options = TuningOptions(batch: 4, seed: UInt64(seed))
      let whole = FakeMeter(threads: 2)
      let expected = try tuner(whole, InMemoryLatencyDatabase(), options).tune(workload)

      let parts = FakeMeter(threads: 2)
      let database = InMemoryLatencyDatabase()
      var rounds = 0
      while true {
        var batches = 0
        // A new tuner each time, as in a new process, which learns from the database alone.
        let result = try tuner(parts, database, options).tune(
          workload,
          shouldStop: {
            batches += 1
            return batches > 2
          })
        rounds += 1
        if result.ending != .stopped {
          #expect(result.ending == expected.ending && result.records == expected.records)
          break
        }
      }
      #expect(parts.batches == whole.batches)
      #expect(rounds > 1 || whole.batches.count <= 2)
      // What is finished stays as it is.
      let again = try tuner(parts, database, options).tune(workload)
      #expect(again.newTrials == 0 && again.records == expected.records)
      #expect(parts.batches == whole.batches && whole.thoroughCalls <= 1)
    }
  }

  /// Times from before and after a change of the clock are not compared, neither within a run nor between two.
  @Test(arguments: [0.5, 1.0, 2.0])
  func theClockMayChangeBeforeTheEnd(drift: Double) throws {
    var generator = SeededGenerator(seed: 37)
    for _ in 0..<8 {
      let database = InMemoryLatencyDatabase()
      let workload = try randomConvolution(&generator)
      func expectTheFastest(_ meter: FakeMeter, _ options: TuningOptions) throws {
        let result = try tuner(meter, database, options).tune(workload)
        let fastest = result.records.map { meter.cost($0.schedule, workload) }.min()!
        let best = try #require(result.best)
        #expect(meter.cost(best.schedule, workload) == fastest)
        #expect(result.records.count { $0.decision != nil } != 1)
        let stored = database.tuningRecords(workload: workload.key, target: meter.target.key)
        #expect(stored == result.records)
        // A plan takes it as well.
        let planning = LatencyMeter(policy: MeasurementPolicy(), threads: 2)
        let records = InMemoryLatencyDatabase()
        records.store(result.records, target: planning.target)
        let schedules = result.records.map(\.schedule)
        let times = try KernelCandidates(meter: planning, database: records).milliseconds(
          of: workload.id, in: workload.graph, under: schedules)
        let planned = try #require(zip(schedules, times).min { $0.1 < $1.1 }?.0)
        #expect(planned == best.schedule)
      }
      try expectTheFastest(FakeMeter(threads: 2, drift: drift), TuningOptions(trials: 24))
      try expectTheFastest(FakeMeter(threads: 2, drift: 1 / drift), TuningOptions(trials: 60))
    }
  }

  @Test func trialsAreATotal() throws {
    var generator = SeededGenerator(seed: 35)
    let database = InMemoryLatencyDatabase()
    let workload = try randomConvolution(&generator)
    var reports: [Int] = []
    let first = try tuner(FakeMeter(), database, TuningOptions(trials: 3)).tune(workload) {
      false
    } progress: {
      reports.append($0.trials)
    }
    #expect(first.ending == .trials && first.records.count == 3 && reports == [3, 3])
    let second = try tuner(FakeMeter(), database, TuningOptions(trials: 5)).tune(workload)
    #expect(second.newTrials == 2 && second.records.count == 5)
    // Another target knows nothing of it.
    let other = try tuner(FakeMeter(threads: 2), database, TuningOptions(trials: 3)).tune(workload)
    #expect(other.newTrials == 3)
  }

  @Test func theRealMeterMeasuresAndNamesWhatCannotBePrepared() throws {
    var generator = SeededGenerator(seed: 36)
    let workload = try randomConvolution(&generator)
    let space = ScheduleSpace(of: workload, threads: 1)
    let meter = OperatorMeter(threads: 1)
    let tooMany = KernelSchedule(algorithm: .im2colGEMM, threads: 2)
    let wrong = KernelSchedule(algorithm: .gemm)
    let outcomes = try meter.outcomes(
      of: space.schedules.prefix(3) + [tooMany, wrong], for: workload, isThorough: false)
    #expect(outcomes.prefix(3).allSatisfy { $0.statistics?.minMilliseconds ?? 0 > 0 })
    for (outcome, expected) in [(outcomes[3], "2 threads"), (outcomes[4], "cannot be computed by gemm")] {
      guard case .failed(let reason) = outcome else {
        Issue.record("not failed: \(outcome)")
        continue
      }
      #expect(reason.hasPrefix("cannot be prepared: ") && reason.contains(expected), "\(reason)")
    }
  }

  @Test func wrongValuesAreTold() {
    let reference: [Float] = [1, -4, 0]
    #expect(OperatorMeter.disagreement(of: [1.003, -4, 0], with: reference) == nil)
    for wrong: [Float] in [[1.005, -4, 0], [1, -4], [.nan, -4, 0], [1, -.infinity, 0]] {
      #expect(OperatorMeter.disagreement(of: wrong, with: reference) != nil, "\(wrong)")
    }
    #expect(OperatorMeter.disagreement(of: [0, 0], with: [0, 0]) == nil)
  }
}
