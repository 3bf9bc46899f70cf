import BenchmarkSupport
import Foundation
import Foundations
import Kernels
import ScheduleTuning

/// The tuner against exhaustive measurement, one workload at a time.
struct TuningQuality {
  /// One workload.
  struct Row {
    /// What one run of the tuner came to.
    struct Run {
      let seconds: Double
      let trials: Int
      let kernel: String
      /// The latency of its best over that of the best known, measured side by side; 1 where they are the same.
      let ratio: Double
    }
    let workload: String
    let spaceSize: Int
    let failures: Int
    let bestKernel: String
    let bestMilliseconds: Double
    /// The fastest of the fixed choices over the best known.
    let heuristicRatio: Double
    /// The tuner with a model that knows nothing, and with one trained on all other workloads.
    let cold: Run
    let warm: Run
    /// Spearman's ρ of predictions by a model that has seen all other workloads; nil for spaces of fewer than 8.
    let rho: Double?
    /// The best of the model's 8 best predictions over the best known.
    let topRatio: Double
  }

  let threads: Int
  private let meter: OperatorMeter

  init(threads: Int) {
    self.threads = threads
    meter = OperatorMeter(threads: threads)
  }

  /// Measures every schedule of every workload, then tunes each.
  func rows(_ workloads: [OperatorWorkload]) throws -> [Row] {
    let exhaustive = try workloads.enumerated().map { number, workload in
      Progress.note("\(number + 1) of \(workloads.count), all schedules: \(workload.summary)")
      return try records(of: workload)
    }
    return try workloads.indices.map { index in
      Progress.note("\(index + 1) of \(workloads.count), tuning: \(workloads[index].summary)")
      let others = exhaustive.enumerated().filter { $0.offset != index }.flatMap(\.element)
      return try row(workloads[index], exhaustive[index], others)
    }
  }

  private func records(of workload: OperatorWorkload) throws -> [TuningRecord] {
    let schedules = ScheduleSpace(of: workload, threads: threads).schedules
    // In the tuner's batches, so that a schedule competes with few others for the caches.
    return try stride(from: 0, to: schedules.count, by: 8).flatMap { first in
      let batch = Array(schedules[first..<min(first + 8, schedules.count)])
      return zip(batch, try meter.outcomes(of: batch, for: workload, isThorough: false)).map {
        TuningRecord(
          workload: workload.key, schedule: $0,
          features: ScheduleFeatures(of: $0, for: workload), outcome: $1)
      }
    }
  }

  private func row(
    _ workload: OperatorWorkload, _ all: [TuningRecord], _ others: [TuningRecord]
  ) throws -> Row {
    let known = all.filter { $0.milliseconds != nil }.sorted { $0.milliseconds! < $1.milliseconds! }
    let predictor = CostModel(others.compactMap(\.observation)).predictor()
    let predicted = known.map { predictor.milliseconds($0.features) }
    let heuristics = Set(ScheduleSpace(of: workload, threads: threads).heuristics)
    let cold = try tune(workload, knowing: [])
    let warm = try tune(workload, knowing: others)

    // What is compared is measured side by side, so that neither is just lucky.
    let top = zip(known, predicted).sorted { $0.1 < $1.1 }.prefix(8).min {
      $0.0.milliseconds! < $1.0.milliseconds!
    }
    let fixed = known.first { heuristics.contains($0.schedule) }
    let contestants = Set(
      known.prefix(4).map(\.schedule)
        + [cold.best, warm.best, top?.0.schedule, fixed?.schedule].compactMap { $0 }
    ).sorted { $0.description < $1.description }
    let outcomes = try meter.outcomes(of: contestants, for: workload, isThorough: true)
    var times: [KernelSchedule: Double] = [:]
    for (schedule, outcome) in zip(contestants, outcomes) {
      times[schedule] = outcome.statistics?.minMilliseconds
    }
    guard let best = times.min(by: { ($0.value, $0.key.description) < ($1.value, $1.key.description) }) else {
      preconditionFailure("no schedule of \(workload.summary) runs")
    }
    func ratio(_ schedule: KernelSchedule?) -> Double {
      schedule.flatMap { times[$0] }.map { $0 / best.value } ?? .infinity
    }
    func run(_ result: Tuned) -> Row.Run {
      Row.Run(
        seconds: result.seconds, trials: result.trials, kernel: result.best?.description ?? "",
        ratio: ratio(result.best))
    }
    return Row(
      workload: workload.summary, spaceSize: all.count, failures: all.count - known.count,
      bestKernel: best.key.description, bestMilliseconds: best.value,
      heuristicRatio: ratio(fixed?.schedule), cold: run(cold), warm: run(warm),
      rho: known.count < 8 ? nil : RankCorrelation.spearman(predicted, known.map { $0.milliseconds! }),
      topRatio: ratio(top?.0.schedule))
  }

  private struct Tuned {
    let best: KernelSchedule?
    let seconds: Double
    let trials: Int
  }

  /// A run of the tuner on a workload of which nothing is known.
  private func tune(_ workload: OperatorWorkload, knowing others: [TuningRecord]) throws -> Tuned {
    let database = InMemoryLatencyDatabase()
    database.store(others, target: meter.target)
    let tuner = try ScheduleTuner(meter: OperatorMeter(threads: threads), database: database)
    let start = ContinuousClock.now
    let result = try tuner.tune(workload)
    return Tuned(
      best: result.best?.schedule, seconds: (ContinuousClock.now - start) / .seconds(1),
      trials: result.newTrials)
  }
}
