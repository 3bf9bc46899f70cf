import ComputationGraph
import Devices
import Foundations
import Kernels

/// Tries kernel schedules by really running them: each is prepared, its output compared once with that of a reference
/// schedule, and its latency measured in turns with the others.
///
/// Weights and inputs are random but always the same. A batch in which something is noisy is measured again, a bounded number of
/// times, and the least latencies count. A thorough measurement prepares every schedule several times: preparations of
/// one schedule differ by up to 8 % where the second cache is nearly full (Docs/Decisions/0013).
public final class OperatorMeter: ScheduleMeter {
  /// The largest difference from the reference's output that is rounding, relative to the reference's largest value. Winograd's is below 10⁻⁵.
  public static let tolerance: Float = 1e-3
  /// How often a noisy batch is measured again at most.
  public static let maximumRepetitions = 2

  /// How often a schedule is prepared for a thorough measurement; the preparation with the least latency counts.
  public static let preparations = 4

  /// What the prepared schedules of a batch may take together, in bytes.
  private static let mostBytes = 1 << 30

  /// How often a schedule is run in a batch.
  public let policy: MeasurementPolicy
  /// The machine, the BLAS and the number of threads.
  public let target: TargetFingerprint
  private let meter: LatencyMeter
  /// What is the same for all schedules of the operator that was asked for last.
  private var subject: Subject?

  /// Creates a meter for this machine.
  ///
  /// - Parameter policy: nil for `LatencyMeter.operatorPolicy`.
  /// - Precondition: `threads`, and the policy's repeats, are positive.
  public init(threads: Int, policy: MeasurementPolicy? = nil) {
    meter = LatencyMeter(policy: policy ?? MeasurementPolicy(), threads: threads)
    self.policy = policy ?? meter.operatorPolicy
    target = meter.target
  }

  private struct Subject {
    let key: String
    let weights: WeightValues
    let inputs: [TensorID: [Float]]
    let output: [Float]
  }

  /// Tries kernel schedules of an operator; see ``ScheduleMeter``.
  public func outcomes(
    of schedules: [KernelSchedule], for workload: OperatorWorkload, isThorough: Bool
  ) throws(KernelError) -> [TuningOutcome] {
    let subject = try prepare(workload)
    let given = schedules.count
    let schedules = (0..<(isThorough ? Self.preparations : 1)).flatMap { _ in schedules }
    var outcomes: [TuningOutcome] = []
    var first = 0
    while first < schedules.count {
      // As many as fit the memory together, at least one.
      var end = first
      var total = 0
      repeat {
        total += bytes(of: schedules[end], workload)
        end += 1
      } while end < schedules.count && total + bytes(of: schedules[end], workload) <= Self.mostBytes
      outcomes += try self.outcomes(of: schedules[first..<end], workload, subject, isThorough: isThorough)
      first = end
    }
    return (0..<given).map { index in
      Self.best(of: stride(from: index, to: outcomes.count, by: given).map { outcomes[$0] })
    }
  }

  /// The least latency of several preparations; a failure if one of them failed.
  private static func best(of outcomes: [TuningOutcome]) -> TuningOutcome {
    let measured = outcomes.compactMap(\.statistics)
    guard measured.count == outcomes.count else { return outcomes.first { $0.statistics == nil }! }
    return .measured(measured.min { $0.minMilliseconds < $1.minMilliseconds }!)
  }

  /// Tries kernel schedules that fit the memory together.
  private func outcomes(
    of schedules: ArraySlice<KernelSchedule>, _ workload: OperatorWorkload, _ subject: Subject,
    isThorough: Bool
  ) throws(KernelError) -> [TuningOutcome] {
    var outcomes: [TuningOutcome?] = []
    var competitors: [MeasuredNetwork] = []
    for schedule in schedules {
      do throws(KernelError) {
        let executor = try workload.graph.executor(
          of: schedule, weights: subject.weights, threads: target.threads)
        let output = try executor.run(inputs: subject.inputs)[executor.graph.outputs[0]] ?? []
        if let reason = Self.disagreement(of: output, with: subject.output) {
          outcomes.append(.failed(reason: reason))
        } else {
          outcomes.append(nil)
          competitors.append(MeasuredNetwork(executor: executor, inputs: subject.inputs))
        }
      } catch {
        outcomes.append(.failed(reason: "cannot be prepared: \(error.description)"))
      }
    }
    var measured = try latencies(of: competitors, isThorough: isThorough)[...]
    return outcomes.map { outcome in
      if let outcome { return outcome }
      guard let statistics = measured.popFirst() else {
        preconditionFailure("every schedule has failed or was measured")
      }
      return .measured(statistics)
    }
  }

  private func latencies(
    of networks: [MeasuredNetwork], isThorough: Bool
  ) throws(KernelError) -> [LatencyStatistics] {
    if networks.isEmpty { return [] }
    var policy = policy
    if isThorough {
      policy.repeats *= 3
      policy.minimumSampleMilliseconds *= 2
    }
    var best = try meter.measure(networks, by: policy)
    for _ in 0..<Self.maximumRepetitions where best.contains(where: \.noisy) {
      for (index, statistics) in try meter.measure(networks, by: policy).enumerated() {
        let quieter =
          best[index].noisy == statistics.noisy
          ? statistics.minMilliseconds < best[index].minMilliseconds : best[index].noisy
        if quieter { best[index] = statistics }
      }
    }
    return best
  }

  /// Why an output is not the reference's up to rounding; nil if it is.
  package static func disagreement(of output: [Float], with reference: [Float]) -> String? {
    if output.count != reference.count {
      return "computes \(output.count) values where the reference has \(reference.count)"
    }
    let scale = max(reference.lazy.map(abs).max() ?? 0, .leastNormalMagnitude)
    var largest: Float = 0
    for (found, expected) in zip(output, reference) {
      let difference = abs(found - expected)
      guard difference.isFinite else { return "computes values that are not finite" }
      largest = max(largest, difference)
    }
    return largest <= tolerance * scale
      ? nil : "computes other values than the reference: they differ by \(largest / scale) of the largest"
  }

  /// Bytes that a prepared schedule keeps: activations, workspace, weights.
  private func bytes(of schedule: KernelSchedule, _ workload: OperatorWorkload) -> Int {
    let (graph, id) = (workload.graph, workload.id)
    guard schedule.applies(to: id, in: graph) else { return 0 }
    let activations = graph.tensors.reduce(0) { $0 + ($1.role == .activation ? $1.byteCount : 0) }
    return activations + schedule.workspaceBytes(for: id, in: graph) + graph.weightBytes
      + graph.storedWeightBytes(under: [schedule]).reduce(0, +)
  }

  private func prepare(_ workload: OperatorWorkload) throws(KernelError) -> Subject {
    if let subject, subject.key == workload.key { return subject }
    let graph = workload.graph
    var generator = SeededGenerator(seed: 0)
    let weights = WeightValues.random(for: graph, using: &generator)
    let inputs = graph.randomInputs(using: &generator)
    let reference = KernelSchedule.choose(for: workload.id, in: graph, rowTile: nil)
    let executor = try graph.executor(of: reference, weights: weights, threads: target.threads)
    let output = try executor.run(inputs: inputs)[graph.outputs[0]] ?? []
    let prepared = Subject(key: workload.key, weights: weights, inputs: inputs, output: output)
    subject = prepared
    return prepared
  }
}
