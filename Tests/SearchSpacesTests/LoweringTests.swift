import ComputationGraph
import Foundations
import SearchSpaces
import Testing

@Suite struct LoweringTests {
  /// Candidates of both spaces become verified graphs with the promised ends, or are disconnected.
  @Test(arguments: Spaces.stockNames)
  func sampledCandidates(name: String) throws {
    let space = try Spaces.stock(name)
    var generator = SeededGenerator(seed: 11)
    var disconnected = 0
    for number in 0..<600 {
      let architecture = space.sample(using: &generator).architecture
      do {
        let graph = try space.trainingGraph(for: architecture, input: Spaces.fashionImages)
        #expect(graph.inputs.map { graph[$0].name } == ["image"])
        #expect(graph[graph.inputs[0]].shape == [1, 1, 28, 28])
        #expect(graph.outputs.map { graph[$0].name } == ["logits"])
        #expect(graph[graph.outputs[0]].shape == [1, 10])
        // Nothing is dead and no ReLU or pool of a tensor exists twice.
        #expect(
          graph.operatorIDs.allSatisfy { !graph.successors[$0.index].isEmpty || graph[$0].name == "logits" })
        #expect(graph.weights.allSatisfy { !graph.readers[$0.index].isEmpty })
        let simple = graph.operators.filter { graph.weightFree($0) && $0.inputs.count == 1 }
        #expect(Set(simple.map { "\($0.kind) \($0.inputs)" }).count == simple.count)
        if number % 30 == 0 { _ = try InferenceGraph(graph, fusion: .activation) }
      } catch let error as SearchSpaceError {
        #expect(error == .disconnected(cell: "cell"))
        disconnected += 1
      }
    }
    // DARTS has no absent edges; of NAS-Bench-201's cells 341 in 15,625 are disconnected.
    #expect(name == "darts" ? disconnected == 0 : (3...30).contains(disconnected))
  }

  /// A network by hand: names, kinds and wiring in order.
  @Test func operatorNames() throws {
    let space = try Spaces.stock("nasbench201", replacing: [("stages: 3", "stages: 2")])
    let label = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|avg_pool_3x3~1|skip_connect~2|"
    let graph = try space.trainingGraph(
      for: Architecture(
        space: "nasbench201", choices: Spaces.nasBench201Choices(label, stemChannels: 4, cellsPerStage: 1)),
      input: Spaces.fashionImages)
    let found = graph.operators.map { node in
      "\(node.name) \(graph[node.outputs[0]].shape) < "
        + node.inputs.filter { graph[$0].role == .activation }.map { graph[$0].name }.joined(separator: " ")
    }
    #expect(
      found.prefix(18).elementsEqual([
        "stem.conv 1×4×28×28 < image",
        "stem.batchNorm 1×4×28×28 < stem.conv",
        "stem.batchNorm.relu 1×4×28×28 < stem.batchNorm",
        "stage0.cell0.edge0-1.nor_conv_3x3.conv 1×4×28×28 < stem.batchNorm.relu",
        "stage0.cell0.edge0-1.nor_conv_3x3.batchNorm 1×4×28×28 < stage0.cell0.edge0-1.nor_conv_3x3.conv",
        "stage0.cell0.edge0-2.nor_conv_1x1.conv 1×4×28×28 < stem.batchNorm.relu",
        "stage0.cell0.edge0-2.nor_conv_1x1.batchNorm 1×4×28×28 < stage0.cell0.edge0-2.nor_conv_1x1.conv",
        "stage0.cell0.edge1-3.avg_pool_3x3.averagePool 1×4×28×28 < stage0.cell0.edge0-1.nor_conv_3x3.batchNorm",
        "stage0.cell0.node3.add0 1×4×28×28 < stem.batchNorm stage0.cell0.edge1-3.avg_pool_3x3.averagePool",
        "stage0.cell0.node3.add1 1×4×28×28 < stage0.cell0.node3.add0 stage0.cell0.edge0-2.nor_conv_1x1.batchNorm",
        "stage0.cell0.node3.add1.relu 1×4×28×28 < stage0.cell0.node3.add1",
        "reduction0.path0.conv0 1×8×14×14 < stage0.cell0.node3.add1.relu",
        "reduction0.path0.batchNorm0 1×8×14×14 < reduction0.path0.conv0",
        "reduction0.path0.batchNorm0.relu 1×8×14×14 < reduction0.path0.batchNorm0",
        "reduction0.path0.conv1 1×8×14×14 < reduction0.path0.batchNorm0.relu",
        "reduction0.path0.batchNorm1 1×8×14×14 < reduction0.path0.conv1",
        "reduction0.path1.averagePool 1×4×14×14 < stage0.cell0.node3.add1",
        "reduction0.path1.conv 1×8×14×14 < reduction0.path1.averagePool",
      ]), "\(found.joined(separator: "\n"))")
    #expect(
      found.suffix(5) == [
        "head.batchNorm 1×8×14×14 < stage1.cell0.node3.add1",
        "head.batchNorm.relu 1×8×14×14 < head.batchNorm",
        "head.globalAveragePool 1×8×1×1 < head.batchNorm.relu",
        "head.flatten 1×8 < head.globalAveragePool",
        "logits 1×10 < head.flatten",
      ])
  }

  @Test func imagesThatDoNotFit() throws {
    let space = try Spaces.stock("nasbench201")
    let label = "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    let architecture = Architecture(
      space: "nasbench201", choices: Spaces.nasBench201Choices(label, stemChannels: 4, cellsPerStage: 1))
    // 14 rows become 7, which the strided convolution rounds up to 4 and the shortcut's pool down to 3.
    #expect(
      throws: SearchSpaceError.cannotLower(
        reason: "operator 'reduction1.sum': expected two or more inputs of one shape")
    ) {
      try space.trainingGraph(
        for: architecture, input: InputSpecification(channels: 1, height: 14, width: 14, classes: 10))
    }
    #expect(
      throws: SearchSpaceError.cannotLower(
        reason: "channels, height, width and classes must be between 1 and 65536")
    ) {
      try space.trainingGraph(
        for: architecture, input: InputSpecification(channels: 0, height: 28, width: 28, classes: 10))
    }
    #expect(throws: SearchSpaceError.self) {
      try space.trainingGraph(
        for: architecture, input: InputSpecification(channels: 1, height: .max, width: .max, classes: 10))
    }
  }
}

extension Graph {
  fileprivate func weightFree(_ node: Operator) -> Bool {
    node.inputs.allSatisfy { self[$0].role == .activation }
  }
}
