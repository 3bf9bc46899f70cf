import ComputationGraph
import Foundation
import Foundations
import ONNXInterchange
import SearchSpaces

/// Writes a network with its schedule as files that another program can run.
///
///     let manifest = try BundleWriter.write(content, to: folder)
///
/// The folder appears complete or not at all, and what was written is verified before it appears.
public enum BundleWriter {
  /// Writes a bundle and returns its manifest.
  ///
  /// - Parameters:
  ///   - content: the network and what is known of it.
  ///   - destination: a folder that does not exist, is empty, or holds an earlier bundle, which is replaced.
  ///   - artifacts: the parts to write.
  /// - Throws: ``DeploymentError``; the destination is then as it was.
  @discardableResult
  public static func write(
    _ content: BundleContent, to destination: URL,
    artifacts: Set<BundleArtifact> = Set(BundleArtifact.allCases)
  ) throws(DeploymentError) -> BundleManifest {
    let place = destination.standardizedFileURL
    return try BundleFolder.replace(place) { folder throws(DeploymentError) in
      let manifest = try write(content, artifacts: artifacts, into: folder)
      try BundleVerifier.verify(folder)
      return manifest
    }
  }

  private static func write(_ content: BundleContent, artifacts: Set<BundleArtifact>, into folder: URL)
    throws(DeploymentError) -> BundleManifest
  {
    var written: [String: BundleManifest.File] = [:]
    func put(_ data: Data, _ name: String) throws(DeploymentError) {
      do { try AtomicFile.write(data, to: folder.appendingPathComponent(name)) } catch { throw .file(error) }
      written[name] = BundleManifest.File(sha256: Digest.sha256(data), bytes: data.count)
    }
    let network = content.network
    let description: BundleSchedule
    do { description = try BundleSchedule(network) } catch { throw .model(error) }
    let schedule = try BundleJSON.encode(description, file: BundleFile.schedule)
    let (model, modelOrderPeakBytes) = try model(of: content, scheduleHash: Digest.sha256(schedule))
    if artifacts.contains(.onnx) { try put(model, BundleFile.model) }
    if artifacts.contains(.json) {
      try put(architecture(content.architecture), BundleFile.architecture)
      try put(schedule, BundleFile.schedule)
      try put(BundleJSON.encode(network.arena, file: BundleFile.memoryPlan), BundleFile.memoryPlan)
    }
    let sorted = BundleArtifact.allCases.filter(artifacts.contains)
    let preliminary = try BundleManifest(
      content, artifacts: sorted, files: written, modelOrderPeakBytes: modelOrderPeakBytes)
    try BundleVerifier.checkLimits(preliminary.memory, preliminary.device)
    try put(Data(BundleReadme.text(for: preliminary).utf8), BundleFile.readme)
    let manifest = try BundleManifest(
      content, artifacts: sorted, files: written, modelOrderPeakBytes: modelOrderPeakBytes)
    try put(BundleJSON.encode(manifest, file: BundleFile.manifest), BundleFile.manifest)
    return manifest
  }

  private static func architecture(_ architecture: Architecture) throws(DeploymentError) -> Data {
    do {
      return try ArchitectureFile.encode(architecture)
    } catch {
      throw .json(JSONFileError(source: BundleFile.architecture, reason: "\(error)"))
    }
  }

  private static func model(of content: BundleContent, scheduleHash: String) throws(DeploymentError)
    -> (data: Data, orderPeakBytes: Int)
  {
    let network = content.network
    let metadata = ModelMetadata.properties(
      origin: BundleManifest.Origin(content), device: content.device.name,
      arenaBytes: network.arena.arenaBytes,
      peakBytes: network.peak.bytes, input: BundleManifest.Input(content), scheduleHash: scheduleHash)
    let data: Data
    let graph: Graph
    do {
      data = try ONNXExporter.model(
        graph: network.graph, order: network.order, weights: network.inference.convert(content.weights),
        producerVersion: content.producerVersion, metadata: metadata)
      graph = try ONNXModel(data: data, source: BundleFile.model).schedulingGraph().graph
    } catch {
      throw .model(error)
    }
    return (data, try BundleVerifier.orderPeak(of: graph))
  }
}
