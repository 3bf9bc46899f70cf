import Foundation
import Foundations

/// A data set of NumPy files, a space of small networks, an experiment and an architecture, all written by the test.
struct TinyTraining {
  let scratch: Scratch
  let experiment: String
  let architecture: String

  /// - Parameters:
  ///   - epochs: of the final training.
  ///   - more: keys of the final training.
  init(epochs: Double, more: String = "") throws {
    scratch = try Scratch()
    try Self.writeImages(to: scratch.url.appendingPathComponent("images"))
    _ = try scratch.write(Self.space, to: "tiny.yaml")
    _ = try scratch.write(
      "schemaVersion: 1\nname: board\nmemoryBytes: 64KiB\n", to: "Devices/board.yaml")
    architecture = try scratch.write(
      """
      {"schemaVersion": 1, "space": "tiny", "choices": {
        "cell.edge0-1": "conv", "cell.edge0-2": "skip", "cell.edge1-2": "conv", "stemChannels": "4", "cellsPerStage": "1"}}
      """, to: "architecture.json")
    experiment = try scratch.write(
      """
      schemaVersion: 1
      name: tiny
      space: tiny.yaml
      dataset: {name: npy, directory: images}
      devices: [board]
      strategy: {name: random}
      budget: {trials: 4}
      seed: 5
      threads: 2
      accuracy: {estimator: shortTraining, trainImages: 96, validationImages: 32, epochs: 2, batchSize: 32}
      final:
        epochs: \(epochs)
        batchSize: 32
        learningRate: 0.05
        augmentation: {horizontalFlip: true, cropPadding: 1}
      \(more)
      """, to: "tiny-experiment.yaml")
  }

  /// `tandem train` of the architecture.
  func arguments(_ output: String, _ options: [String] = []) -> [String] {
    ["train", architecture, "--experiment", experiment, "--output", scratch.path(output)] + options
  }

  func train(_ output: String, _ options: [String] = []) throws -> Executable.Result {
    try Executable.run(arguments(output, options))
  }

  /// The bytes of a file; nil if it is not there.
  func bytes(_ path: String) -> Data? { FileManager.default.contents(atPath: scratch.path(path)) }

  private static let space = """
    schemaVersion: 1
    name: tiny
    operations:
      none: zero
      skip: identity
      conv: [relu, {conv: {kernel: 3}}, batchNorm]
    cells:
      cell: {topology: edges, nodes: 3, operations: [none, skip, conv]}
    network:
      stem: {channels: [2, 4, 6], steps: [{conv: {kernel: 3, stride: 2}}, batchNorm]}
      stages: 1
      cellsPerStage: [1]
      cell: cell
      head: [relu]
    policy: {fusion: [none, activation], scheduler: [rpo], rowTile: [1, whole]}
    """

  /// 160 and 64 images of 8×8 with noise; the class is the quarter of the image that is bright.
  private static func writeImages(to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var generator = SeededGenerator(seed: 2)
    for (part, count) in [("train", 160), ("test", 64)] {
      var pixels: [UInt8] = []
      for image in 0..<count {
        for place in 0..<64 {
          // The images are mirrored in training, so that left and right must not matter.
          let isBright = place / 8 / 2 == image % 4
          pixels.append(UInt8.random(in: isBright ? 90...255 : 0...160, using: &generator))
        }
      }
      let labels = (0..<count).flatMap { image in [UInt8(image % 4)] + [UInt8](repeating: 0, count: 7) }
      try npy("|u1", [count, 8, 8], pixels).write(to: folder.appendingPathComponent("\(part)_images.npy"))
      try npy("<i8", [count], labels).write(to: folder.appendingPathComponent("\(part)_labels.npy"))
    }
  }

  private static func npy(_ type: String, _ shape: [Int], _ payload: [UInt8]) -> Data {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }\n"
    return Data(
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8) + payload)
  }
}
