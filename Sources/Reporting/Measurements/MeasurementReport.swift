import Foundations
import MemoryPlanning
import ScheduleTuning
import SearchSpaces

/// What `tandem measure` says about one model that was run: latency, memory as planned and as measured, and the time of
/// every operator.
///
/// The JSON keys are a contract; see `Formats/MeasurementReport.schema.json`.
public struct MeasurementReport: Codable, Hashable, Sendable {
  /// 1.
  public let schemaVersion: Int
  /// The model's path as given.
  public let model: String
  /// The policy under which the network was planned.
  public let policy: SchedulingPolicy
  /// The threads that matrix products may use.
  public let threads: Int
  /// The latency of one inference, batch as in the model.
  public let latencyMilliseconds: LatencyStatistics
  /// The live peak of the order with the workspace of the kernels.
  public let peakBytes: Int
  /// The best bound of ``peakBytes`` that was proved for these kernels, over all orders.
  public let lowerBoundBytes: Int
  /// The live peak of the same order without any workspace.
  public let livePeakBytes: Int
  /// The planned arena.
  public let arenaBytes: Int
  /// The high-water mark of the arena in a run where every byte was watched.
  public let measuredArenaBytes: Int
  /// Bytes of all weights of the network that was run: batch norms folded, as its kernels store them.
  public let weightBytes: Int
  /// Weights of the model that were filled with random values, because the file lacks theirs.
  public let randomWeights: Int
  /// What the latency belongs to.
  public let target: TargetFingerprint
  /// The operators in the order in which they run, each with the least time measured.
  public let operators: [OperatorLatency]

  /// Gathers the figures of a network that was measured.
  ///
  /// - Parameters:
  ///   - model: the model's path as given.
  ///   - randomWeights: how many weights have random values.
  public init(
    model: String, _ planned: PlannedNetwork, _ measurement: NetworkMeasurement, target: TargetFingerprint,
    randomWeights: Int
  ) {
    schemaVersion = 1
    self.model = model
    policy = planned.policy
    threads = target.threads
    latencyMilliseconds = measurement.latency
    peakBytes = planned.peak.bytes
    switch planned.schedule.proof {
    case .optimal: lowerBoundBytes = planned.peak.bytes
    case .bound(let bytes): lowerBoundBytes = bytes
    case .heuristic: lowerBoundBytes = 0
    }
    livePeakBytes = planned.livePeakBytes
    arenaBytes = planned.arena.arenaBytes
    measuredArenaBytes = measurement.measuredArenaBytes
    weightBytes = planned.weightBytes
    self.randomWeights = randomWeights
    self.target = target
    operators = measurement.operators
  }

  /// The figures as two tables for people: the network, and the operators that take the most time.
  public func table(operators limit: Int = 10) -> String {
    var table = TextTable(columns: [
      .init("figure"), .init("value", alignment: .right), .init("bytes", alignment: .right), .init(""),
    ])
    let latency = latencyMilliseconds
    func time(_ label: String, _ value: Double, _ remark: String = "") {
      table.append([label, NumberFormat.milliseconds(value), "", remark])
    }
    func bytes(_ label: String, _ value: Int, _ remark: String = "") {
      table.append([label, ByteCount.describe(value), NumberFormat.grouped(value), remark])
    }
    time(
      "latency, median", latency.medianMilliseconds,
      "\(latency.repeats) samples, \(threads) thread\(threads == 1 ? "" : "s")"
        + (latency.noisy ? ", noisy: something else ran" : ""))
    time("  least", latency.minMilliseconds)
    time("  90th percentile", latency.p90Milliseconds)
    bytes(
      "peak", peakBytes,
      "workspace included, " + (lowerBoundBytes == peakBytes ? "proved optimal" : "not proved optimal"))
    bytes("  without workspace", livePeakBytes)
    bytes("arena, planned", arenaBytes)
    bytes("arena, measured", measuredArenaBytes, "every byte watched")
    bytes("weights", weightBytes, randomWeights > 0 ? "\(randomWeights) of them random" : "")
    table.append(["target", "", "", "\(target.cpu), \(target.vectorExtension), \(target.blas)"])

    let total = operators.reduce(0) { $0 + $1.milliseconds }
    var top = TextTable(columns: [
      .init("time", alignment: .right), .init("share", alignment: .right),
      .init("workspace", alignment: .right),
      .init("kernel"), .init("operator"),
    ])
    let slowest = operators.indices.sorted {
      (operators[$1].milliseconds, $0) < (operators[$0].milliseconds, $1)
    }
    for index in slowest.prefix(limit) {
      let node = operators[index]
      top.append([
        NumberFormat.milliseconds(node.milliseconds),
        NumberFormat.percent(total > 0 ? node.milliseconds / total : 0),
        ByteCount.describe(node.workspaceBytes), node.kernel, node.name.quoted,
      ])
    }
    return table.rendered() + "\n\n" + top.rendered()
  }
}
