import ComputationGraph
import Foundations
import Kernels

/// All kernel schedules of one operator: every algorithm that applies, with every combination of the values of its knobs.
///
/// Canonical: schedules that come to the same work are one. May have hundreds of members.
///
///     let space = ScheduleSpace(of: workload, threads: 2)
///     let candidate = space.mutate(space.schedules[0], using: &generator)
public struct ScheduleSpace: Sendable {
  /// The operator.
  public let workload: OperatorWorkload
  /// The most threads that a schedule may have.
  public let threads: Int
  /// The members, in a fixed order, beginning with the one of the least workspace among ``KernelSchedule/fittedOptions(for:in:threads:)``.
  public let schedules: [KernelSchedule]
  /// The choices of ``KernelSchedule/fittedOptions(for:in:threads:)``: what is measured where nothing is tuned.
  public let heuristics: [KernelSchedule]
  private let values: [KernelAlgorithm: [ScheduleKnob: [Int?]]]
  private let members: Set<KernelSchedule>

  /// Enumerates the space.
  ///
  /// - Precondition: `threads` is positive.
  /// - Complexity: linear in the size of the space.
  public init(of workload: OperatorWorkload, threads: Int) {
    precondition(threads > 0, "an operator needs a thread")
    let (graph, id) = (workload.graph, workload.id)
    self.workload = workload
    self.threads = threads
    heuristics = KernelSchedule.fittedOptions(for: id, in: graph, threads: threads)
    var values: [KernelAlgorithm: [ScheduleKnob: [Int?]]] = [:]
    var members = Set(heuristics)
    var schedules = heuristics
    for algorithm in KernelAlgorithm.allCases
    where KernelSchedule(algorithm: algorithm).applies(to: id, in: graph) {
      var combinations = [KernelSchedule(algorithm: algorithm)]
      for knob in ScheduleKnob.allCases {
        // What the fixed choices have is a value as well, so that they have neighbours.
        let fixed = heuristics.filter { $0.algorithm == algorithm }.compactMap { knob.value(in: $0) }
        let listed = knob.values(for: algorithm, of: id, in: graph, threads: threads).compactMap { $0 }
        let choices = [nil] + Set(fixed + listed).sorted(by: >).map { Int?.some($0) }
        values[algorithm, default: [:]][knob] = choices
        combinations = combinations.flatMap { schedule in
          choices.map { value in
            var changed = schedule
            knob.set(value, in: &changed)
            return changed
          }
        }
      }
      for schedule in combinations.map({ Self.canonical($0, of: id, in: graph) })
      where schedule.applies(to: id, in: graph) && members.insert(schedule).inserted {
        schedules.append(schedule)
      }
    }
    self.values = values
    self.members = members
    self.schedules = schedules
  }

  /// Whether a schedule is a member.
  public func contains(_ schedule: KernelSchedule) -> Bool { members.contains(schedule) }

  /// The scratch memory of a schedule, in bytes: exactly.
  public func workspaceBytes(of schedule: KernelSchedule) -> Int {
    schedule.workspaceBytes(for: workload.id, in: workload.graph)
  }

  /// The bytes of the operator's weights as a schedule's kernel stores them: exactly.
  public func storedWeightBytes(of schedule: KernelSchedule) -> Int {
    workload.graph.storedWeightBytes(under: [schedule]).reduce(0, +)
  }

  /// A member that differs in one respect: the algorithm, or one knob of it. The schedule itself if there is no other.
  ///
  /// - Precondition: `schedule` is a member.
  public func mutate(_ schedule: KernelSchedule, using generator: inout SeededGenerator) -> KernelSchedule {
    precondition(contains(schedule), "not of this space")
    // A change of a knob may give no member; a few attempts find one if there are any worth speaking of.
    for _ in 0..<16 {
      var changed = schedule
      let choice = Int.random(in: 0...ScheduleKnob.allCases.count, using: &generator)
      if choice == ScheduleKnob.allCases.count {
        changed.algorithm = values.keys.sorted { $0.rawValue < $1.rawValue }.randomElement(using: &generator)!
      } else {
        let knob = ScheduleKnob.allCases[choice]
        let choices = values[schedule.algorithm]?[knob] ?? [nil]
        // Tiles have neighbours that behave alike: half of the changes go one step up or down.
        if let place = choices.firstIndex(of: knob.value(in: schedule)), Bool.random(using: &generator) {
          let step = Bool.random(using: &generator) ? 1 : -1
          knob.set(choices[min(max(place + step, 0), choices.count - 1)], in: &changed)
        } else {
          knob.set(choices.randomElement(using: &generator)!, in: &changed)
        }
      }
      changed = Self.canonical(changed, of: workload.id, in: workload.graph)
      if changed != schedule, contains(changed) { return changed }
    }
    return schedules.randomElement(using: &generator)!
  }

  /// A member with the algorithm of one parent and each knob from one of both; the first parent if that is no member.
  ///
  /// - Precondition: both are members.
  public func crossover(
    _ a: KernelSchedule, _ b: KernelSchedule, using generator: inout SeededGenerator
  ) -> KernelSchedule {
    precondition(contains(a) && contains(b), "not of this space")
    var child = a
    for knob in ScheduleKnob.allCases where Bool.random(using: &generator) {
      knob.set(knob.value(in: b), in: &child)
    }
    child = Self.canonical(child, of: workload.id, in: workload.graph)
    return contains(child) ? child : a
  }

  private static func canonical(
    _ schedule: KernelSchedule, of id: OperatorID, in graph: Graph
  ) -> KernelSchedule {
    var result = schedule
    for knob in ScheduleKnob.allCases {
      knob.set(knob.canonical(knob.value(in: schedule), in: schedule, of: id, in: graph), in: &result)
    }
    return result
  }
}
