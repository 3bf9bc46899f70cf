import Kernels

/// What a ``ScheduleTuner`` measures with: ``OperatorMeter``, or a made-up cost in tests.
public protocol ScheduleMeter {
  /// What latencies belong to.
  var target: TargetFingerprint { get }

  /// Tries kernel schedules of an operator, in turns.
  ///
  /// - Parameter isThorough: whether the latencies are to decide between schedules that are nearly equal.
  /// - Returns: an outcome for each, in the same order.
  /// - Throws: `KernelError` if the operator cannot be executed at all.
  func outcomes(
    of schedules: [KernelSchedule], for workload: OperatorWorkload, isThorough: Bool
  ) throws(KernelError) -> [TuningOutcome]
}
