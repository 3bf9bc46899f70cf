import ExperimentStore
import Foundation
import Reporting
import ScheduleTuning

/// Tunes the operators of a census one after the other, until the time is over or a stop is asked for; shows progress on a terminal.
struct TuningSession {
  /// How it ended.
  struct Outcome {
    var results: [(entry: WorkloadCensus.Entry, result: TuningResult)] = []
    /// Operators that were not tuned to the end.
    var untuned = 0
    var wasInterrupted = false
  }

  let database: any TuningDatabase
  let threads: Int
  let options: TuningOptions
  /// Nil for no limit.
  let deadline: ContinuousClock.Instant?
  let showsProgress: Bool

  /// Tunes the operators, those first in which networks spend the most.
  ///
  /// - Throws: `KernelError` if an operator cannot be executed; `StoreError`.
  func tune(_ census: WorkloadCensus) throws -> Outcome {
    let meter = OperatorMeter(threads: threads)
    let tuner = try ScheduleTuner(meter: meter, database: database, options: options)
    let entries = Self.largestFirst(census.entries)
    var display = ProgressDisplay(isEnabled: showsProgress)
    defer { display.clear() }
    var outcome = Outcome()
    var (tried, failed) = (0, 0)
    let isOver = { Interruption.isRequested || deadline.map { ContinuousClock.now >= $0 } ?? false }
    for (number, entry) in entries.enumerated() {
      func show(_ progress: TuningProgress?) {
        var text = entry.workload.summary
        if let kernel = progress?.best, let milliseconds = progress?.milliseconds {
          text += ": \(kernel) \(NumberFormat.milliseconds(milliseconds))"
        }
        var counts = "\(tried + (progress?.trials ?? 0)) kernel schedules"
        let failures = failed + (progress?.failures ?? 0)
        if failures > 0 { counts += ", \(failures) failed" }
        if threads > 1 { counts += " · \(threads) threads" }
        display.update(done: number, total: entries.count, unit: "operators", notes: [text, counts])
      }
      show(nil)
      let result = try tuner.tune(entry.workload, shouldStop: isOver, progress: show)
      tried += result.records.count
      failed += result.failures.count
      if result.ending == .stopped { outcome.untuned += 1 }
      // What was not even begun is no result.
      if !result.records.isEmpty { outcome.results.append((entry, result)) }
      if Interruption.isRequested {
        outcome.wasInterrupted = true
        break
      }
    }
    return outcome
  }

  private static func largestFirst(_ entries: [WorkloadCensus.Entry]) -> [WorkloadCensus.Entry] {
    func size(_ entry: WorkloadCensus.Entry) -> Double {
      let graph = entry.workload.graph
      let elements = graph.tensors.reduce(0) { $0 + $1.shape.elementCount }
      return Double(entry.occurrences) * Double(graph.macs(of: entry.workload.id) + 16 * elements)
    }
    return entries.enumerated().sorted { (size($1.element), $0.offset) < (size($0.element), $1.offset) }
      .map(\.element)
  }
}
