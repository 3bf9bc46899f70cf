import MemoryPlanning

extension SchedulingError {
  /// Whether the error says that a scheduler has no order to give here, which makes an empty row: a file whose own
  /// order is not valid, or a machine without the solver.
  func meansNoOrder(of name: SchedulerName) -> Bool {
    switch self {
    case .runsBeforePredecessor: name == .file
    case .solverUnavailable: name == .fusionILP
    default: false
    }
  }
}
