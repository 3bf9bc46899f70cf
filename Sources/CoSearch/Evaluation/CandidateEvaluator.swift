import AccuracyEstimation
import ComputationGraph
import Devices
import Foundations
import MemoryPlanning
import ScheduleTuning
import SearchSpaces

/// Evaluates one candidate for several devices, the cheapest stage first:
///
///     lower ─▶ bound ─▶ plan: peak, arena, flash ─▶ (fit kernels) ─▶ latency ─▶ accuracy
///       │        └─ over a device's limit: rejected for it ─┘
///       └─ disconnected: rejected for all
///
/// Kernels are fitted to a device's memory where the policy says so (row tile `fit`); the stages before then use the
/// smallest workspaces.
///
/// As soon as no device is left the candidate is rejected, and nothing more is spent on it. The evaluator holds
/// no state: equal candidates, seeds and databases give equal outcomes but for wall-clock times.
public struct CandidateEvaluator: Sendable {
  /// The space that candidates belong to.
  public let space: SearchSpace
  /// What networks are fed.
  public let input: InputSpecification
  /// Where latencies come from.
  public let latency: any LatencySource
  /// Where accuracies come from.
  public let accuracy: any AccuracyEstimator
  /// The seed of the estimate of an architecture.
  private let seed: @Sendable (Architecture) -> UInt64

  /// Creates an evaluator from its parts.
  ///
  /// - Parameter seed: the seed of an architecture's estimate; equal for equal architectures.
  public init(
    space: SearchSpace, input: InputSpecification, latency: any LatencySource,
    accuracy: any AccuracyEstimator, seed: @escaping @Sendable (Architecture) -> UInt64
  ) {
    self.space = space
    self.input = input
    self.latency = latency
    self.accuracy = accuracy
    self.seed = seed
  }

  /// Evaluates a candidate.
  ///
  /// - Parameters:
  ///   - candidate: a valid candidate of the space; an invalid one gives a failure.
  ///   - devices: the devices to judge it for; names are unique.
  ///   - known: what is already known of its architecture's accuracy.
  /// - Throws: ``SearchError/database(reason:)``: what concerns not this candidate but all that follow.
  public func evaluate(
    _ candidate: Candidate, for devices: [DeviceProfile], known: KnownAccuracy? = nil
  ) throws(SearchError) -> TrialOutcome {
    let graph: Graph
    do {
      graph = try space.trainingGraph(for: candidate.architecture, input: input)
    } catch .disconnected {
      return .rejected(Self.disconnected(devices))
    } catch {
      return .failed(TrialFailure(stage: .lowering, message: error.description))
    }
    var screening: DeviceScreening
    do {
      screening = try DeviceScreening(training: graph, policy: candidate.policy, devices: devices)
    } catch {
      return .failed(TrialFailure(stage: .planning, message: error.description))
    }
    if screening.admitted.isEmpty { return .rejected(screening.rejections) }

    let results: [String: DeviceMeasurement]
    do throws(LatencySourceError) {
      try screening.fitKernels(by: latency)
      results = try measureLatencies(of: screening)
    } catch {
      if case .database(let reason) = error { throw .database(reason: reason) }
      return .failed(
        TrialFailure(stage: .latency, message: error.description, rejections: screening.rejections))
    }
    switch known ?? estimate(candidate.architecture, graph: graph) {
    case .failure(let message):
      return .failed(
        TrialFailure(stage: .accuracy, message: message, rejections: screening.rejections))
    case .estimate(let estimate):
      return .measured(
        screening.measurement(validation: estimate, devices: results, training: graph))
    }
  }

  /// Plans a candidate without judging it: order, peak and arena for one alignment, with the smallest workspaces where
  /// the policy fits kernels to the memory.
  ///
  /// - Throws: ``CandidateError`` if the candidate has no network or the network no plan.
  public func plan(_ candidate: Candidate, alignment: Int) throws(CandidateError) -> PlannedNetwork {
    let graph: Graph
    do {
      graph = try space.trainingGraph(for: candidate.architecture, input: input)
    } catch {
      throw .lowering(error)
    }
    do {
      let bounded = try NetworkPlanner.bound(training: graph, policy: candidate.policy)
      return try NetworkPlanner.plan(bounded, alignment: alignment)
    } catch {
      throw .planning(error)
    }
  }

  /// What depends on the device, for every device that admits the candidate; one measurement of a plan per class of
  /// devices.
  private func measureLatencies(
    of screening: DeviceScreening
  ) throws(LatencySourceError) -> [String: DeviceMeasurement] {
    var results: [String: DeviceMeasurement] = [:]
    var latencies: [MeasuredClass: LatencyStatistics] = [:]
    for (device, network) in screening.admitted {
      let value: LatencyStatistics
      let measuredClass = MeasuredClass(execution: device.executionClass, workloadKey: network.workloadKey)
      if let measured = latencies[measuredClass] {
        value = measured
      } else {
        value = try latency.latency(of: network, on: device)
        latencies[measuredClass] = value
      }
      results[device.name] = DeviceMeasurement(
        arenaBytes: network.arena.arenaBytes, peak: network.peak, livePeakBytes: network.livePeakBytes,
        latency: value)
    }
    return results
  }

  /// Executions that take the same time.
  private struct MeasuredClass: Hashable {
    let execution: ExecutionClass
    let workloadKey: String
  }

  private func estimate(_ architecture: Architecture, graph: Graph) -> KnownAccuracy {
    do {
      let subject = EstimationSubject(architecture: architecture, training: graph)
      return .estimate(try accuracy.estimate(subject, seed: seed(architecture)))
    } catch {
      return .failure(message: error.description)
    }
  }

  private static func disconnected(_ devices: [DeviceProfile]) -> [String: Rejection] {
    let rejection = Rejection(
      reason: .disconnected, peakBytes: 0, limitBytes: 0, operatorName: nil, provedInfeasible: true)
    return Dictionary(uniqueKeysWithValues: devices.map { ($0.name, rejection) })
  }
}

/// A candidate that cannot be turned into a planned network.
public enum CandidateError: Error, CustomStringConvertible {
  /// The space does not build its network.
  case lowering(SearchSpaceError)
  /// The network cannot be planned under its policy.
  case planning(PlanningError)

  /// One sentence.
  public var description: String {
    switch self {
    case .lowering(let error): error.description
    case .planning(let error): error.description
    }
  }
}
