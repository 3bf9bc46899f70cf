import ComputationGraph
import Foundations
import MemoryPlanning
import ONNXInterchange

/// What `tandem schedule` says about one model: the schedule, what is proved about it, and the arena it needs.
///
/// The JSON keys are a contract; see `Formats/ScheduleReport.schema.json`.
public struct ScheduleReport: Codable, Hashable, Sendable {
  /// The peak step's parts; they add up to the peak.
  public struct PeakStep: Codable, Hashable, Sendable {
    /// Position in the order.
    public let index: Int
    /// The operator's name.
    public let name: String
    /// Bytes it reads.
    public let inputBytes: Int
    /// Bytes it writes into storage of their own.
    public let outputBytes: Int
    /// Bytes of everything else that is live.
    public let otherLiveBytes: Int
    /// Scratch bytes.
    public let workspaceBytes: Int
  }

  /// The rules by which bytes were counted.
  public struct Model: Codable, Hashable, Sendable {
    /// Whether element-wise operators may overwrite a dying input.
    public let inplace: Bool
    /// Whether views share their input's storage.
    public let views: Bool
    /// The element type of the activations, or `mixed`.
    public let dataType: String
  }

  /// What `--rewrite` changed before scheduling, and what that gained.
  public struct Rewriting: Codable, Hashable, Sendable {
    /// A node that was divided, or a Concat that was elided.
    public struct Site: Codable, Hashable, Sendable {
      /// How it was rewritten.
      public let kind: String
      /// The node's name.
      public let node: String
      /// Into how many parts.
      public let parts: Int

      /// Creates a site.
      public init(kind: String, node: String, parts: Int) {
        self.kind = kind
        self.node = node
        self.parts = parts
      }
    }

    /// The lowest peak found for the model as it was.
    public let peakBytesBefore: Int
    /// Whether that is proved optimal.
    public let provedOptimalBefore: Bool
    /// Empty if nothing helps.
    public let sites: [Site]
    /// Choosing the sites, scheduling of every choice included.
    public let seconds: Double

    /// Creates a description.
    public init(peakBytesBefore: Int, provedOptimalBefore: Bool, sites: [Site], seconds: Double) {
      self.peakBytesBefore = peakBytesBefore
      self.provedOptimalBefore = provedOptimalBefore
      self.sites = sites
      self.seconds = seconds
    }
  }

  /// 1.
  public let schemaVersion: Int
  /// The model's path as given.
  public let model: String
  /// The scheduler's name.
  public let scheduler: String
  /// Live peak of the order.
  public let peakBytes: Int
  /// The best bound proved; equal to the peak when it is proved optimal.
  public let lowerBoundBytes: Int
  /// The forced-passage bound, as far as the limit on minimum cuts allowed: always a valid bound.
  public let forcedPassageBytes: Int
  /// Whether no order has a lower peak.
  public let provedOptimal: Bool
  /// The arena, padded to the alignment.
  public let arenaBytes: Int
  /// The arena without padding at its end.
  public let unpaddedArenaBytes: Int
  /// Live peak of the file's own order; nil if that is no valid order.
  public let baselinePeakBytes: Int?
  /// Indices into the file's node list; where `rewriting` is there, into that of the file that was written.
  public let order: [Int]
  /// Names of the same operators.
  public let orderNames: [String]
  /// The step with the most memory.
  public let peakStep: PeakStep
  /// Whether arena and reserved bytes are over the limit; false without a limit.
  public let infeasible: Bool
  /// Whether even the bound is over the limit; false without a limit.
  public let provedInfeasible: Bool
  /// Scheduling alone.
  public let seconds: Double
  /// How bytes were counted.
  public let memoryModel: Model
  /// What was rewritten; nil (JSON null) where it was not asked for.
  public let rewriting: Rewriting?

  /// Gathers the figures of a scheduled model.
  ///
  /// - Parameters:
  ///   - model: the model's path as given.
  ///   - limit: a device's memory and reserved bytes, if one was given.
  public init(
    model: String, _ scheduled: ScheduledModel, limit: (memoryBytes: Int, reservedBytes: Int)? = nil
  ) {
    let (problem, schedule) = (scheduled.problem, scheduled.schedule)
    let graph = problem.graph
    let bound =
      switch schedule.proof {
      case .optimal: schedule.peak.bytes
      case .bound(let lowerBytes): lowerBytes
      case .heuristic: MemoryBound.trivial(problem).bytes
      }
    let available = limit.map { $0.memoryBytes - $0.reservedBytes } ?? .max
    schemaVersion = 1
    self.model = model
    scheduler = schedule.scheduler
    peakBytes = schedule.peak.bytes
    lowerBoundBytes = bound
    forcedPassageBytes = scheduled.forcedPassageBytes
    provedOptimal = bound == schedule.peak.bytes
    arenaBytes = scheduled.arena.arenaBytes
    unpaddedArenaBytes = scheduled.arena.unpaddedArenaBytes
    baselinePeakBytes = scheduled.baseline?.peak.bytes
    order = schedule.order.map { scheduled.nodeIndices[$0.index] }
    orderNames = schedule.order.map { graph[$0].name }
    peakStep = PeakStep(
      index: schedule.peak.step, name: schedule.peak.operatorName, inputBytes: schedule.peak.inputBytes,
      outputBytes: schedule.peak.outputBytes, otherLiveBytes: schedule.peak.otherLiveBytes,
      workspaceBytes: schedule.peak.workspaceBytes)
    infeasible = scheduled.arena.arenaBytes > available
    provedInfeasible = bound > available
    seconds = scheduled.seconds
    let types = Set(graph.tensors.filter { $0.role == .activation }.map(\.elementType))
    memoryModel = Model(
      inplace: problem.model.inPlace, views: problem.model.views,
      dataType: types.count == 1 ? types.first!.rawValue : "mixed")
    rewriting = scheduled.rewriting.map { rewriting in
      Rewriting(
        peakBytesBefore: rewriting.before.peak.bytes, provedOptimalBefore: rewriting.before.proof == .optimal,
        sites: rewriting.sites.map {
          Rewriting.Site(kind: $0.kind.rawValue, node: $0.node, parts: $0.parts)
        }, seconds: scheduled.rewritingSeconds)
    }
  }

