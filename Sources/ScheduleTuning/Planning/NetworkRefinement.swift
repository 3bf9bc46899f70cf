import ComputationGraph
import Kernels

/// Times networks against each other.
public protocol NetworkStopwatch {
  /// The time of every operator inside each of some networks, by operator index, in milliseconds.
  func operatorMilliseconds(of networks: [PlannedNetwork]) throws -> [[Double]]
  /// The time of each of some networks as a whole, in milliseconds.
  func milliseconds(of networks: [PlannedNetwork]) throws -> [Double]
}

/// Kernels chosen by their times inside a network, after a choice by their times alone.
///
/// Alone, an operator finds its weights and its input in the caches. In a network they come from wherever the operators
/// before left room, which kernels with large transformed weights suffer from most. So the network is timed with a few
/// kernels of each operator, and the choice is made again with what they took. These rivals are the fastest alone of each
/// algorithm and then the fastest of what is left, so that the row tiles of one algorithm, which hardly differ, do not leave
/// out another one with smaller weights. The new plan is kept if the network as a whole is faster under it.
public struct NetworkRefinement {
  /// The most kernels of an operator that are tried.
  public static let mostRivals = 5
  /// Kernels that take longer alone than the fastest by this factor are not.
  public static let rivalRatio = 1.6

  private let fit: KernelFit
  private let costs: [OperatorID: [Double]]
  /// The options of each operator worth trying, by number (``rivals(among:costs:)``), the fastest alone first.
  private let rivals: [OperatorID: [Int]]

  /// Picks the kernels that are worth a trial.
  ///
  /// - Parameter costs: latencies of operators alone, as for ``KernelFit/plan(costs:)``.
  public init(_ fit: KernelFit, costs: [OperatorID: [Double]]) {
    self.fit = fit
    self.costs = costs
    let options = Dictionary(uniqueKeysWithValues: fit.openChoices.map { ($0.id, $0.options) })
    rivals = Dictionary(
      uniqueKeysWithValues: costs.map { id, values in
        (id, Self.rivals(among: options[id] ?? [], costs: values))
      })
  }

  /// The options worth trying, by number: the fastest, the fastest of each other algorithm, the fastest of the rest; none
  /// that takes ``rivalRatio`` times as long as the fastest.
  ///
  /// - Parameter costs: of each option.
  public static func rivals(among options: [KernelSchedule], costs: [Double]) -> [Int] {
    /// What distinguishes kernels, other than how much they do at once.
    struct Family: Hashable {
      let algorithm: KernelAlgorithm
      let lanes: VectorLanes?
    }
    let limit = (costs.min() ?? 0) * rivalRatio
    let close = options.indices.filter { costs[$0] <= limit }.sorted { (costs[$0], $0) < (costs[$1], $1) }
    var seen: Set<Family> = []
    let first = close.filter {
      seen.insert(Family(algorithm: options[$0].algorithm, lanes: options[$0].lanes)).inserted
    }
    return Array((first + close.filter { !first.contains($0) }).prefix(mostRivals))
  }

  /// The faster of `first` and the plan that follows from times inside the network; both are within the limits of the fit.
  ///
  /// - Parameter first: the plan of the fit under the costs of operators alone.
  /// - Throws: ``PlanningError``; what the stopwatch throws.
  public func plan(after first: PlannedNetwork, by stopwatch: some NetworkStopwatch) throws -> PlannedNetwork
  {
    let count = rivals.values.map(\.count).max() ?? 0
    guard count > 1 else { return first }
    let options = Dictionary(uniqueKeysWithValues: fit.openChoices.map { ($0.id, $0.options) })
    let trials = try (0..<count).map { rank in
      var schedules = first.schedules
      for (id, numbers) in rivals {
        if let list = options[id] { schedules[id.index] = list[numbers[min(rank, numbers.count - 1)]] }
      }
      return try fit.unlimitedPlan(schedules: schedules)
    }
    let second = try fit.plan(costs: revisedCosts(stopwatch.operatorMilliseconds(of: trials)))
    guard second.workloadKey != first.workloadKey else { return first }
    let whole = try stopwatch.milliseconds(of: [first, second])
    return whole[1] < whole[0] ? second : first
  }

  /// Costs in which what a rival took inside the network counts, and what was not tried is taken for as much slower than
  /// alone as the fastest rival is.
  ///
  /// - Parameter trials: times of every operator with its rival of each rank, or its last one.
  private func revisedCosts(_ trials: [[Double]]) -> [OperatorID: [Double]] {
    var result = costs
    for (id, numbers) in rivals {
      guard let alone = costs[id] else { continue }
      let measured = numbers.indices.map { place in
        trials.indices.filter { min($0, numbers.count - 1) == place }.map { trials[$0][id.index] }.min()!
      }
      let slowdown = max(1, measured[0] / alone[numbers[0]])
      result[id] = alone.indices.map { option in
        numbers.firstIndex(of: option).map { measured[$0] } ?? alone[option] * slowdown
      }
    }
    return result
  }
}
