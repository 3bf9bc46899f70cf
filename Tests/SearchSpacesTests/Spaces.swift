import ConfigurationFiles
import Foundation
import SearchSpaces
import Testing

/// The spaces that tests work on.
enum Spaces {
  /// The package's root.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static let stockNames = ["nasbench201", "darts"]
  static let formats = root.appendingPathComponent("Sources/SearchSpaces/Formats")
  static let fashionImages = InputSpecification(channels: 1, height: 28, width: 28, classes: 10)
  static let cifarImages = InputSpecification(channels: 3, height: 32, width: 32, classes: 10)

  static func stock(_ name: String) throws -> SearchSpace {
    try SearchSpace.load(from: root.appendingPathComponent("SearchSpaces/\(name).yaml"))
  }

  static func stockText(_ name: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent("SearchSpaces/\(name).yaml"), encoding: .utf8)
  }

  /// The text that a stock space states its widths and depths with, whatever they are tuned to.
  static func widthsAndDepths(_ name: String) throws -> (channels: String, depths: String) {
    let text = try stockText(name)
    let channels = try #require(text.firstMatch(of: #/channels: \[[^\]]*\]/#))
    let depths = try #require(text.firstMatch(of: #/cellsPerStage: \[[^\]]*\]/#))
    return (String(channels.output), String(depths.output))
  }

  /// A stock space with one width and one depth.
  static func stock(
    _ name: String, channels: Int, cellsPerStage: Int, replacing others: [(old: String, new: String)] = []
  ) throws -> SearchSpace {
    let found = try widthsAndDepths(name)
    return try stock(
      name,
      replacing: [
        (found.channels, "channels: [\(channels)]"), (found.depths, "cellsPerStage: [\(cellsPerStage)]"),
      ] + others)
  }

  /// A stock space with parts of its text replaced. Every part must be there.
  static func stock(_ name: String, replacing replacements: [(old: String, new: String)]) throws
    -> SearchSpace
  {
    var text = try stockText(name)
    for (old, new) in replacements {
      precondition(text.contains(old), "nothing to replace: \(old)")
      text = text.replacingOccurrences(of: old, with: new)
    }
    return try read(text)
  }

  static func read(_ text: String) throws -> SearchSpace {
    try SearchSpace(
      configuration: ConfigurationFile.read(Data(text.utf8), as: URL(fileURLWithPath: "space.yaml")))
  }

  /// The published NAS-Bench-201 network: 16 stem channels, 5 cells per stage.
  static func publishedNASBench201() throws -> SearchSpace {
    try stock("nasbench201", channels: 16, cellsPerStage: 5)
  }

  /// The choices that an official NAS-Bench-201 string stands for.
  static func nasBench201Choices(_ label: String, stemChannels: Int, cellsPerStage: Int) -> [String: String] {
    var choices = ["stemChannels": "\(stemChannels)", "cellsPerStage": "\(cellsPerStage)"]
    for (index, node) in label.split(separator: "+").enumerated() {
      for edge in node.split(separator: "|") {
        let parts = edge.split(separator: "~")
        choices["cell.edge\(parts[1])-\(index + 1)"] = String(parts[0])
      }
    }
    return choices
  }
}
