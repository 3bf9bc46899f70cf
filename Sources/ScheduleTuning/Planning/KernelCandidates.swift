import ComputationGraph
import Kernels

/// The kernel schedules that ``KernelFit`` chooses from, with their latencies: of an operator that was tuned, what the records have
/// found worth choosing; of any other, ``KernelSchedule/fittedOptions(for:in:threads:)``, measured where no latency is known.
///
/// Deterministic given the database.
public struct KernelCandidates: Sendable {
  private let meter: LatencyMeter
  private let database: any LatencyDatabase

  /// Candidates for the meter's target.
  ///
  /// - Parameter database: holds latencies and, where operators were tuned, the records.
  public init(meter: LatencyMeter, database: any LatencyDatabase) {
    self.meter = meter
    self.database = database
  }

  /// The candidates of each operator of a network in inference form, by operator index, the smallest workspace first.
  ///
  /// - Throws: the database's errors.
  public func options(in graph: Graph) throws -> [[KernelSchedule]] {
    let threads = meter.target.threads
    return try graph.operatorIDs.map { id in
      let tuned = try records(of: id, in: graph)
      return tuned.isEmpty
        ? KernelSchedule.fittedOptions(for: id, in: graph, threads: threads)
        : Self.worthChoosing(tuned, of: id, in: graph, threads: threads)
    }
  }

  /// The latency of an operator under each of some schedules, in milliseconds: from its tuning records, else from the frozen
  /// latencies, else measured now and frozen.
  ///
  /// - Returns: latencies; of a schedule that is recorded to fail, a number that no operator takes.
  /// - Throws: `KernelError` if the operator cannot be executed so; the database's errors.
  public func milliseconds(
    of id: OperatorID, in graph: Graph, under schedules: [KernelSchedule]
  ) throws -> [Double] {
    let records = try records(of: id, in: graph)
    var known = records.comparableMilliseconds
    for record in records where record.milliseconds == nil {
      known[record.schedule] = Self.failureMilliseconds
    }
    let missing = schedules.filter { known[$0] == nil }
    if !missing.isEmpty {
      let measured = try meter.latencies(of: id, in: graph, under: missing, database: database)
      for (schedule, statistics) in zip(missing, measured) { known[schedule] = statistics.minMilliseconds }
    }
    return schedules.map { schedule in
      guard let value = known[schedule] else { preconditionFailure("what was missing has been measured") }
      return value
    }
  }

  /// The cost of what fails: a month. Finite, because costs are added up.
  private static let failureMilliseconds = 2.6e9

  private func records(of id: OperatorID, in graph: Graph) throws -> [TuningRecord] {
    try database.tuningRecords(workload: Workload(of: id, in: graph).key, target: meter.target.key)
  }

  /// Of all schedules that were measured, those that none beats in latency, workspace and stored weights; the uniform choices that they
  /// compete with; and ``KernelSchedule/leastOption(for:in:threads:)``, by which networks are admitted.
  private static func worthChoosing(
    _ records: [TuningRecord], of id: OperatorID, in graph: Graph, threads: Int
  ) -> [KernelSchedule] {
    struct Entry {
      let schedule: KernelSchedule
      let milliseconds: Double
      let workspaceBytes: Int
      let weightBytes: Int
    }
    let weights =
      graph[id].inputs.dropFirst().first.map { graph[$0].role == .weight ? graph[$0].byteCount : 0 } ?? 0
    let latencies = records.comparableMilliseconds
    let entries = records.compactMap { record -> Entry? in
      guard let milliseconds = latencies[record.schedule], record.schedule.threads <= threads,
        record.schedule.applies(to: id, in: graph)
      else { return nil }
      return Entry(
        schedule: record.schedule, milliseconds: milliseconds,
        workspaceBytes: record.schedule.workspaceBytes(for: id, in: graph),
        weightBytes: record.schedule.packedWeightBytes(for: id, in: graph) ?? weights)
    }
    let front = entries.enumerated().filter { number, entry in
      !entries.enumerated().contains { otherNumber, other in
        let isAsGood =
          other.milliseconds <= entry.milliseconds && other.workspaceBytes <= entry.workspaceBytes
          && other.weightBytes <= entry.weightBytes
        let isBetter =
          other.milliseconds < entry.milliseconds || other.workspaceBytes < entry.workspaceBytes
          || other.weightBytes < entry.weightBytes
        // Of equals the first.
        return isAsGood && (isBetter || otherNumber < number)
      }
    }.map(\.element.schedule)
    let least = KernelSchedule.leastOption(for: id, in: graph, threads: threads)
    let measured = Set(entries.map(\.schedule))
    let uniform = KernelSchedule.fittedRowTiles.map {
      KernelSchedule.choose(for: id, in: graph, rowTile: $0, threads: threads)
    }.filter(measured.contains)
    var seen: Set<KernelSchedule> = []
    let all = ([least] + front + uniform).filter { seen.insert($0).inserted }
    return all.enumerated().sorted {
      let (a, b) = (
        $0.element.workspaceBytes(for: id, in: graph), $1.element.workspaceBytes(for: id, in: graph)
      )
      return (a, $0.offset) < (b, $1.offset)
    }
    .map(\.element)
  }
}
