import ComputationGraph
import Devices
import Foundation
import Foundations
import Kernels
import MemoryPlanning
import ONNXInterchange
import ScheduleTuning
import SearchSpaces

/// A network that is planned, prepared and ready to be run again and again.
final class LoadedNetwork {
  let planned: PlannedNetwork
  private let executor: NetworkExecutor
  private let input: [Float]

  /// Plans and prepares the network of an ONNX file.
  ///
  /// Under the row tile `fit`, kernels are measured now unless `database` holds their latencies already.
  init(
    model: String, threads: Int, rowTile: RowTile, layout: TensorLayout, convertsBoundary: Bool,
    onlyDirect: Bool, database: any LatencyDatabase
  ) throws {
    let executable = try ONNXModel.load(from: URL(fileURLWithPath: model)).executable()
    let weights = try executable.storedWeights()
    let policy = SchedulingPolicy(
      fusion: .concat, scheduler: SchedulerName.exact.rawValue, rowTile: rowTile,
      layout: layout)
    let bounded = try NetworkPlanner.bound(
      training: executable.graph, policy: policy, threads: threads,
      convertsBoundary: convertsBoundary)
    // A device whose memory nothing exceeds: every operator gets its fastest kernel.
    let device = DeviceProfile(
      name: "unlimited", title: "", description: "", memoryBytes: Int.max / 4, threads: threads)
    planned =
      onlyDirect
      ? try NetworkPlanner.plan(
        bounded, schedules: Self.directSchedules(of: bounded, threads: threads), alignment: device.alignment)
      : try NetworkPlanner.plan(bounded, for: device, database: database, refines: true)
    executor = try planned.executor(weights: planned.inference.convert(weights), threads: threads)
    let graph = planned.graph
    guard graph.inputs.count == 1, graph.outputs.count == 1 else {
      throw ServerError(
        "\(model) has \(graph.inputs.count) inputs and \(graph.outputs.count) outputs, not one each")
    }
    var generator = SeededGenerator(seed: 0)
    input = (0..<graph[graph.inputs[0]].storedElementCount).map { _ in .random(in: -1...1, using: &generator)
    }
    fill()
  }

  /// For every convolution that has some, the fastest of its direct kernels.
  private static func directSchedules(of bounded: BoundedNetwork, threads: Int) throws -> [KernelSchedule] {
    let direct: Set<KernelAlgorithm> = [.directInPlace, .directPanel, .directBlocked]
    let meter = OperatorMeter(threads: threads)
    return try bounded.graph.operatorIDs.map { id in
      let workload = try OperatorWorkload(of: id, in: bounded.graph)
      let options = ScheduleSpace(of: workload, threads: threads).schedules.filter {
        direct.contains($0.algorithm) && $0.threads == threads
      }
      let outcomes = try meter.outcomes(of: options, for: workload, isThorough: true)
      let measured = zip(options, outcomes).compactMap { schedule, outcome in
        outcome.statistics.map { (schedule, $0.minMilliseconds) }
      }
      return measured.min { $0.1 < $1.1 }?.0 ?? bounded.schedules[id.index]
    }
  }

  private func fill() { _ = executor.buffer(of: planned.graph.inputs[0]).update(from: input) }

  /// The milliseconds of each of a number of runs, the input in the arena already and the output left there. An input that
  /// the plan overwrites is written anew between runs.
  func time(runs: Int) throws -> [Double] {
    let clock = ContinuousClock()
    var times: [Double] = []
    times.reserveCapacity(runs)
    let keepsInputs = executor.keepsInputs
    for _ in 0..<runs {
      if !keepsInputs { fill() }
      let start = clock.now
      try executor.runInPlace()
      times.append((clock.now - start) / .milliseconds(1))
    }
    return times
  }

  /// The output for the values of a `.npy` file.
  func compute(_ file: String) throws -> NumPyArray {
    let array = try NumPyArray(data: Data(contentsOf: URL(fileURLWithPath: file)), source: file)
    let graph = planned.graph
    let (x, y) = (graph[graph.inputs[0]], graph[graph.outputs[0]])
    let values =
      x.layout == .nchw ? array.values : x.layout.values(of: x.shape, from: array.values, in: .nchw)
    let result = try executor.run(values)
    return NumPyArray(
      shape: y.shape.dimensions,
      values: y.layout == .nchw ? result : TensorLayout.nchw.values(of: y.shape, from: result, in: y.layout))
  }

  /// The plan, as network number `number`.
  func description(number: Int) -> PlanDescription {
    let (graph, schedules) = (planned.graph, planned.schedules)
    return PlanDescription(
      network: number, arenaBytes: planned.arena.arenaBytes, weightBytes: planned.weightBytes,
      operators: planned.order.map { id in
        PlanDescription.OperatorDescription(
          name: graph[id].name, kernel: schedules[id.index].description,
          workspaceBytes: schedules[id.index].workspaceBytes(for: id, in: graph))
      })
  }
}

/// A request that cannot be carried out.
struct ServerError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
