import Foundations
import ScheduleTuning

/// What `tandem tune` says: for every distinct operator the best kernel schedule known, against the one that would be chosen
/// without tuning.
///
/// The JSON keys are a contract; see `Formats/TuningReport.schema.json`.
public struct TuningReport: Codable, Hashable, Sendable {
  /// One operator on one target.
  public struct Workload: Codable, Hashable, Sendable {
    /// The operator's name in the first network that has it.
    public let name: String
    /// Kind and shapes.
    public let operatorSummary: String
    /// SHA-256 of what identifies the operator.
    public let workload: String
    /// The threads that it was tuned for.
    public let threads: Int
    /// The fastest kernel schedule known; absent if none was measured.
    public let kernel: String?
    /// Its least latency.
    public let latencyMilliseconds: Double?
    /// Its scratch memory.
    public let workspaceBytes: Int?
    /// The weights as it stores them.
    public let weightBytes: Int?
    /// The fastest of the kernel schedules that are measured where nothing is tuned; absent if none was measured.
    public let heuristicKernel: String?
    /// Its least latency.
    public let heuristicMilliseconds: Double?
    /// Kernel schedules that there are.
    public let scheduleCount: Int
    /// Kernel schedules tried, those of earlier runs included.
    public let trials: Int
    /// Kernel schedules tried by this run.
    public let newTrials: Int
    /// Why kernel schedules failed, each reason once, sorted.
    public let failures: [String]
    /// How many failed.
    public let failureCount: Int
    /// Why the search ended.
    public let ending: TuningResult.Ending

    /// What tuning an operator came to.
    public init(_ entry: WorkloadCensus.Entry, _ result: TuningResult, threads: Int) {
      let space = ScheduleSpace(of: entry.workload, threads: threads)
      let heuristics = Set(space.heuristics)
      let heuristic = result.records.filter { heuristics.contains($0.schedule) && $0.milliseconds != nil }
        .min { $0.milliseconds! < $1.milliseconds! }
      name = entry.name
      operatorSummary = entry.workload.summary
      workload = entry.workload.key
      self.threads = threads
      kernel = result.best?.schedule.description
      latencyMilliseconds = result.best?.milliseconds
      workspaceBytes = result.best.map { space.workspaceBytes(of: $0.schedule) }
      weightBytes = result.best.map { space.storedWeightBytes(of: $0.schedule) }
      heuristicKernel = heuristic?.schedule.description
      heuristicMilliseconds = heuristic?.milliseconds
      scheduleCount = space.schedules.count
      trials = result.records.count
      newTrials = result.newTrials
      failureCount = result.failures.count
      failures = Set(
        result.failures.compactMap { record in
          if case .failed(let reason) = record.outcome { reason } else { nil }
        }
      ).sorted()
      ending = result.ending
    }
  }

  /// The networks that were looked at for operators.
  public struct Networks: Codable, Hashable, Sendable {
    /// How many.
    public let count: Int
    /// Whether there are no others.
    public let complete: Bool
    /// An estimate of the operators of a further network that are not in the report; 0 if complete.
    public let expectedUnseenOperators: Double

    /// What a census looked at.
    public init(_ census: WorkloadCensus) {
      count = census.networkCount
      complete = census.isComplete
      expectedUnseenOperators = census.expectedUnseen
    }
  }

  /// 1.
  public let schemaVersion: Int
  /// The model's or the experiment's path as given.
  public let source: String
  /// What the latencies belong to: one target for each number of threads.
  public let targets: [TargetFingerprint]
  /// The networks that were looked at.
  public let networks: Networks
  /// Operators that the time did not suffice for.
  public let untuned: Int
  /// How long tuning took.
  public let seconds: Double
  /// The operators that were tuned, the largest first.
  public let workloads: [Workload]

  /// Gathers results.
  public init(
    source: String, targets: [TargetFingerprint], networks: Networks, workloads: [Workload], untuned: Int,
    seconds: Double
  ) {
    schemaVersion = 1
    self.source = source
    self.targets = targets
    self.networks = networks
    self.workloads = workloads
    self.untuned = untuned
    self.seconds = seconds
  }

  /// The figures as a table for people, with a line about completeness.
  public func table(width: Int? = nil) -> String {
    var table = TextTable(columns: [
      .init("operator"), .init("threads", alignment: .right), .init("best kernel"),
      .init("latency", alignment: .right), .init("untuned", alignment: .right),
      .init("ratio", alignment: .right), .init("trials", alignment: .right),
      .init("failed", alignment: .right), .init("untuned kernel"),
    ])
    for row in workloads {
      var ratio = "–"
      if let untuned = row.heuristicMilliseconds, let tuned = row.latencyMilliseconds, tuned > 0 {
        ratio = NumberFormat.ratio(untuned / tuned)
      }
      table.append([
        row.operatorSummary, "\(row.threads)", row.kernel ?? "–",
        row.latencyMilliseconds.map(NumberFormat.milliseconds) ?? "–",
        row.heuristicMilliseconds.map(NumberFormat.milliseconds) ?? "–", ratio,
        "\(row.trials) of \(row.scheduleCount)", "\(row.failureCount)", row.heuristicKernel ?? "–",
      ])
    }
    return table.rendered(width: width) + "\n\n" + summary
  }

  private var summary: String {
    let trials = workloads.reduce(0) { $0 + $1.newTrials }
    var text =
      "\(workloads.count) operators of \(networks.count) network\(networks.count == 1 ? "" : "s"); "
      + "\(trials) kernel schedules tried in \(NumberFormat.duration(seconds: seconds))"
    if !networks.complete {
      text += String(
        format: "\nthe space was sampled: a further network has some %.3f operators that are not listed",
        networks.expectedUnseenOperators)
    }
    if untuned > 0 { text += "\n\(untuned) operators are left for another run: the time is over" }
    return text
  }
}
