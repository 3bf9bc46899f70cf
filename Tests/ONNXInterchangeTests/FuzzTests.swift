import ComputationGraph
import Foundation
import Foundations
import Kernels
import ONNXInterchange
import TestSupport
import Testing

/// Damaged files: each is a clear error or a valid result, soon. A trap would end the test process.
@Suite struct FuzzTests {
  private static let files: [Data] = {
    var generator = SeededGenerator(seed: 3)
    var files: [Data] = []
    for _ in 0..<4 {
      let graph = RandomExecutableGraph.make(operators: 8, using: &generator)
      let weights = WeightValues.random(for: graph, using: &generator)
      guard
        let data = try? ONNXExporter.model(
          graph: graph, order: graph.kahnOrder(), weights: weights, producerVersion: "1",
          metadata: ["tandem.key": "value"])
      else { preconditionFailure("the seed models can be written") }
      files.append(data)
    }
    guard let rich = try? SampleModel.rich().data() else { preconditionFailure("the sample can be written") }
    return files + [rich, rich, rich, rich]
  }()

  @Test func wireFormatRoundTrip() {
    for file in Self.files { #expect(WireMessage([UInt8](file)[...]).encoded == [UInt8](file)) }
  }

  @Test(arguments: ModelDamage.allCases) func damagedFilesAreErrorsOrModels(_ way: ModelDamage) throws {
    let files = Self.files.map { [UInt8]($0) }
    var generator = SeededGenerator(seed: 11)
    let clock = ContinuousClock()
    var accepted = 0
    var refused = 0
    var slowest = Duration.zero
    for round in 0..<240 {
      let data = Data(way.applied(to: files[round % files.count], others: files, using: &generator))
      slowest = max(
        slowest,
        try clock.measure {
          do {
            let model = try ONNXModel(data: data, source: "damaged.onnx")
            let graph = try model.schedulingGraph().graph
            #expect(graph.operators.allSatisfy { !$0.name.isEmpty })
            let again = try ONNXModel(data: model.reordered(by: graph.kahnOrder()), source: "again.onnx")
            #expect(try again.schedulingGraph().graph.operators.count == graph.operators.count)
            accepted += 1
          } catch let error as ONNXError {
            #expect("\(error)".contains("damaged.onnx") && "\(error)".count < 2000, "\(error)")
            refused += 1
          }
        })
    }
    #expect(accepted + refused == 240)
    #expect(way == .externalData ? refused == 0 : refused > 20, "only damage that matters is refused")
    #expect(slowest < .seconds(1))
  }

  @Test func deepNestingIsRefused() throws {
    // A graph in an attribute of a node of a graph, and so on: far deeper than any model.
    var inner: [UInt8] = []
    func wrap(_ field: UInt8, _ body: [UInt8]) -> [UInt8] {
      var length: [UInt8] = []
      var count = body.count
      while count >= 0x80 {
        length.append(UInt8(count & 0x7F) | 0x80)
        count >>= 7
      }
      return [field << 3 | 2] + length + [UInt8(count)] + body
    }
    for _ in 0..<2000 { inner = wrap(1, wrap(5, wrap(6, inner))) }
    #expect(
      throws: ONNXError.notAModel(file: "deep.onnx", reason: "it is nested too deeply")
    ) { try ONNXModel(data: Data(wrap(7, inner)), source: "deep.onnx") }
  }
}
