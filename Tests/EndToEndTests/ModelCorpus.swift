import ComputationGraph
import Foundation
import Foundations
import Kernels
import ONNXInterchange
import TestSupport

/// ONNX models to work on: written by Tandem's exporter, by onnx itself, and public ones where they are there.
enum ModelCorpus {
  /// The kinds of models that Tests/Python/sample_models.py writes, each a folder.
  enum Kind: String, CaseIterable { case networks, corners, refused }

  /// Writes the sample models into a folder and returns them by kind, sorted by name.
  static func sampleModels(in folder: URL) throws -> [Kind: [URL]] {
    _ = try PythonEnvironment.run("sample_models.py", [folder.path])
    return try Dictionary(
      uniqueKeysWithValues: Kind.allCases.map { kind in
        let files = try FileManager.default.contentsOfDirectory(
          at: folder.appendingPathComponent(kind.rawValue), includingPropertiesForKeys: nil)
        return (kind, files.sorted { $0.path < $1.path })
      })
  }

  /// Small networks of published cells with random weights, by name.
  static func publishedNetworks() throws -> [(name: String, model: Data)] {
    var generator = SeededGenerator(seed: 5)
    var networks = try Genotype.all.map { genotype in
      (genotype.name, try PublishedNetworks.cifar(genotype, cellsPerStage: 1, filters: 4, imageSize: 8))
    }
    networks.append(
      (
        "NAS-Bench-201",
        try PublishedNetworks.nasBench201(
          ["conv3", "skip", "pool", "conv1", "none", "conv3"], cellsPerStage: 2, filters: 4, imageSize: 8)
      ))
    networks.append(
      (
        "RandWire",
        try PublishedNetworks.randWire(nodes: 12, stages: 2, channels: 4, imageSize: 16, using: &generator)
      ))
    return try networks.map { name, graph in
      (name, try exported(graph, order: graph.kahnOrder(), using: &generator))
    }
  }

  /// A graph as an ONNX model with random weights.
  static func exported(_ graph: Graph, order: [OperatorID], using generator: inout SeededGenerator) throws
    -> Data
  {
    try ONNXExporter.model(
      graph: graph, order: order, weights: .random(for: graph, using: &generator), producerVersion: "test")
  }

  /// The public graphs beside the package, sorted by path; none on most machines.
  static func publicGraphs() -> [URL] {
    let folder = PythonEnvironment.packageRoot.deletingLastPathComponent()
      .appendingPathComponent("shared/data/graphs")
    let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "onnx" }
      .sorted { $0.path < $1.path }
  }
}
