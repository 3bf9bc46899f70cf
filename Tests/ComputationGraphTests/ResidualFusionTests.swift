import ComputationGraph
import Testing

@Suite struct ResidualFusionTests {
  private static let window = Window2D(kernel: Size2D(3), padding: Padding2D(1))

  /// What two branches `a` and `b`, both convolutions of `x`, are put together to.
  private static func branches(
    bias: Bool = true, groups: Int = 1,
    _ join: (inout GraphBuilder, _ x: TensorID, _ a: TensorID, _ b: TensorID) throws
      -> [TensorID]
  ) throws -> Graph {
    var builder = GraphBuilder(name: "branches")
    let x = builder.input("x", shape: [1, 4, 6, 6])
    let a = try builder.convolution(
      x, outputChannels: 4, window: window, groups: groups, bias: bias, name: "a")
    let b = try builder.convolution(
      x, outputChannels: 4, window: window, groups: groups, bias: bias, name: "b")
    let outputs = try join(&builder, x, a, b)
    return try builder.build(outputs: outputs)
  }

  private static func sum(_ inputs: [TensorID], _ builder: inout GraphBuilder) throws -> TensorID {
    try builder.add(.add(activation: .none), inputs, name: "sum")
  }

  /// The names of what a convolution adds, by the convolution's name.
  private func addends(_ graph: Graph) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: graph.operators.compactMap { node in
        node.addend.map { (node.name, graph[$0].name) }
      })
  }

  @Test func theSumAndItsActivationMoveToTheConvolution() throws {
    let training = try Self.branches(bias: false) { builder, x, a, _ in
      let norm = try builder.batchNormalization(a, name: "norm")
      return [try builder.add(.relu, [Self.sum([x, norm], &builder)], name: "last")]
    }
    for fusion in [FusionLevel.none, .activation] {
      #expect(addends(try InferenceGraph(training, fusion: fusion).graph).isEmpty)
    }
    let graph = try InferenceGraph(training, fusion: .residual).graph
    #expect(graph.operators.map(\.name) == ["b", "a"], "b has no reader, but is no concern of the pass")
    let node = graph.operators[1]
    #expect(
      node.kind
        == .convolution(window: Self.window, groups: 1, inputActivation: .none, activation: .relu))
    #expect(node.inputs.map { graph[$0].name } == ["x", "a.weight", "a.bias", "x"])
    #expect(graph.outputs == node.outputs && graph[graph.outputs[0]].name == "last")
    #expect(graph.macs == training.macs && graph.parameterCount == training.parameterCount - 4)
  }

  @Test func aReluOfTheInputIsNotOneOfTheAddend() throws {
    let training = try Self.branches { builder, x, a, _ in
      let inner = try builder.convolution(
        builder.add(.relu, [a]), outputChannels: 4, window: Self.window, bias: true, name: "inner")
      return [try builder.add(.add(activation: .none), [a, inner], name: "sum")]
    }
    let graph = try InferenceGraph(training, fusion: .residual).graph
    let node = graph.operators.last!
    #expect(
      node.kind
        == .convolution(window: Self.window, groups: 1, inputActivation: .relu, activation: .none))
    #expect(node.name == "inner" && node.inputs[0] == node.addend)
  }

  /// What other passes make of a convolution that adds already.
  @Test func laterPassesKeepTheAddend() throws {
    let fused = try InferenceGraph(
      Self.branches { builder, x, a, _ in
        let relu = try builder.add(.relu, [a], name: "relu")
        let inner = try builder.convolution(
          relu, outputChannels: 4, window: Self.window, bias: true, name: "inner")
        // Read twice, `a` cannot apply the ReLU.
        return [try Self.sum([inner, relu], &builder), try builder.add(.maxPool(window: Self.window), [a])]
      }, fusion: .none)
    let graph = try ResidualFusion.apply(to: fused.graph)
    #expect(addends(graph) == ["inner": "relu"])
    #expect(try addends(ActivationFusion.apply(to: graph)) == ["inner": "relu"])
    #expect(try ResidualFusion.apply(to: graph) == graph)
  }

  @Test func normsAfterASumAreNotFolded() throws {
    var builder = GraphBuilder(name: "norm")
    let x = builder.input("x", shape: [1, 4, 6, 6])
    let parameters = [builder.weight("w", shape: [4, 4, 3, 3]), builder.weight("v", shape: [4])]
    let kind = OperatorKind.convolution(
      window: Self.window, groups: 1, inputActivation: .none, activation: .none)
    let y = try builder.batchNormalization(builder.add(kind, [x] + parameters + [x], name: "conv"))
    let graph = try builder.build(outputs: [y])
    #expect(try BatchNormalizationFolding(graph).graph == graph)
  }

  /// The convolution that more operators come before adds, whichever side of the sum it is on; of equals, the first.
  @Test(arguments: [false, true]) func theDeeperConvolutionAdds(isReversed: Bool) throws {
    let deep = try Self.branches { builder, _, a, b in
      let c = try builder.convolution(
        builder.add(.maxPool(window: Self.window), [b]), outputChannels: 4, window: Self.window, bias: true,
        name: "c")
      return [try Self.sum(isReversed ? [c, a] : [a, c], &builder)]
    }
    #expect(try addends(ResidualFusion.apply(to: deep)) == ["c": "a"])
    let equal = try Self.branches { builder, _, a, b in
      [try Self.sum(isReversed ? [b, a] : [a, b], &builder)]
    }
    #expect(try addends(ResidualFusion.apply(to: equal)) == (isReversed ? ["b": "a"] : ["a": "b"]))
  }

  /// Two sums of the same two convolutions' neighbours: fusing both at once gives no cycle, and files stay in order.
  @Test func chainsOfSumsStayInOrder() throws {
    let training = try Self.branches { builder, x, a, b in
      let first = try builder.add(.add(activation: .none), [a, b], name: "first")
      let c = try builder.convolution(
        first, outputChannels: 4, window: Self.window, bias: true, name: "c")
      let second = try builder.add(.add(activation: .none), [c, first], name: "second")
      let d = try builder.convolution(
        x, outputChannels: 4, window: Self.window, bias: true, name: "d")
      return [try builder.add(.add(activation: .relu), [d, second], name: "third")]
    }
    let graph = try ResidualFusion.apply(to: training)
    #expect(addends(graph) == ["a": "b", "c": "first", "d": "second"])
    #expect(graph.operators.map(\.name) == ["b", "a", "c", "d"])
    #expect(graph.isValidOrder(graph.operatorIDs))
  }

  @Test func whatIsNotFused() throws {
    func stays(_ graph: Graph, _ reason: Comment) throws {
      #expect(try ResidualFusion.apply(to: graph) == graph, reason)
    }
    try stays(
      Self.branches { builder, x, a, _ in
        [try Self.sum([a, x], &builder), try builder.add(.maxPool(window: Self.window), [a])]
      }, "another operator reads the convolution's result")
    try stays(
      Self.branches { builder, x, a, _ in [try Self.sum([a, x], &builder), a] },
      "the convolution's result is kept")
    try stays(
      Self.branches { builder, _, a, _ in [try Self.sum([a, a], &builder)] }, "both addends are one")
    try stays(
      Self.branches { builder, x, a, b in [try Self.sum([a, b, x], &builder)] }, "three addends")
    try stays(
      Self.branches(groups: 2) { builder, x, a, _ in [try Self.sum([a, x], &builder)] }, "two groups")
    try stays(
      Self.branches(groups: 4) { builder, x, a, _ in [try Self.sum([a, x], &builder)] }, "depthwise")
    try stays(
      Self.branches(bias: false) { builder, x, a, _ in [try Self.sum([a, x], &builder)] }, "no bias")
    try stays(
      Self.branches { builder, x, a, _ in
        let constant = builder.weight("constant", shape: [1, 4, 6, 6])
        return [try Self.sum([a, constant], &builder)]
      }, "the other addend is a weight")
    try stays(
      Self.branches { builder, x, a, _ in
        let row = try builder.add(.mean(axes: 2..<3), [x])
        return [try builder.add(.arithmetic(.add), [a, row])]
      }, "one addend is repeated")
    try stays(
      ActivationFusion.apply(
        to: Self.branches { builder, x, a, _ in
          [try Self.sum([builder.add(.relu, [a]), x], &builder)]
        }), "the convolution has an activation")
    // The other addend comes from the convolution: more than the sum reads its result.
    try stays(
      Self.branches { builder, _, a, _ in
        [try Self.sum([a, builder.add(.maxPool(window: Self.window), [a])], &builder)]
      }, "a cycle")
  }

  @Test func anAddendIsAnActivation() throws {
    var builder = GraphBuilder(name: "weight")
    let x = builder.input("x", shape: [1, 4, 6, 6])
    let parameters = [
      builder.weight("w", shape: [4, 4, 3, 3]), builder.weight("v", shape: [4]),
      builder.weight("a", shape: [1, 4, 6, 6]),
    ]
    let kind = OperatorKind.convolution(
      window: Self.window, groups: 1, inputActivation: .none, activation: .none)
    let y = try builder.add(kind, [x] + parameters, name: "conv")
    #expect(throws: GraphError.invalidOperator(name: "conv", reason: "the addend 'a' is no activation")) {
      try builder.build(outputs: [y])
    }
  }
}
