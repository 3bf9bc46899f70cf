import AccuracyEstimation
import ComputationGraph
import Devices
import MemoryPlanning
import ScheduleTuning
import SearchSpaces

/// Which devices admit a candidate, and why the others do not.
///
/// The bound rejects before the order is computed, the peak before the arena is laid out: the arena can only
/// be larger. Devices of as many threads are judged by the same order and peak; the arena depends on the alignment. Where kernels are
/// fitted to the memory, all of this is found with the smallest workspaces, so that nothing that fits is rejected, and
/// the admitted devices get plans of their own afterwards (``fitKernels(by:)``).
struct DeviceScreening {
  /// The devices that admit the candidate, in the order given, with the plan for their alignment.
  private(set) var admitted: [(device: DeviceProfile, network: PlannedNetwork)] = []
  /// Why each of the others does not, by device name.
  private(set) var rejections: [String: Rejection] = [:]

  /// Screens a network in training form.
  ///
  /// - Throws: `PlanningError` if the network cannot be planned under the policy.
  init(training: Graph, policy: SchedulingPolicy, devices: [DeviceProfile]) throws(PlanningError) {
    var bounds: [Int: BoundedNetwork] = [:]
    for threads in Set(devices.map(\.threads)) {
      bounds[threads] = try NetworkPlanner.bound(training: training, policy: policy, threads: threads)
    }
    let remaining = devices.filter { device in
      guard let bounded = bounds[device.threads] else { return false }
      if bounded.trivialBound.bytes <= device.arenaLimitBytes { return true }
      rejections[device.name] = Rejection(
        reason: .memoryBound, peakBytes: bounded.trivialBound.bytes, limitBytes: device.arenaLimitBytes,
        operatorName: bounded.trivialBound.operatorName, provedInfeasible: bounded.hasSmallestWorkspaces)
      return false
    }
    var plans: [PlanClass: PlannedNetwork] = [:]
    for device in remaining {
      guard let bounded = bounds[device.threads] else { continue }
      let planClass = PlanClass(alignment: device.alignment, threads: device.threads)
      let network: PlannedNetwork
      if let plan = plans[planClass] {
        network = plan
      } else {
        network = try NetworkPlanner.plan(bounded, alignment: device.alignment)
        plans[planClass] = network
      }
      if let rejection = Self.rejection(of: network, bounded, by: device) {
        rejections[device.name] = rejection
      } else {
        admitted.append((device, network))
      }
    }
  }

  /// Under a policy that fits kernels to the memory, replaces each admitted device's plan by the fastest within its
  /// limit. Does nothing under other policies.
  ///
  /// - Throws: ``LatencySourceError`` if there is no latency for an operator, or no valid plan.
  mutating func fitKernels(by latency: any LatencySource) throws(LatencySourceError) {
    var plans: [FittedClass: PlannedNetwork] = [:]
    for (index, (device, least)) in admitted.enumerated() where least.policy.rowTile == .fit {
      let fitted = FittedClass(
        execution: device.executionClass, arenaLimitBytes: device.arenaLimitBytes,
        weightLimitBytes: device.flashBytes)
      if let plan = plans[fitted] {
        admitted[index].network = plan
        continue
      }
      do {
        let fit = try KernelFit(
          least, arenaLimitBytes: device.arenaLimitBytes, weightLimitBytes: device.flashBytes,
          candidates: latency.kernelCandidates(in: least.graph, on: device))
        var costs: [OperatorID: [Double]] = [:]
        for (id, options) in fit.openChoices {
          costs[id] = try latency.operatorMilliseconds(
            of: id, in: least.graph, under: options, on: device)
        }
        admitted[index].network = try fit.plan(costs: costs)
      } catch let error as LatencySourceError {
        throw error
      } catch {
        throw .network(reason: "\(error)")
      }
      plans[fitted] = admitted[index].network
    }
  }

  /// Devices that have the same plan where kernels are not fitted.
  private struct PlanClass: Hashable {
    let alignment: Int
    let threads: Int
  }

  /// Devices that kernels are fitted to alike.
  private struct FittedClass: Hashable {
    let execution: ExecutionClass
    let arenaLimitBytes: Int
    let weightLimitBytes: Int?
  }

  /// Everything known of an admitted candidate.
  func measurement(
    validation: AccuracyEstimate, devices: [String: DeviceMeasurement], training: Graph
  ) -> Measurement {
    let network = admitted[0].network
    return Measurement(
      validation: validation, devices: devices, rejections: rejections,
      trivialBoundBytes: network.trivialBound.bytes,
      weightBytes: network.graph.weightBytes, macs: network.graph.macs,
      parameters: network.graph.parameterCount)
  }

  private static func rejection(
    of network: PlannedNetwork, _ bounded: BoundedNetwork, by device: DeviceProfile
  ) -> Rejection? {
    let peak = network.peak
    let limit = device.arenaLimitBytes
    if peak.bytes > limit {
      return Rejection(
        reason: .memoryPeak, peakBytes: peak.bytes, limitBytes: limit, operatorName: peak.operatorName,
        provedInfeasible: network.schedule.proof.lowerBytes(peak: peak.bytes) > limit
          && bounded.hasSmallestWorkspaces)
    }
    if network.arena.arenaBytes > limit {
      return Rejection(
        reason: .memoryArena, peakBytes: network.arena.arenaBytes, limitBytes: limit,
        operatorName: peak.operatorName, provedInfeasible: false)
    }
    if let flash = device.flashBytes, network.weightBytes > flash {
      return Rejection(
        reason: .flash, peakBytes: network.weightBytes, limitBytes: flash, operatorName: nil,
        provedInfeasible: true)
    }
    return nil
  }
}

extension Proof {
  /// The peak below which no order is, as far as it is proved; `peak` is that of the schedule.
  fileprivate func lowerBytes(peak: Int) -> Int {
    switch self {
    case .optimal: peak
    case .bound(let lower): lower
    case .heuristic: 0
    }
  }
}
