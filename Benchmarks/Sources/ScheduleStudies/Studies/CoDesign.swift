import BenchmarkSupport
import Foundation
import ScheduleTuning
import SearchSpaces

/// Sampled networks under uniform scheduling policies and under the tuned one.
struct CoDesign {
  /// A policy.
  struct Policy: Hashable {
    let name: String
    let rowTile: RowTile
  }

  /// A network under a policy, within a memory limit.
  struct Point {
    /// The network's place in the sample.
    let network: Int
    let milliseconds: Double
    let arenaBytes: Int
    let peakBytes: Int
  }

  /// A limit of latency and one of memory.
  struct Limits {
    let milliseconds: Double
    let bytes: Int
  }

  /// The best network of each policy under a pair of limits; nil where none is within them.
  struct Cell {
    /// By policy; all equal, or each at the same quantile of what the policy's own networks take.
    let limits: [Limits]
    /// By policy.
    let best: [Int?]
  }

  static let policies = [
    Policy(name: "whole", rowTile: .whole), Policy(name: "4 rows", rowTile: .rows(4)),
    Policy(name: "1 row", rowTile: .rows(1)), Policy(name: "tuned", rowTile: .fit),
  ]
  /// Limits of latency, and of memory, that a network may have.
  private static let limitCount = 10

  let networks: StudyNetworks
  let threads: Int
  /// Without a memory limit, by policy.
  let points: [[Point]]
  /// Under limits that are the same for all policies.
  let cells: [Cell]
  /// Under limits that are as tight for each policy: what remains of the differences when speed alone does not count.
  let relativeCells: [Cell]

  /// Plans and measures every network under every policy; under the tuned one for each memory limit.
  init(_ networks: StudyNetworks, threads: Int, trials: Int) throws {
    let tuned = try TunedNetworks(networks, threads: threads, trials: trials)
    self.networks = networks
    self.threads = threads
    var measured: [String: Double] = [:]
    func point(_ network: Int, _ rowTile: RowTile, limit: Int = Int.max / 4) throws -> Point? {
      guard let planned = try tuned.plan(networks.entries[network], rowTile, arenaLimitBytes: limit) else {
        return nil
      }
      // Several limits may give the same plan.
      let milliseconds = try measured[planned.workloadKey] ?? tuned.meter.measure(planned).minMilliseconds
      measured[planned.workloadKey] = milliseconds
      return Point(
        network: network, milliseconds: milliseconds, arenaBytes: planned.arena.arenaBytes,
        peakBytes: planned.peak.bytes)
    }
    var points = [[Point]](repeating: [], count: Self.policies.count)
    for network in networks.entries.indices {
      for (number, policy) in Self.policies.enumerated() {
        guard let point = try point(network, policy.rowTile) else { preconditionFailure("no limit was set") }
        points[number].append(point)
      }
      if (network + 1) % 20 == 0 { Progress.note("\(network + 1) of \(networks.entries.count) networks") }
    }
    self.points = points

    let everything = points.flatMap { $0 }
    let common = Self.quantiles(of: everything)
    func cells(_ name: String, _ limits: [[Limits]]) throws -> [Cell] {
      var cells: [Cell] = []
      for memory in 0..<Self.limitCount {
        Progress.note("\(name) memory limit \(memory + 1) of \(Self.limitCount)")
        let candidates = try Self.policies.indices.map { policy in
          let bytes = limits[policy][memory].bytes
          return Self.policies[policy].rowTile == .fit
            ? try networks.entries.indices.compactMap { try point($0, .fit, limit: bytes) }
            : points[policy].filter { $0.arenaBytes <= bytes }
        }
        for latency in 0..<Self.limitCount {
          let pairs = limits.map {
            Limits(milliseconds: $0[latency].milliseconds, bytes: $0[memory].bytes)
          }
          cells.append(
            Cell(
              limits: pairs,
              best: zip(candidates, pairs).map { candidates, limits in
                Self.best(candidates.filter { $0.milliseconds <= limits.milliseconds }, networks)
              }))
        }
      }
      return cells
    }
    self.cells = try cells("common", Self.policies.map { _ in common })
    relativeCells = try cells("relative", points.map { Self.quantiles(of: $0) })
  }

  /// The score of the best of a cell under a policy.
  func score(_ cell: Cell, _ policy: Int) -> Double? { cell.best[policy].map { networks.entries[$0].score } }

  /// The networks that none beats in score and in `cost`, the cheapest first.
  func front(_ policy: Int, _ cost: (Point) -> Double) -> [Point] {
    var best = -Double.infinity
    return points[policy].sorted {
      (cost($0), -networks.entries[$0.network].score) < (cost($1), -networks.entries[$1.network].score)
    }
    .filter { point in
      let score = networks.entries[point.network].score
      defer { best = max(best, score) }
      return score > best
    }
  }

  private static func best(_ points: [Point], _ networks: StudyNetworks) -> Int? {
    points.max {
      (networks.entries[$0.network].score, -$0.milliseconds, -$0.network)
        < (networks.entries[$1.network].score, -$1.milliseconds, -$1.network)
    }?.network
  }

  /// Limits that divide what the points take into equally many, the extremes left out.
  private static func quantiles(of points: [Point]) -> [Limits] {
    let milliseconds = points.map(\.milliseconds).sorted()
    let bytes = points.map(\.arenaBytes).sorted()
    return (1...limitCount).map {
      let place = $0 * (points.count - 1) / (limitCount + 1)
      return Limits(milliseconds: milliseconds[place], bytes: bytes[place])
    }
  }
}
