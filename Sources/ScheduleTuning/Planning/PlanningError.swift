import ComputationGraph
import MemoryPlanning

/// Why a network cannot be planned under a scheduling policy.
public enum PlanningError: Error, Equatable, CustomStringConvertible {
  /// Fusion gives a graph that breaks a rule.
  case graph(GraphError)
  /// The policy names a scheduler that does not exist.
  case unknownScheduler(name: String, known: [String])
  /// The scheduler or the allocator failed.
  case scheduling(SchedulingError)
  /// The allocator's plan breaks a rule: a defect of Tandem, found before anything runs under that plan.
  case invalidPlan(PlanViolation)

  /// One sentence.
  public var description: String {
    switch self {
    case .graph(let error): error.description
    case .unknownScheduler(let name, let known):
      "there is no scheduler '\(name)'; known are \(known.joined(separator: ", "))"
    case .scheduling(let error): error.description
    case .invalidPlan(let violation): "the memory plan is invalid: \(violation)"
    }
  }
}
