import ComputationGraph
import Devices
import Foundation
import Foundations
import MemoryPlanning
import ScheduleTuning
import SearchSpaces

/// manifest.json: what is in a bundle, what it needs and achieves, and how to feed the model.
/// `Formats/BundleManifest.schema.json` describes it.
public struct BundleManifest: Codable, Hashable, Sendable {
  /// The program that wrote the bundle.
  public struct Producer: Codable, Hashable, Sendable {
    /// `tandem`.
    public let name: String
    /// Its version.
    public let version: String
  }

  /// Where the network comes from.
  public struct Origin: Codable, Hashable, Sendable {
    /// The experiment's name; absent for a network that no search found.
    public let experiment: String?
    /// The trial's number in it.
    public let trial: Int?
    /// The search space.
    public let space: String
    /// The candidate in one line.
    public let candidate: String

    init(_ content: BundleContent) {
      experiment = content.experiment
      trial = content.trialID
      space = content.architecture.space
      candidate = Candidate(architecture: content.architecture, policy: content.network.policy).key
    }
  }

  /// The device and its limits.
  public struct Device: Codable, Hashable, Sendable {
    /// The profile's name.
    public let name: String
    /// RAM.
    public let memoryBytes: Int
    /// RAM that is not the network's.
    public let reservedBytes: Int
    /// RAM that the arena may take: the limit.
    public let arenaLimitBytes: Int
    /// Memory for weights; absent if it is not limited.
    public let flashBytes: Int?
    /// Threads that inference uses.
    public let threads: Int
    /// Alignment of buffers.
    public let alignment: Int

    init(_ profile: DeviceProfile) {
      name = profile.name
      memoryBytes = profile.memoryBytes
      reservedBytes = profile.reservedBytes
      arenaLimitBytes = profile.arenaLimitBytes
      flashBytes = profile.flashBytes
      threads = profile.threads
      alignment = profile.alignment
    }
  }

  /// Memory, by several reckonings that must not be confused.
  public struct Memory: Codable, Hashable, Sendable {
    /// Live peak of the plan: the most bytes in use at once while its operators run, kernel workspace included,
    /// in-place and views as in schedule.json.
    public let peakBytes: Int
    /// The step of that peak, taken apart.
    public let peakStep: MemoryPeak
    /// Live peak of the same order without workspace.
    public let livePeakBytes: Int
    /// Size of the arena that holds everything at the planned offsets, workspace included, padded to the alignment.
    /// This is what the limit is compared with.
    public let arenaBytes: Int
    /// The same without padding.
    public let unpaddedArenaBytes: Int
    /// Live peak of the node order of model.onnx, where fused activations are nodes and tensors of their own; without
    /// workspace, in-place and views as ONNX types allow.
    public let modelOrderPeakBytes: Int
    /// Bytes of all weights.
    public let weightBytes: Int
    /// Whether the peaks let an element-wise operator overwrite an input that dies.
    public let inplace: Bool
    /// Whether the peaks let a reshaping operator's output share its input's bytes.
    public let views: Bool
  }

  /// The model's input.
  public struct Input: Codable, Hashable, Sendable {
    /// Its name in model.onnx.
    public let inputName: String
    /// Its shape.
    public let shape: TensorShape
    /// The type of its elements.
    public let dataType: ElementType
    /// How to make it from an image.
    public let layout: String
    /// What bytes are multiplied with.
    public let scale: Double
    /// Subtracted after that, by channel.
    public let mean: [Double]
    /// Divided by after that, by channel.
    public let standardDeviation: [Double]

    init(_ content: BundleContent) {
      let graph = content.network.graph
      let input = graph[graph.inputs[0]]
      inputName = input.name
      shape = input.shape
      dataType = input.elementType
      layout = content.preprocessing.layout
      scale = content.preprocessing.scale
      mean = content.preprocessing.mean
      standardDeviation = content.preprocessing.standardDeviation
    }
  }

  /// The model's output.
  public struct Output: Codable, Hashable, Sendable {
    /// Its name in model.onnx.
    public let outputName: String
    /// Its shape.
    public let shape: TensorShape
    /// The number of classes.
    public let classes: Int
    /// Their names, in the order of the logits; empty if they have none.
    public let classNames: [String]
  }

  /// One file of the bundle.
  public struct File: Codable, Hashable, Sendable {
    /// Its SHA-256, 64 hexadecimal digits.
    public let sha256: String
    /// Its size.
    public let bytes: Int
  }

  /// The version of the format that this code reads and writes.
  public static let currentSchemaVersion = 1

  /// The version of the format.
  public let schemaVersion: Int
  /// Who wrote the bundle.
  public let producer: Producer
  /// Where the network comes from.
  public let origin: Origin
  /// The parts that were asked for.
  public let artifacts: [BundleArtifact]
  /// The device.
  public let device: Device
  /// Accuracy figures, each with how it was found.
  public let accuracy: [AccuracyFigure]
  /// Latency with how it was measured; absent if it was not.
  public let latencyMilliseconds: LatencyStatistics?
  /// Where the latency was measured.
  public let latencyTarget: TargetFingerprint?
  /// Memory.
  public let memory: Memory
  /// Multiply–accumulate operations of one inference.
  public let macs: Int
  /// Weights of the exported form, counted one by one.
  public let parameters: Int
  /// The input.
  public let preprocessing: Input
  /// The output.
  public let output: Output
  /// Every other file by name.
  public let files: [String: File]
  /// SHA-256 of this file with this value empty.
  public private(set) var checksum: String

  /// The manifest of a content, with a valid checksum.
  init(
    _ content: BundleContent, artifacts: [BundleArtifact], files: [String: File], modelOrderPeakBytes: Int
  ) throws(DeploymentError) {
    let network = content.network
    let graph = network.graph
    schemaVersion = Self.currentSchemaVersion
    producer = Producer(name: "tandem", version: content.producerVersion)
    origin = Origin(content)
    self.artifacts = artifacts
    device = Device(content.device)
    accuracy = content.accuracy
    latencyMilliseconds = content.latency
    latencyTarget = content.target
    memory = Memory(
      peakBytes: network.peak.bytes, peakStep: network.peak,
      livePeakBytes: network.livePeakBytes, arenaBytes: network.arena.arenaBytes,
      unpaddedArenaBytes: network.arena.unpaddedArenaBytes, modelOrderPeakBytes: modelOrderPeakBytes,
      weightBytes: network.weightBytes, inplace: network.model.inPlace, views: network.model.views)
    macs = graph.macs
    parameters = graph.parameterCount
    let logits = graph[graph.outputs[0]]
    preprocessing = Input(content)
    output = Output(
      outputName: logits.name, shape: logits.shape, classes: logits.shape.dimensions.last ?? 1,
      classNames: content.classNames)
    self.files = files
    checksum = ""
    checksum = try expectedChecksum()
  }

  /// The checksum that a manifest with these values has.
  func expectedChecksum() throws(DeploymentError) -> String {
    var bare = self
    bare.checksum = ""
    return Digest.sha256(try BundleJSON.encode(bare, file: BundleFile.manifest))
  }
}
