import ComputationGraph
import Foundation
import MemoryPlanning

/// A model with the order of its operators and a place for every tensor: what `tandem schedule` does to a file.
public struct ScheduledModel: Sendable {
  /// What is asked for.
  public struct Request: Sendable {
    /// How to order.
    public var scheduler: SchedulerName
    /// The rules by which memory is counted; without workspaces and elided Concats, which belong to one graph.
    public var memory: MemoryModel
    /// Whether the model is rewritten where that saves memory.
    public var rewrites: Bool
    /// The time to spend, half of it at most for rewriting; nil for no limit.
    public var timeLimit: Duration?
    /// Alignment of every offset, in bytes.
    public var alignment: Int

    /// Creates a request; by default for the lowest peak of the model as it is.
    public init(
      scheduler: SchedulerName = .standard, memory: MemoryModel = MemoryModel(), rewrites: Bool = false,
      timeLimit: Duration? = nil, alignment: Int = 64
    ) {
      self.scheduler = scheduler
      self.memory = memory
      self.rewrites = rewrites
      self.timeLimit = timeLimit
      self.alignment = alignment
    }
  }

  /// The graph that was scheduled, rewritten or not, and the rules with its elided Concats.
  public let problem: MemoryProblem
  /// The order, with the best that is proved about it.
  public let schedule: Schedule
  /// The forced-passage bound, as far as the limit on minimum cuts allowed.
  public let forcedPassageBytes: Int
  /// The offsets; validated.
  public let arena: ArenaPlan
  /// The file's own order; nil if it is no valid one.
  public let baseline: MemoryProfile?
  /// What was rewritten; nil where that was not asked for.
  public let rewriting: Rewriting?
  /// The model with its nodes in the order, serialised.
  public let reordered: Data
  /// For each operator, its index in the node list of the file; where the model may have been rewritten, of `reordered`.
  public let nodeIndices: [Int]
  /// Scheduling alone. For schedulers that do not need the forced-passage bound, that of the bound is not part of it.
  public let seconds: Double
  /// Choosing what to rewrite, scheduling of every choice included.
  public let rewritingSeconds: Double

  /// Rewrites, orders, allocates and validates.
  ///
  /// - Throws: ``ModelSchedulingError``.
  public init(_ model: ONNXModel, _ request: Request) throws(ModelSchedulingError) {
    let start = ContinuousClock.now
    do throws(ONNXError) {
      let original = try model.schedulingGraph().graph
      baseline = try? MemoryProblem(graph: original, model: request.memory).evaluate(original.operatorIDs)
      rewriting =
        request.rewrites
        ? try model.rewritten(for: request.memory, timeLimit: request.timeLimit.map { $0 / 2 }) : nil
    } catch {
      throw .model(error)
    }
    rewritingSeconds = request.rewrites ? (ContinuousClock.now - start) / .seconds(1) : 0
    let timeLeft = request.timeLimit.map { max(.zero, start + $0 - .now) }

    let chosen = rewriting?.model ?? model
    var memory = request.memory
    memory.elidedConcats = rewriting?.elidedConcats ?? []
    let indices: [Int]
    do throws(ONNXError) {
      let (graph, nodeIndices) = try chosen.schedulingGraph()
      problem = MemoryProblem(graph: graph, model: memory)
      indices = nodeIndices
    } catch {
      throw .model(error)
    }
    do throws(SchedulingError) {
      var result = try Self.ordered(problem, by: request.scheduler, within: timeLeft)
      if request.scheduler == .exact, let found = rewriting?.after,
        found.peak.bytes < result.schedule.peak.bytes
      {
        result.schedule = found.proving(lowerBytes: result.forcedPassageBytes)
      }
      (schedule, forcedPassageBytes, seconds) = result
      arena = try ArenaAllocator(timeLimit: request.timeLimit).allocate(
        problem, order: schedule.order, alignment: request.alignment)
    } catch {
      throw .scheduling(error)
    }
    do throws(PlanViolation) {
      try PlanValidator.validate(arena, graph: problem.graph, model: memory, order: schedule.order)
    } catch {
      throw .invalidPlan(error)
    }
    do throws(ONNXError) { reordered = try chosen.reordered(by: schedule.order) } catch {
      throw .model(error)
    }
    if request.rewrites {
      // The written file has the nodes that are no operators first, then the operators in their order.
      var written = indices
      for (step, id) in schedule.order.enumerated() {
        written[id.index] = chosen.nodeNames.count - schedule.order.count + step
      }
      nodeIndices = written
    } else {
      nodeIndices = indices
    }
  }

  private static func ordered(
    _ problem: MemoryProblem, by scheduler: SchedulerName, within timeLimit: Duration?
  ) throws(SchedulingError) -> (schedule: Schedule, forcedPassageBytes: Int, seconds: Double) {
    let start = ContinuousClock.now
    if scheduler == .exact {
      let (schedule, certificate) = try ExactScheduler().certifiedSchedule(problem, timeLimit: timeLimit)
      return (schedule, certificate.initialBound.bytes, (ContinuousClock.now - start) / .seconds(1))
    }
    let schedule = try scheduler.scheduler.schedule(problem, timeLimit: timeLimit)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let bound = MemoryBound.forcedPassage(problem, orders: [schedule.order]).bytes
    return (schedule.proving(lowerBytes: bound), bound, seconds)
  }
}

/// Why a model cannot be scheduled.
public enum ModelSchedulingError: Error, CustomStringConvertible {
  /// The file is at fault.
  case model(ONNXError)
  /// The scheduler or the allocator failed.
  case scheduling(SchedulingError)
  /// The allocator's plan breaks a rule: a defect of Tandem, found before anything is written.
  case invalidPlan(PlanViolation)

  /// One sentence.
  public var description: String {
    switch self {
    case .model(let error): error.description
    case .scheduling(let error): error.description
    case .invalidPlan(let violation): "the memory plan is invalid: \(violation)"
    }
  }
}
