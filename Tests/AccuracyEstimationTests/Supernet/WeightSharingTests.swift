import ComputationGraph
import Foundation
import Foundations
import SearchSpaces
import Testing
import Training

/// What networks of one space share.
@Suite struct WeightSharingTests {
  static let spaces = ["nasbench201", "darts"]
  private static let input = InputSpecification(channels: 1, height: 28, width: 28, classes: 10)

  static func space(_ name: String) throws -> SearchSpace {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try SearchSpace.load(from: folder.appending(path: "SearchSpaces/\(name).yaml"))
  }

  /// Connected architectures of all widths and depths.
  private func architectures(_ space: SearchSpace, count: Int, seed: UInt64) -> [Architecture] {
    var generator = SeededGenerator(seed: seed)
    var result: [Architecture] = []
    while result.count < count {
      let architecture = space.sampleArchitecture(
        width: space.widths.randomElement(using: &generator)!,
        depth: space.depths.randomElement(using: &generator)!, using: &generator)
      if (try? space.trainingGraph(for: architecture, input: Self.input)) != nil {
        result.append(architecture)
      }
    }
    return result
  }

  private func subnet(_ architecture: Architecture, _ space: SearchSpace) throws -> Subnet {
    try #require(try Subnet(architecture, in: space, input: Self.input))
  }

  @Test(arguments: spaces)
  func sharedGraphsDifferInNamesAlone(name: String) throws {
    let space = try Self.space(name)
    for architecture in architectures(space, count: 20, seed: 1) {
      let plain = try space.trainingGraph(for: architecture, input: Self.input)
      let shared = try space.sharedGraph(for: architecture, input: Self.input)
      #expect(plain.structuralHash == shared.structuralHash)
      #expect(plain.operators.map(\.kind) == shared.operators.map(\.kind))
      #expect(plain.operators.map(\.inputs) == shared.operators.map(\.inputs))
      #expect(plain.tensors.map(\.shape) == shared.tensors.map(\.shape))
    }
  }

  /// Every weight against a walk that carries one number per channel: where it is in the largest network.
  @Test(arguments: spaces)
  func slicesAreTheLeadingChannels(name: String) throws {
    let space = try Self.space(name)
    for architecture in architectures(space, count: 12, seed: 2) {
      let size = space.size(of: architecture)
      let graph = try space.sharedGraph(for: architecture, input: Self.input)
      let largest = try space.sharedGraph(
        for: space.resized(architecture, width: space.widths.max()!, depth: size.depth), input: Self.input)
      let subnet = try subnet(architecture, space)
      let expected = ChannelWalk(graph: graph, largest: largest).places
      #expect(Set(expected.keys) == Set(subnet.sharedWeights.map(\.name)))
      for weight in subnet.sharedWeights {
        var found: [Int] = []
        for run in weight.runs {
          #expect(run.own == found.count)
          found += run.shared..<run.shared + run.count
        }
        #expect(found == expected[weight.name], "\(weight.name)")
        let tensor = try #require(largest.tensors.first { $0.name == weight.name })
        #expect(weight.sharedCount == tensor.shape.elementCount)
      }
    }
  }

