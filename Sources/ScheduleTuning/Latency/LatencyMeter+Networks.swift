import Kernels

/// Networks take turns, so that what else happens on the machine meets all alike.
extension LatencyMeter: NetworkStopwatch {
  /// Turns, and runs of each network in one of them: many short turns, because a disturbance often lasts longer than a run.
  private static let turns = 12
  private static let runsPerTurn = 3

  /// The least time of every operator over some turns.
  ///
  /// - Throws: `KernelError` if a network cannot be executed.
  public func operatorMilliseconds(of networks: [PlannedNetwork]) throws -> [[Double]] {
    let subjects = try networks.map { try MeasuredNetwork($0, threads: target.threads) }
    var least = networks.map { [Double](repeating: .infinity, count: $0.graph.operators.count) }
    for _ in 0..<Self.turns {
      for (index, subject) in subjects.enumerated() {
        let times = try subject.executor.operatorMilliseconds(
          inputs: subject.inputs, repeats: Self.runsPerTurn)
        for (id, time) in times.enumerated() { least[index][id] = min(least[index][id], time) }
      }
    }
    return least
  }

  /// The least of the policy's samples: what else runs on the machine moves it less than the median.
  ///
  /// - Throws: `KernelError` if a network cannot be executed.
  public func milliseconds(of networks: [PlannedNetwork]) throws -> [Double] {
    try measure(networks.map { try MeasuredNetwork($0, threads: target.threads) }, by: policy)
      .map(\.minMilliseconds)
  }
}
