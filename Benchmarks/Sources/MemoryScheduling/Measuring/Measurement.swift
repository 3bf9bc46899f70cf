import BenchmarkSupport
import MemoryPlanning

/// One scheduler on one network under one memory model: a row of `results.csv`.
struct Measurement {
  /// What a scheduler found; the same in every run unless the time limit stopped it.
  struct Outcome {
    let peakBytes: Int
    /// The best lower bound that the scheduler states.
    let boundBytes: Int
    /// Arena without alignment.
    let arenaBytes: Int
    /// Arena with every offset a multiple of 64 bytes.
    let alignedArenaBytes: Int
    /// What the proof of `exact` rests on; nil for the others.
    let certificate: ExactCertificate?

    /// Whether the scheduler shows that no order has a lower peak.
    var isProved: Bool { peakBytes == boundBytes }
    /// How much more the arena takes than the tensors in it ever do; 1 where nothing is lost.
    var arenaRatio: Double { peakBytes == 0 ? 1 : Double(arenaBytes) / Double(peakBytes) }
    /// The same with offsets that are multiples of 64 bytes.
    var alignedArenaRatio: Double { peakBytes == 0 ? 1 : Double(alignedArenaBytes) / Double(peakBytes) }
  }

  let network: String
  let origin: BenchmarkNetwork.Origin
  let operators: Int
  let rules: MemoryRules
  let scheduler: SchedulerName
  /// Nil where the scheduler has no order to give: a file whose order is not valid.
  let outcome: Outcome?
  /// Wall-clock seconds of every run.
  var seconds: [Double]

  /// Least, middle and longest time.
  var time: Spread { Spread(seconds)! }

  /// Names the row in messages.
  var label: String { "\(network) (\(origin.rawValue)), \(rules.rawValue), \(scheduler.rawValue)" }
}
