import Foundations
import Kernels

/// Finds fast kernel schedules of single operators by measuring: first what is chosen where nothing is tuned, then batches that an
/// evolutionary search over the ``ScheduleSpace`` proposes, guided by a ``CostModel`` that learns from every record of the target.
///
/// Everything tried is stored at once, failures too, and never tried again. Each batch is a function of the records and the seed, so
/// that a search that was stopped and continued tries the same schedules as one that was not.
///
///     let tuner = ScheduleTuner(meter: OperatorMeter(threads: 2), database: database)
///     let best = try tuner.tune(OperatorWorkload(of: id, in: graph)).best
public final class ScheduleTuner {
  /// What the cost model is trained on at most: the newest records of the target.
  public static let modelledRecords = 20_000

  /// How long each operator is tuned.
  public let options: TuningOptions
  private let meter: any ScheduleMeter
  private let database: any TuningDatabase
  private var model: CostModel

  /// Creates a tuner and trains its model on the records of the meter's target.
  ///
  /// - Throws: the database's errors.
  public init(
    meter: any ScheduleMeter, database: any TuningDatabase, options: TuningOptions = TuningOptions()
  )
    throws
  {
    self.meter = meter
    self.database = database
    self.options = options
    model = CostModel(
      try database.tuningRecords(target: meter.target.key, newest: Self.modelledRecords)
        .compactMap(\.observation))
  }

  /// Tunes one operator.
  ///
  /// - Parameters:
  ///   - shouldStop: asked before every batch; true ends the search, which can be continued.
  ///   - progress: told after every batch.
  /// - Throws: `KernelError` if the operator cannot be executed at all; the database's errors.
  public func tune(
    _ workload: OperatorWorkload, shouldStop: () -> Bool = { false },
    progress: (TuningProgress) -> Void = { _ in }
  ) throws -> TuningResult {
    let space = ScheduleSpace(of: workload, threads: meter.target.threads)
    let search = ScheduleSearch(space: space, options: options)
    var records = try database.tuningRecords(workload: workload.key, target: meter.target.key)
    let known = records.count
    func result(_ ending: TuningResult.Ending) -> TuningResult {
      TuningResult(
        ending: ending, records: records, newTrials: records.count - known,
        spaceSize: space.schedules.count)
    }
    while true {
      let batch: [KernelSchedule]
      switch search.next(after: records, model: model) {
      case .ended(let ending):
        if records.count > known {
          records = try decideBetweenTheBest(records, for: workload)
          progress(TuningProgress(records))
        }
        return result(ending)
      case .batch(let schedules): batch = schedules
      }
      if shouldStop() { return result(.stopped) }
      let outcomes = try meter.outcomes(of: batch, for: workload, isThorough: false)
      let new = zip(batch, outcomes).map { schedule, outcome in
        TuningRecord(
          workload: workload.key, schedule: schedule,
          features: ScheduleFeatures(of: schedule, for: workload), outcome: outcome)
      }
      try database.store(new, target: meter.target)
      for observation in new.compactMap(\.observation) { model.add(observation) }
      records += new
      progress(TuningProgress(records))
    }
  }

  /// Measures what is nearly as fast as the fastest once more, thoroughly and side by side: the least of many short measurements
  /// is too often the luckiest.
  private func decideBetweenTheBest(
    _ records: [TuningRecord], for workload: OperatorWorkload
  ) throws -> [TuningRecord] {
    let measured = records.indices.filter { records[$0].firstMilliseconds != nil }
      .sorted { (records[$0].firstMilliseconds!, $0) < (records[$1].firstMilliseconds!, $1) }
    guard let least = measured.first.flatMap({ records[$0].firstMilliseconds }) else { return records }
    let finalists = measured.prefix(ScheduleSearch.finalists)
      .filter { records[$0].firstMilliseconds! <= least * ScheduleSearch.finalistRatio }
    var records = records
    // What was decided in an earlier run is not side by side with what is decided now.
    let outdated = records.indices.filter { records[$0].decision != nil && !finalists.contains($0) }
    for index in outdated { records[index].decision = nil }
    // A single one needs no decision.
    let outcomes =
      finalists.count > 1
      ? try meter.outcomes(of: finalists.map { records[$0].schedule }, for: workload, isThorough: true) : []
    for (index, outcome) in zip(finalists, outcomes) {
      let first = records[index]
      // What fails now has failed, whatever it did before.
      records[index] = TuningRecord(
        workload: workload.key, schedule: first.schedule, features: first.features,
        outcome: outcome.statistics == nil ? outcome : first.outcome, decision: outcome.statistics)
    }
    try database.store((outdated + finalists).map { records[$0] }, target: meter.target)
    return records
  }
}
