import ComputationGraph
import Devices
import Foundations
import Kernels
import MemoryPlanning
import ScheduleTuning
import SearchSpaces
import Testing

/// The second choice of kernels, with synthetic times.
struct NetworkRefinementTests {
  /// Times of kernels inside a network: those alone times a factor of each kernel, by operator and schedule.
  private struct Stopwatch: NetworkStopwatch {
    let table: [[KernelSchedule: Double]]
    /// What the refined network takes as a whole is multiplied by this.
    let secondFactor: Double

    func operatorMilliseconds(of networks: [PlannedNetwork]) -> [[Double]] {
      networks.map { network in
        network.graph.operatorIDs.map { table[$0.index][network.schedules[$0.index]]! }
      }
    }

    func milliseconds(of networks: [PlannedNetwork]) -> [Double] {
      zip(operatorMilliseconds(of: networks), [1, secondFactor]).map { $0.reduce(0, +) * $1 }
    }
  }

  @Test func choosesByTimesInsideTheNetworkWithinTheLimit() throws {
    let policy = SchedulingPolicy(fusion: .activation, scheduler: "rpo", rowTile: .fit)
    let graph = try cellNetwork()
    let least = try NetworkPlanner.plan(
      NetworkPlanner.bound(training: graph, policy: policy), alignment: 64)
    var generator = SeededGenerator(seed: 5)
    var changed = 0
    for _ in 0..<60 {
      let limit = least.arena.arenaBytes + .random(in: 0...60_000, using: &generator)
      let fit = try KernelFit(least, arenaLimitBytes: limit)
      var alone = least.graph.operatorIDs.map { _ in [KernelSchedule: Double]() }
      var inside = alone
      for id in least.graph.operatorIDs {
        for option in KernelSchedule.fittedOptions(for: id, in: least.graph) {
          let time = Double.random(in: 1...2, using: &generator)
          alone[id.index][option] = time
          inside[id.index][option] = time * .random(in: 1...3, using: &generator)
        }
      }
      let costs = Dictionary(
        uniqueKeysWithValues: fit.openChoices.map { id, options in (id, options.map { alone[id.index][$0]! })
        })
      let first = try fit.plan(costs: costs)
      let refinement = NetworkRefinement(fit, costs: costs)
      let stopwatch = Stopwatch(table: inside, secondFactor: 1)
      let second = try refinement.plan(after: first, by: stopwatch)
      let times = stopwatch.milliseconds(of: [first]) + stopwatch.milliseconds(of: [second])
      #expect(second.arena.arenaBytes <= limit)
      #expect(times[1] <= times[0])
      if second.workloadKey != first.workloadKey { changed += 1 }
      // Alone at the unlimited end, the choice is the best of the rivals.
      if limit > least.arena.arenaBytes + 50_000 {
        for (id, options) in fit.openChoices {
          let rivals = NetworkRefinement.rivals(
            among: options, costs: options.map { alone[id.index][$0]! })
          let best = rivals.map { inside[id.index][options[$0]]! }.min()!
          #expect(inside[id.index][second.schedules[id.index]]! <= best)
        }
      }
      // A plan that is slower as a whole is not taken.
      let kept = try refinement.plan(after: first, by: Stopwatch(table: inside, secondFactor: 100))
      #expect(kept.workloadKey == first.workloadKey)
    }
    #expect(changed > 20)
  }

  @Test func everyAlgorithmThatIsCloseIsARival() {
    let tiles = [1, 2, 4, 8].map { KernelSchedule(algorithm: .winograd4x4, rowTile: $0) }
    let others = [
      KernelSchedule(algorithm: .winograd2x2), KernelSchedule(algorithm: .directInPlace),
      KernelSchedule(algorithm: .directInPlace, lanes: .channels), KernelSchedule(algorithm: .im2colGEMM),
    ]
    // In order: the fastest of each algorithm, the fastest of the rest; not the last, which is far off.
    let rivals = NetworkRefinement.rivals(
      among: tiles + others, costs: [1.1, 1, 1.02, 1.3, 1.4, 1.5, 1.45, 1.7])
    #expect(rivals == [1, 4, 6, 5, 2])
    #expect(NetworkRefinement.rivals(among: [tiles[0]], costs: [3]) == [0])
    #expect(NetworkRefinement.rivals(among: tiles, costs: [2, 2, 1, 2]) == [2])
  }

  /// Real times: the plan computes what the first one does.
  @Test func refinedPlansRun() throws {
    let policy = SchedulingPolicy(fusion: .concat, scheduler: "rpo", rowTile: .fit)
    let bounded = try NetworkPlanner.bound(training: cellNetwork(), policy: policy)
    let device = DeviceProfile(
      name: "d", title: "", description: "", memoryBytes: 1 << 20,
      measurement: MeasurementPolicy(warmup: 1, repeats: 2, minimumSampleMilliseconds: 0))
    let database = InMemoryLatencyDatabase()
    let plain = try NetworkPlanner.plan(bounded, for: device, database: database)
    let refined = try NetworkPlanner.plan(bounded, for: device, database: database, refines: true)
    #expect(refined.arena.arenaBytes <= 1 << 20)
    var generator = SeededGenerator(seed: 3)
    let weights = plain.inference.convert(.random(for: try cellNetwork(), using: &generator))
    let image = (0..<144).map { _ in Float.random(in: -1...1, using: &generator) }
    let expected = try plain.executor(weights: weights, threads: 1).run(image)
    let found = try refined.executor(weights: weights, threads: 1, mode: .checked).run(image)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-4 * expected.map(\.magnitude).max()! })
  }
}
