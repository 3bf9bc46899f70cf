/// Chooses the order in which a graph's operators run.
///
/// Schedulers are deterministic, unless a time limit stops them: equal problems give equal orders. Every peak comes
/// from ``MemoryProblem/evaluate(_:)``, whatever the scheduler reckoned with inside.
public protocol OperatorScheduler: Sendable {
  /// The name by which it is selected and reported.
  var name: String { get }
  /// A valid order with its exact peak, and what is proved about it.
  ///
  /// - Parameter timeLimit: the time to spend, nil for no limit. When it runs out, the answer is the best order and
  ///   the best bound known by then; schedulers whose time is linear in the graph take no notice of it.
  /// - Throws: ``SchedulingError`` where the scheduler has no order to give; see each.
  func schedule(_ problem: MemoryProblem, timeLimit: Duration?) throws(SchedulingError) -> Schedule
}

extension OperatorScheduler {
  /// A valid order with its exact peak, whatever time it takes.
  public func schedule(_ problem: MemoryProblem) throws(SchedulingError) -> Schedule {
    try schedule(problem, timeLimit: nil)
  }
}

/// The schedulers by the names that configuration files and the command line use.
public enum SchedulerName: String, Codable, CaseIterable, Sendable {
  /// The order of the graph itself.
  case file
  /// Kahn's topological order.
  case kahn
  /// Depth-first reverse post-order.
  case rpo
  /// Dynamic programming over ready sets, divided at hourglasses, after SERENITY.
  case serenity
  /// Hierarchical scheduling after HMCOS.
  case hmcos
  /// Iterative fusion and an integer program after Zhong et al.; needs the HiGHS library.
  case fusionILP = "fusion-ilp"
  /// The proved optimum; the scheduler to use unless something else is asked for.
  case exact

  /// The scheduler to use unless something else is asked for.
  public static let standard = SchedulerName.exact

  /// A scheduler of this name with its default settings.
  public var scheduler: any OperatorScheduler {
    switch self {
    case .file: FileOrderScheduler()
    case .kahn: KahnScheduler()
    case .rpo: ReversePostOrderScheduler()
    case .serenity: SerenityScheduler()
    case .hmcos: HMCOSScheduler()
    case .fusionILP: FusionILPScheduler()
    case .exact: ExactScheduler()
    }
  }
}
