import ComputationGraph
import Foundations
import Kernels
import ScheduleTuning

/// A random convolution by itself.
func randomConvolution(_ generator: inout SeededGenerator) throws -> OperatorWorkload {
  var builder = GraphBuilder(name: "random")
  let depthwise = Int.random(in: 0..<6, using: &generator) == 0
  let channels = [3, 8, 16, 24].randomElement(using: &generator)!
  let side = [7, 8, 14, 20, 28].randomElement(using: &generator)!
  let kernel = [1, 3, 3, 5].randomElement(using: &generator)!
  let stride = [1, 1, 2].randomElement(using: &generator)!
  let x = builder.input("x", shape: [1, channels, side, side])
  let y = try builder.convolution(
    x, outputChannels: depthwise ? channels : [8, 16, 33].randomElement(using: &generator)!,
    window: Window2D(kernel: Size2D(kernel), stride: Size2D(stride), padding: Padding2D(kernel / 2)),
    groups: depthwise ? channels : 1, bias: Bool.random(using: &generator))
  let graph = try builder.build(outputs: [y])
  return try OperatorWorkload(of: OperatorID(0), in: graph)
}

/// A made-up machine: the latency of a schedule is a smooth function of its features, different for each algorithm and operator.
final class FakeMeter: ScheduleMeter {
  let target: TargetFingerprint
  /// Everything that was asked for, in order.
  private(set) var tried: [KernelSchedule] = []
  private(set) var batches: [[KernelSchedule]] = []
  private(set) var thoroughCalls = 0
  private let fails: (KernelSchedule) -> Bool
  /// By what the clock has become slower when measurements are thorough.
  private let drift: Double

  init(
    threads: Int = 1, drift: Double = 1, fails: @escaping (KernelSchedule) -> Bool = { _ in false }
  ) {
    self.drift = drift
    target = TargetFingerprint(cpu: "fake", vectorExtension: "none", blas: "none", threads: threads)
    self.fails = fails
  }

  func cost(_ schedule: KernelSchedule, _ workload: OperatorWorkload) -> Double {
    let features = ScheduleFeatures(of: schedule, for: workload).values
    var hasher = StableHasher()
    hasher.combine(schedule.algorithm.rawValue)
    hasher.combine(workload.key)
    var generator = SeededGenerator(seed: hasher.value)
    var logarithm = Double.random(in: 0...0.5, using: &generator)
    for value in features {
      // An optimum in the middle of each feature's range, not where a linear model would look for it.
      let best = Double.random(in: 0...1, using: &generator)
      logarithm += 0.5 * (value - best) * (value - best)
    }
    return 0.01 * exp2(logarithm)
  }

  func outcomes(
    of schedules: [KernelSchedule], for workload: OperatorWorkload, isThorough: Bool
  ) throws(KernelError) -> [TuningOutcome] {
    if isThorough {
      thoroughCalls += 1
    } else {
      tried += schedules
      batches.append(schedules)
    }
    return schedules.map { schedule in
      fails(schedule)
        ? .failed(reason: "no \(schedule)")
        : .measured(
          LatencyStatistics(
            sampleMilliseconds: [cost(schedule, workload) * (isThorough ? drift : 1)], warmup: 0,
            threads: target.threads))
    }
  }
}

#if canImport(Glibc)
  import Glibc
#else
  import Foundation
#endif
