import ComputationGraph
import Foundation
import Foundations
import Testing
import Training

@Suite struct WeightsFileTests {
  private let weights = WeightValues([
    "conv.weight": [1, -2.5, .pi, 0, -0.0], "größe": [.leastNonzeroMagnitude, .infinity], "empty": [],
  ])

  @Test func valuesComeBackBitForBit() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "tandem-\(UUID().uuidString).weights")
    defer { try? FileManager.default.removeItem(at: url) }
    try WeightsFile.write(weights, to: url)
    let found = try WeightsFile.read(url)
    #expect(found.names == weights.names)
    for name in weights.names { #expect(found[name]!.map(\.bitPattern) == weights[name]!.map(\.bitPattern)) }
    #expect(WeightsFile.encode(found) == WeightsFile.encode(weights))
  }

  @Test func theFormatIsAsDocumented() throws {
    let body: [UInt8] =
      Array("TANDEMWT".utf8) + [1, 0, 0, 0] + [1, 0, 0, 0] + [2, 0, 0, 0] + Array("ab".utf8)
      + [1, 0, 0, 0, 0, 0, 0, 0] + [0, 0, 0xC0, 0x3F]
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in body { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    let file = Data(body + (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) })
    #expect(WeightsFile.encode(WeightValues(["ab": [1.5]])) == file)
    #expect(try WeightsFile.decode(file, path: "w")["ab"] == [1.5])
  }

  @Test func aTrainedNetworkSurvivesTheFile() throws {
    let graph = try TestNetworks.small(height: 12, width: 12)
    let data = try TestNetworks.dataset(count: 64, channels: 1, height: 12, width: 12, classes: 10, seed: 1)
    let normalization = Normalization(of: data)
    let trainer = try Trainer(graph: graph, configuration: TrainingConfiguration(epochs: 2))
    let network = try trainer.train(on: data, normalization: normalization)
    let stored = try WeightsFile.decode(WeightsFile.encode(network.weights), path: "x")
    let other = try Trainer(graph: graph, configuration: TrainingConfiguration(), weights: stored)
    #expect(
      try other.logits(of: data, normalization: normalization)
        == trainer.logits(of: data, normalization: normalization))
  }

  @Test func everyTruncationIsNoticed() {
    let data = WeightsFile.encode(weights)
    for length in 0..<data.count {
      let error = #expect(throws: TrainingError.self) {
        try WeightsFile.decode(data.prefix(length), path: "w")
      }
      #expect(error?.description.hasPrefix("w: ") == true)
    }
  }

  @Test func everyFlippedBitIsNoticed() {
    let data = WeightsFile.encode(weights)
    for bit in 0..<8 * data.count {
      var damaged = data
      damaged[bit / 8] ^= UInt8(1 << (bit % 8))
      #expect(throws: TrainingError.self) { try WeightsFile.decode(damaged, path: "w") }
    }
  }

  @Test func damageIsNamed() {
    func reason(_ data: Data) -> String? {
      let error = #expect(throws: TrainingError.self) { try WeightsFile.decode(data, path: "w") }
      if case .invalidWeightsFile(_, let reason) = error { return reason }
      return nil
    }
    let data = WeightsFile.encode(weights)
    let checksum = "the checksum is wrong: the file is damaged or truncated"
    #expect(reason(Data("something else".utf8)) == "not a file of Tandem weights")
    #expect(reason(data.prefix(20)) == checksum)
    #expect(reason(data + [0]) == checksum)
    var version = data
    version[8] = 9
    #expect(reason(version) == "version 9 is not supported (expected 1)")
    var value = data
    value[data.count - 9] ^= 1
    #expect(reason(value) == checksum)
    #expect(throws: TrainingError.file(.cannotRead(path: "/nowhere", reason: "no such file or folder"))) {
      do {
        _ = try WeightsFile.read(URL(fileURLWithPath: "/nowhere"))
      } catch TrainingError.file(.cannotRead(let path, _)) {
        throw TrainingError.file(.cannotRead(path: path, reason: "no such file or folder"))
      }
    }
  }
}
