import BenchmarkSupport
import Foundations
import ScheduleTuning

/// Networks measured whole, against the sum of their operators.
struct Additivity {
  /// One network.
  struct Row {
    let label: String
    let estimate: BlockTable.Estimate
    let measuredMilliseconds: Double
    /// The sum with the correction learned from the other networks.
    let correctedMilliseconds: Double
  }

  /// How well a prediction ranks and meets what is measured.
  struct Figures {
    let spearman: Double
    let kendall: Double
    /// Mean of |predicted / measured − 1|.
    let meanError: Double
    let largestError: Double
    /// Mean of predicted / measured − 1.
    let bias: Double

    init(predicted: [Double], measured: [Double]) {
      spearman = RankCorrelation.spearman(predicted, measured)
      kendall = RankCorrelation.kendall(predicted, measured)
      let errors = zip(predicted, measured).map { $0 / $1 - 1 }
      meanError = errors.reduce(0) { $0 + abs($1) } / Double(errors.count)
      largestError = errors.map(abs).max() ?? 0
      bias = errors.reduce(0, +) / Double(errors.count)
    }
  }

  let threads: Int
  let workloadCount: Int
  let rows: [Row]

  var sum: Figures {
    Figures(
      predicted: rows.map(\.estimate.sumMilliseconds), measured: rows.map(\.measuredMilliseconds))
  }

  var corrected: Figures {
    Figures(predicted: rows.map(\.correctedMilliseconds), measured: rows.map(\.measuredMilliseconds))
  }

  /// Parts that the correction is learned without, one after the other.
  static let folds = 5

  /// Tunes the operators of the networks, plans each with its fastest kernels, and measures it.
  init(_ networks: StudyNetworks, threads: Int, trials: Int) throws {
    let tuned = try TunedNetworks(networks, threads: threads, trials: trials)
    self.threads = threads
    workloadCount = tuned.workloadCount
    var measured: [(estimate: BlockTable.Estimate, milliseconds: Double)] = []
    for (number, entry) in networks.entries.enumerated() {
      guard let planned = try tuned.plan(entry, .fit) else { preconditionFailure("no limit was set") }
      measured.append(
        (try tuned.estimate(of: planned), try tuned.meter.measure(planned).minMilliseconds))
      if (number + 1) % 20 == 0 { Progress.note("\(number + 1) of \(networks.entries.count) networks") }
    }
    let corrected = BlockTable.Correction.crossValidated(measured, folds: Self.folds)
    rows = networks.entries.indices.map {
      Row(
        label: networks.entries[$0].label, estimate: measured[$0].estimate,
        measuredMilliseconds: measured[$0].milliseconds, correctedMilliseconds: corrected[$0])
    }
  }
}
