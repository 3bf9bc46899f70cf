import Foundation
import Foundations
import ONNXInterchange

/// The folder of public graphs: ONNX files with static shapes, those of HMCOS's benchmark in `hmcos/`, and
/// `optimum.json` with the optima that a prototype of another design proved.
enum PublicNetworks {
  private struct Optimum: Decodable {
    let optimum: Int
  }

  /// All networks in the folder, sorted by path.
  static func load(from folder: URL) throws -> [BenchmarkNetwork] {
    let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    let files = (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "onnx" }
      .sorted { $0.path < $1.path }
    let optima = try optima(in: folder)
    return try files.map { file in
      let name = file.deletingPathExtension().lastPathComponent
      let isHMCOS = file.deletingLastPathComponent().lastPathComponent == "hmcos"
      let model = try ONNXModel.load(from: file)
      var network = BenchmarkNetwork(
        name: name, origin: isHMCOS ? .hmcos : .publicGraph, graph: try model.schedulingGraph().graph,
        model: model)
      network.provedOptima[.inPlace] = optima[name]?["inplace"]?.optimum
      network.provedOptima[.separate] = optima[name]?["noInplace"]?.optimum
      if isHMCOS { network.provedOptima[.hmcos] = HMCOSReference.entries[name]?.optimumBytes }
      return network
    }
  }

  private static func optima(in folder: URL) throws -> [String: [String: Optimum]] {
    let url = folder.appendingPathComponent("optimum.json")
    guard FileManager.default.fileExists(atPath: url.path) else { return [:] }
    return try JSONDecoder().decode([String: [String: Optimum]].self, from: AtomicFile.read(url))
  }
}
