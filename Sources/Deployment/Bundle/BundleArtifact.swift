/// A part of a bundle that can be asked for. The manifest and the README are always written.
public enum BundleArtifact: String, Codable, CaseIterable, Sendable {
  /// model.onnx: weights and node order.
  case onnx
  /// architecture.json, schedule.json and memory-plan.json.
  case json

  /// The files of the part.
  public var files: [String] {
    switch self {
    case .onnx: [BundleFile.model]
    case .json: [BundleFile.architecture, BundleFile.schedule, BundleFile.memoryPlan]
    }
  }
}

/// The names of the files in a bundle.
public enum BundleFile {
  /// The trained network with its nodes in the planned order.
  public static let model = "model.onnx"
  /// The choices that define the network.
  public static let architecture = "architecture.json"
  /// Operator order, fusion and the kernel schedule of every operator.
  public static let schedule = "schedule.json"
  /// The offset of every buffer.
  public static let memoryPlan = "memory-plan.json"
  /// Hashes, figures and how to feed the model.
  public static let manifest = "manifest.json"
  /// An explanation for people.
  public static let readme = "README.md"
}
