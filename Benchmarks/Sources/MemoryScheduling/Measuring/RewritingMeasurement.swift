import MemoryPlanning
import ONNXInterchange
import TestSupport

/// One network rewritten, in the in-place model: a row of `rewriting.csv`.
struct RewritingMeasurement {
  /// What may be rewritten.
  enum Methods: String, CaseIterable {
    /// Concats divided among their readers, as SERENITY does it.
    case partitioning
    /// That, and Concats that copy nothing.
    case all = "partitioning and elision"

    fileprivate var methods: Rewriting.Methods {
      switch self {
      case .partitioning: .partitioning
      case .all: [.partitioning, .elision]
      }
    }
  }

  let network: String
  let origin: BenchmarkNetwork.Origin
  let methods: Methods
  let beforeBytes: Int
  let afterBytes: Int
  /// Whether both peaks are proved: without it the gain may be the search's.
  let isProved: Bool
  let sites: Int
  let seconds: Double

  /// Rewrites one network once and has the referee check the order that results.
  ///
  /// - Throws: ``MeasurementError`` if the referee disagrees or the peak has risen.
  static func measure(_ network: BenchmarkNetwork, _ methods: Methods, timeLimit: Duration) throws
    -> RewritingMeasurement
  {
    let model = try network.onnxModel()
    let start = ContinuousClock.now
    let result = try model.rewritten(methods: methods.methods, timeLimit: timeLimit)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let label = "\(network.name) (\(network.origin.rawValue)), rewriting by \(methods.rawValue)"
    let graph = try result.model.schedulingGraph().graph
    let trace = PeakReferee(graph: graph, elided: result.elidedConcats).trace(result.after.order)
    guard graph.isValidOrder(result.after.order), trace == result.after.profile.liveBytes else {
      throw MeasurementError(row: label, reason: "the referee finds a peak of \(trace.max() ?? 0) bytes")
    }
    guard result.after.peak.bytes <= result.before.peak.bytes else {
      throw MeasurementError(row: label, reason: "the peak has risen")
    }
    return RewritingMeasurement(
      network: network.name, origin: network.origin, methods: methods,
      beforeBytes: result.before.peak.bytes, afterBytes: result.after.peak.bytes,
      isProved: result.before.proof == .optimal && result.after.proof == .optimal,
      sites: result.sites.count, seconds: seconds)
  }
}
