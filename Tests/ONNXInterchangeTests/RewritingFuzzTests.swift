import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import ONNXInterchange
import TestSupport
import Testing

/// Damaged files, rewritten: each is a clear error or a model that can be scheduled. A trap would end the test process.
@Suite struct RewritingFuzzTests {
  @Test(arguments: 0..<2) func damagedFilesAreErrorsOrModels(_ half: Int) throws {
    var generator = SeededGenerator(seed: 77, stream: UInt64(half))
    var files: [[UInt8]] = []
    while files.count < 12 {
      let data = try RewritingModel.random(steps: 8, using: &generator).proto.serializedData()
      let model = try ONNXModel(data: data, source: "whole.onnx")
      let everything = PartitionPlan(nodes: Set(model.nodeNames.indices))
      if try model.partitioned(by: everything).sites.count >= 4 { files.append([UInt8](data)) }
    }
    var accepted = 0
    var refused = 0
    var sites = 0
    for round in 0..<1500 {
      let (bytes, ways) = ModelDamage.apply(
        to: files[round % files.count], others: files, using: &generator)
      do throws(ONNXError) {
        let model = try ONNXModel(data: Data(bytes), source: "damaged.onnx")
        let (all, found) = try model.partitioned(by: PartitionPlan(nodes: Set(model.nodeNames.indices)))
        sites += found.count
        let graph = try all.schedulingGraph().graph
        let original = try model.schedulingGraph().graph
        #expect(graph.outputs.map { graph[$0].name } == original.outputs.map { original[$0].name }, "\(ways)")
        if round % 5 == 0 {
          let rewriting = try model.rewritten(timeLimit: .milliseconds(200))
          #expect(rewriting.after.peak.bytes <= rewriting.before.peak.bytes)
          _ = try rewriting.model.reordered(by: rewriting.after.order)
        }
        accepted += 1
      } catch {
        #expect("\(error)".contains("damaged.onnx") && "\(error)".count < 2000, "\(ways): \(error)")
        refused += 1
      }
    }
    #expect(accepted + refused == 1500)
    #expect(refused > 300 && accepted > 300 && sites > 1500, "\(accepted), \(refused), \(sites)")
  }
}