  /// Two architectures share the weights of an edge's operation exactly if both have that operation on that edge.
  @Test func equalEdgesShareTheirWeights() throws {
    let space = try Self.space("nasbench201")
    let all = architectures(space, count: 60, seed: 3)
    var shared = 0
    for (a, b) in zip(all, all.dropFirst()) {
      let keys = try [a, b].map { Set(try subnet($0, space).sharedWeights.map(\.key)) }
      for target in 1...3 {
        for source in 0..<target {
          let (own, other) = (
            a.choices["cell.edge\(source)-\(target)"]!, b.choices["cell.edge\(source)-\(target)"]!
          )
          for (operation, kernel) in [("nor_conv_1x1", 1), ("nor_conv_3x3", 3)] {
            let key =
              "stage1.cell0.edge\(source)-\(target).\(operation).conv.weight [48, 48, \(kernel), \(kernel)]"
            let present = keys.map { keys in keys.contains { normalized($0) == normalized(key) } }
            // An edge that does not reach the output is not built.
            if present[0] { #expect(own == operation) }
            if present[1] { #expect(other == operation) }
            if present == [true, true] { shared += 1 }
          }
        }
      }
      let common = keys[0].intersection(keys[1])
      #expect(common.contains { $0.hasPrefix("stem.conv.weight") })
      #expect(common.contains { $0.hasPrefix("logits.weight") })
      #expect(common.contains { $0.hasPrefix("reduction1.path0.conv0.weight") })
    }
    #expect(shared > 20)
  }

  /// In DARTS cells the edge is where an operation reads and where it adds, not the slot it happens to stand in.
  @Test func blocksShareByWhatTheyRead() throws {
    let space = try Self.space("darts")
    var generator = SeededGenerator(seed: 5)
    let base = space.sampleArchitecture(width: 8, depth: 2, using: &generator)
    func keys(_ changes: [String: String]) throws -> Set<String> {
      let choices = base.choices.merging(changes) { $1 }
      return Set(
        try subnet(Architecture(space: space.name, choices: choices), space).sharedWeights.map(\.key).filter {
          $0.hasPrefix("stage1.cell1.block1.")
        })
    }
    let first = try keys([
      "normal.block1.inputs": "cell-2,cell-1", "normal.block1.operation0": "max_pool_3x3",
      "normal.block1.operation1": "dil_conv_3x3",
    ])
    let second = try keys([
      "normal.block1.inputs": "cell-1,block0", "normal.block1.operation0": "dil_conv_3x3",
      "normal.block1.operation1": "max_pool_3x3",
    ])
    let third = try keys([
      "normal.block1.inputs": "cell-2,block0", "normal.block1.operation0": "dil_conv_3x3",
      "normal.block1.operation1": "max_pool_3x3",
    ])
    #expect(first == second)
    #expect(first.count == 4)
    #expect(first.isDisjoint(with: third))
  }

  /// What a first preprocessing reads depends on the depth: the stem or a cell. The weights are then others.
  @Test func otherSourcesHaveOtherWeights() throws {
    let space = try Self.space("darts")
    var generator = SeededGenerator(seed: 6)
    let base = space.sampleArchitecture(width: 8, depth: 1, using: &generator)
    let keys = try space.depths.map { depth in
      Set(try subnet(space.resized(base, width: 4, depth: depth), space).sharedWeights.map(\.key))
    }
    let place = "reduction0.input0.conv.weight"
    let found = keys.map { keys in keys.filter { $0.hasPrefix(place) } }
    #expect(found.allSatisfy { $0.count <= 1 })
    #expect(found[0].isDisjoint(with: found[1]))
    // All else of the shallow network is in the deep one.
    #expect(keys[0].subtracting(keys[1]).allSatisfy { $0.contains(".input0.conv.weight") })
  }

  private func normalized(_ key: String) -> String { key.filter { $0.isLetter || $0.isNumber || $0 == "." } }
}

/// The elements of every trainable weight in the largest network's, found by carrying a list of channel numbers through
/// the graph.
private struct ChannelWalk {
  private(set) var places: [String: [Int]] = [:]

  init(graph: Graph, largest: Graph) {
    var channels: [TensorID: [Int]] = [graph.inputs[0]: [0]]
    for node in graph.operators {
      let x = channels[node.inputs[0]]!
      let y = node.outputs[0]
      switch node.kind {
      case .convolution(_, let groups, _, _):
        let (own, wide) = (graph[node.inputs[1]].shape, largest[node.inputs[1]].shape)
        let isDepthwise = wide[1] == 1 && groups > 1
        channels[y] = isDepthwise ? x : Array(0..<own[0])
        places[graph[node.inputs[1]].name] = channels[y]!.flatMap { o in
          (isDepthwise ? [0] : x).flatMap { i in
            (0..<own[2]).flatMap { r in (0..<own[3]).map { ((o * wide[1] + i) * wide[2] + r) * wide[3] + $0 }
            }
          }
        }
      case .fullyConnected:
        let wide = largest[node.inputs[1]].shape
        channels[y] = Array(0..<wide[0])
        places[graph[node.inputs[1]].name] = channels[y]!.flatMap { o in x.map { o * wide[1] + $0 } }
        places[graph[node.inputs[2]].name] = channels[y]
      case .batchNormalization:
        channels[y] = x
        for input in node.inputs[1...2] { places[graph[input].name] = x }
      case .concat:
        var start = 0
        channels[y] = []
        for input in node.inputs {
          channels[y]! += channels[input]!.map { start + $0 }
          start += largest[input].shape[1]
        }
      default: channels[y] = x
      }
    }
  }
}
