import ComputationGraph
import ScheduleTuning

/// What the server is asked: one line of JSON, an object whose only key is the case's name.
///
///     {"load": {"model": "resnet18.onnx", "threads": 2, "rowTile": "fit", "layout": "nhwc",
///       "convertsBoundary": false, "onlyDirect": false}}
///     {"time": {"network": 0, "runs": 20}}
enum Request: Decodable {
  /// What this process is: answered with ``Response/environment``.
  case describe
  /// The limits of the processor on a number of threads: answered with ``Response/roofline``.
  case roofline(threads: Int)
  /// The first of these limits alone, in some milliseconds: answered with ``Response/flops``.
  case peak(threads: Int)
  /// Plans a network and prepares it: answered with ``Response/plan``. `onlyDirect` keeps convolutions from other kernels than
  /// direct ones.
  case load(
    model: String, threads: Int, rowTile: String, layout: TensorLayout, convertsBoundary: Bool,
    onlyDirect: Bool)
  /// Runs a network on random values: answered with ``Response/milliseconds``, one per run.
  case time(network: Int, runs: Int)
  /// Runs a network on the values of one `.npy` file and writes another: answered with an empty object.
  case compute(network: Int, input: String, output: String)
  /// Forgets all networks: answered with an empty object.
  case clear
}

/// What the server answers: one line of JSON with what was asked for, or with an error.
struct Response: Encodable {
  var environment: RunEnvironment?
  var roofline: Roofline?
  var flops: Double?
  var plan: PlanDescription?
  var milliseconds: [Double]?
  var error: String?
}

/// The processor's limits.
struct Roofline: Encodable {
  /// Peak floating-point operations per second.
  let flops: Double
  /// Bytes read from memory per second.
  let bandwidth: Double
  /// The vector extension of the loop that measured the peak.
  let vectorExtension: String
}

/// A network as it was planned.
struct PlanDescription: Encodable {
  struct OperatorDescription: Encodable {
    let name: String
    let kernel: String
    let workspaceBytes: Int
  }

  /// The number by which later requests name it.
  let network: Int
  let arenaBytes: Int
  let weightBytes: Int
  /// In the order in which they run.
  let operators: [OperatorDescription]
}
