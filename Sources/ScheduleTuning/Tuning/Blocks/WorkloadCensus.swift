import ComputationGraph
import Foundations
import Kernels
import SearchSpaces

/// The distinct operators of a network, or of all networks of a search space, that leave a choice of kernel schedules.
///
/// A space that is too large to enumerate is sampled, until samples bring nothing new for long or there are enough of them; what may
/// be missing is estimated.
public struct WorkloadCensus: Sendable {
  /// One operator.
  public struct Entry: Sendable {
    /// The operator.
    public let workload: OperatorWorkload
    /// Its name in the first network that has it.
    public let name: String
    /// How often it occurs in all networks looked at.
    public internal(set) var occurrences: Int
    /// In how many networks it occurs.
    public internal(set) var networks: Int
  }

  /// The most networks of a space that are looked at.
  public static let mostNetworks = 3_000
  /// Sampling ends after so many networks in a row without a new operator.
  public static let patience = 300

  /// The operators, in the order in which they were met.
  public private(set) var entries: [Entry] = []
  /// Networks looked at: one for each architecture, fusion level and layout.
  public private(set) var networkCount = 0
  /// Whether every network of the space was looked at.
  public private(set) var isComplete = true
  private let threads: Int
  // By the text of the workload; nil for operators without a choice.
  private var numbers: [String: Int?] = [:]

  private init(threads: Int) { self.threads = threads }

  /// Looks at some networks in inference form.
  ///
  /// - Throws: `GraphError` if an operator cannot stand alone.
  public init(of graphs: [Graph], threads: Int) throws(GraphError) {
    self.init(threads: threads)
    for graph in graphs { try add(graph) }
  }

  /// Looks at the networks of a space, in inference form, with every fusion level and layout that its policies may have.
  ///
  /// - Parameters:
  ///   - limit: the most networks.
  ///   - generator: draws the samples of a space with more than `limit` networks.
  /// - Throws: `SearchSpaceError` if a network cannot be built, `GraphError` if it cannot be fused.
  public init(
    of space: SearchSpace, input: InputSpecification, threads: Int, limit: Int = Self.mostNetworks,
    using generator: inout SeededGenerator
  ) throws {
    self.init(threads: threads)
    let forms = space.graphForms
    func look(_ architecture: Architecture) throws -> Bool {
      let training: Graph
      do throws(SearchSpaceError) {
        training = try space.trainingGraph(for: architecture, input: input)
      } catch {
        guard case .disconnected = error else { throw error }
        return false
      }
      let known = entries.count
      for (fusion, layout) in forms {
        try add(InferenceGraph(training, fusion: fusion, layout: layout).graph)
      }
      return entries.count > known
    }
    if let architectures = space.architectures(limit: limit / max(1, forms.count)) {
      for architecture in architectures { _ = try look(architecture) }
      return
    }
    isComplete = false
    var quiet = 0
    while networkCount < limit, quiet < Self.patience {
      quiet = try look(space.sample(using: &generator).architecture) ? 0 : quiet + 1
    }
  }

  /// An estimate of how many operators of a further network are not among ``entries``: 0 if every network was looked at, else the
  /// share of the networks looked at that had an operator that no other has (Good and Turing; doi 10.1093/biomet/40.3-4.237).
  public var expectedUnseen: Double {
    isComplete || networkCount == 0
      ? 0 : Double(entries.count { $0.networks == 1 }) / Double(networkCount)
  }

  private mutating func add(_ graph: Graph) throws(GraphError) {
    networkCount += 1
    var met: Set<Int> = []
    for id in graph.operatorIDs {
      let text = Workload(of: id, in: graph).text
      if numbers[text] == nil {
        let number = try enter(id, in: graph)
        numbers[text] = .some(number)
      }
      guard case .some(.some(let number)) = numbers[text] else { continue }
      entries[number].occurrences += 1
      if met.insert(number).inserted { entries[number].networks += 1 }
    }
  }

  /// The number of a new entry; nil if the operator leaves no choice.
  private mutating func enter(_ id: OperatorID, in graph: Graph) throws(GraphError) -> Int? {
    if case .opaque = graph[id].kind { return nil }
    let workload = try OperatorWorkload(of: id, in: graph)
    guard ScheduleSpace(of: workload, threads: threads).schedules.count > 1 else { return nil }
    entries.append(Entry(workload: workload, name: graph[id].name, occurrences: 0, networks: 0))
    return entries.count - 1
  }
}

extension SearchSpace {
  /// What the policies can make of a network: every fusion level with every layout.
  fileprivate var graphForms: [(fusion: FusionLevel, layout: TensorLayout)] {
    func values(_ name: String) -> [String] { policyDecisions.first { $0.name == name }?.values ?? [] }
    let layouts = values("layout").compactMap(TensorLayout.init)
    return values("fusion").compactMap(FusionLevel.init).flatMap { fusion in
      (layouts.isEmpty ? [.nchw] : layouts).map { (fusion, $0) }
    }
  }

  /// Every architecture, if there are at most `limit`; nil otherwise.
  fileprivate func architectures(limit: Int) -> [Architecture]? {
    var count = 1
    for decision in architectureDecisions {
      count *= decision.values.count
      if count > limit { return nil }
    }
    var choices: [[String: String]] = [[:]]
    for decision in architectureDecisions {
      choices = choices.flatMap { earlier in
        decision.values.map { value in earlier.merging([decision.name: value]) { $1 } }
      }
    }
    return choices.map { Architecture(space: name, choices: $0) }
  }
}