  /// Encodes every key, absent values as null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(schemaVersion, forKey: .schemaVersion)
    try container.encode(model, forKey: .model)
    try container.encode(scheduler, forKey: .scheduler)
    try container.encode(peakBytes, forKey: .peakBytes)
    try container.encode(lowerBoundBytes, forKey: .lowerBoundBytes)
    try container.encode(forcedPassageBytes, forKey: .forcedPassageBytes)
    try container.encode(provedOptimal, forKey: .provedOptimal)
    try container.encode(arenaBytes, forKey: .arenaBytes)
    try container.encode(unpaddedArenaBytes, forKey: .unpaddedArenaBytes)
    try container.encode(baselinePeakBytes, forKey: .baselinePeakBytes)
    try container.encode(order, forKey: .order)
    try container.encode(orderNames, forKey: .orderNames)
    try container.encode(peakStep, forKey: .peakStep)
    try container.encode(infeasible, forKey: .infeasible)
    try container.encode(provedInfeasible, forKey: .provedInfeasible)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(memoryModel, forKey: .memoryModel)
    try container.encode(rewriting, forKey: .rewriting)
  }

  private var arenaRemark: String {
    guard unpaddedArenaBytes > peakBytes, peakBytes > 0 else { return "with offsets; no fragmentation" }
    let share = Double(unpaddedArenaBytes) / Double(peakBytes) - 1
    return "with offsets; \(NumberFormat.percent(share)) fragmentation"
  }

  /// The figures as a table for people.
  public func table(profile: MemoryProfile) -> String {
    var table = TextTable(columns: [
      .init("figure"), .init("value", alignment: .right), .init("bytes", alignment: .right), .init(""),
    ])
    func bytes(_ label: String, _ value: Int, _ remark: String = "") {
      table.append([label, ByteCount.describe(value), NumberFormat.grouped(value), remark])
    }
    bytes("live peak", peakBytes, provedOptimal ? "proved optimal" : "not proved optimal")
    bytes("lower bound", lowerBoundBytes, "no order can be below")
    bytes("arena", arenaBytes, arenaRemark)
    if let baselinePeakBytes {
      let saving = baselinePeakBytes > 0 ? 1 - Double(peakBytes) / Double(baselinePeakBytes) : 0
      bytes(
        "file's own order", baselinePeakBytes,
        saving < 0 ? "\(NumberFormat.percent(-saving)) less" : "\(NumberFormat.percent(saving)) saved")
    }
    if let rewriting {
      bytes(
        "without rewriting", rewriting.peakBytesBefore,
        rewriting.provedOptimalBefore ? "proved optimal" : "not proved optimal")
      let kinds = Dictionary(grouping: rewriting.sites, by: \.kind).sorted { $0.key < $1.key }
      let sites = kinds.map { "\($0.value.count) \($0.key)" }.joined(separator: ", ")
      table.append([
        "rewritten", "\(rewriting.sites.count)", "", sites.isEmpty ? "nothing that helps" : sites,
      ])
    }
    table.append(["scheduling", NumberFormat.milliseconds(seconds * 1000), "", scheduler])
    bytes("peak step \(peakStep.index)", peakBytes, peakStep.name.quoted)
    bytes("  inputs", peakStep.inputBytes)
    bytes("  outputs", peakStep.outputBytes)
    bytes("  other live", peakStep.otherLiveBytes)
    bytes("  workspace", peakStep.workspaceBytes)
    var top = TextTable(columns: [
      .init("step", alignment: .right), .init("live", alignment: .right), .init("operator"),
    ])
    let largest = profile.liveBytes.indices.sorted {
      (profile.liveBytes[$1], $0) < (profile.liveBytes[$0], $1)
    }
    for step in largest.prefix(5) {
      top.append(["\(step)", ByteCount.describe(profile.liveBytes[step]), orderNames[step].quoted])
    }
    return table.rendered() + "\n\n" + top.rendered()
  }
}
