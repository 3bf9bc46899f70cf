import MemoryPlanning

extension Schedule {
  /// The best lower bound of any order's peak that comes with the schedule.
  func boundBytes(_ problem: MemoryProblem) -> Int {
    switch proof {
    case .optimal: peak.bytes
    case .bound(let lowerBytes): lowerBytes
    case .heuristic: MemoryBound.trivial(problem).bytes
    }
  }
}
