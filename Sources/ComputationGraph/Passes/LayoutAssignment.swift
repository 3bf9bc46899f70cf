/// Gives the images between operators another layout than NCHW, and puts conversions where operators disagree.
///
/// The graph's inputs and outputs stay as they are, and so does what has no kernel for another layout. Convolutions of one
/// group read any layout, so that nothing is converted in front of them. Each image is converted at most once to each
/// layout.
public enum LayoutAssignment {
  /// The most channels of an image that a convolution reads in ``TensorLayout/nhwc``.
  public static let mostInterleavedChannels = 4096
  /// The most columns of a kernel with which a convolution of one group writes another layout than NCHW.
  public static let mostKernelColumns = 64

  /// The graph with every operator that can writing images of a layout.
  ///
  /// - Parameter convertsBoundary: whether the graph's inputs and outputs stay NCHW. Else its images come in and go out in
  ///   the layout.
  /// - Complexity: linear in operators and their connections.
  public static func apply(
    _ layout: TensorLayout, to graph: Graph, convertsBoundary: Bool = true
  ) throws(GraphError) -> Graph {
    guard layout != .nchw else { return graph }
    var converter = Converter(graph)
    if !convertsBoundary { converter.layOutInputs(layout) }
    for id in graph.kahnOrder() { converter.add(id, layout) }
    return try converter.finish(convertsBoundary: convertsBoundary)
  }

  /// Whether an operator can write its result in a layout other than NCHW.
  static func canWrite(_ layout: TensorLayout, _ id: OperatorID, of graph: Graph) -> Bool {
    let node = graph[id]
    guard let output = node.outputs.first, graph[output].shape.rank == 4,
      layout.blockChannels(of: graph[output].shape[1]) > 1
    else { return false }
    let input = graph[node.inputs[0]].shape
    switch node.kind {
    case .convolution(let window, let groups, _, _):
      if groups == 1 {
        return input[1] <= mostInterleavedChannels && window.kernel.width <= mostKernelColumns
      }
      return groups == input[1] && groups == graph[output].shape[1]
    case .maxPool, .averagePool, .relu, .elementwise, .add: return true
    case .concat(let axis):
      // Blocks are copied whole, and constants are in NCHW.
      return axis == 1 && node.inputs.allSatisfy({ graph[$0].role == .activation })
        && (layout == .nhwc || node.inputs.dropLast().allSatisfy { graph[$0].shape[1] % 16 == 0 })
    default: return false
    }
  }

  /// Which layout an operator wants the image at a position of its inputs in; nil if any will do.
  private static func wanted(
    by id: OperatorID, at position: Int, of graph: Graph, writing layout: TensorLayout, produced: TensorLayout
  ) -> TensorLayout? {
    switch graph[id].kind {
    // An addend lies as the result does.
    case .convolution(_, groups: 1, _, _) where layout != .nchw && position == 0: nil
    case .globalAveragePool where graph[graph[id].inputs[0]].shape.rank == 4: produced
    default: layout
    }
  }

  private struct Converter {
    private let graph: Graph
    private var tensors: [Tensor]
    private var operators: [Operator] = []
    /// The numbers of each tensor of the graph in the layouts in which there are it, and the layout it is produced in.
    private var versions: [[TensorLayout: TensorID]]
    private var produced: [TensorLayout]
    private var tensorNames: Set<String>
    private var operatorNames: Set<String>

    init(_ graph: Graph) {
      self.graph = graph
      tensors = graph.tensors
      versions = graph.tensors.indices.map { [.nchw: TensorID($0)] }
      produced = graph.tensors.map { _ in .nchw }
      tensorNames = Set(graph.tensors.map(\.name))
      operatorNames = Set(graph.operators.map(\.name))
    }

    mutating func add(_ id: OperatorID, _ layout: TensorLayout) {
      let node = graph[id]
      let own = canWrite(layout, id, of: graph) ? layout : .nchw
      var inputs: [TensorID] = []
      for (position, input) in node.inputs.enumerated() {
        guard graph[input].role == .activation else {
          inputs.append(input)
          continue
        }
        let wanted = LayoutAssignment.wanted(
          by: id, at: position, of: graph, writing: own, produced: produced[input.index])
        inputs.append(version(input, wanted ?? produced[input.index]))
      }
      var outputs = node.outputs
      if own != .nchw {
        let output = node.outputs[0]
        // Nobody reads the old one unless a conversion writes it.
        versions[output.index] = [own: addTensor(output, own)]
        produced[output.index] = own
        outputs = [versions[output.index][own]!]
      }
      operators.append(Operator(name: node.name, kind: node.kind, inputs: inputs, outputs: outputs))
    }

    mutating func layOutInputs(_ layout: TensorLayout) {
      for id in graph.inputs where graph[id].shape.rank == 4 {
        let tensor = graph[id]
        tensors[id.index] = Tensor(
          name: tensor.name, shape: tensor.shape, elementType: tensor.elementType, role: tensor.role,
          layout: layout)
        versions[id.index] = [layout: id]
        produced[id.index] = layout
      }
    }

    mutating func finish(convertsBoundary: Bool) throws(GraphError) -> Graph {
      let outputs = graph.outputs.map { version($0, convertsBoundary ? .nchw : produced[$0.index]) }
      let editor = GraphEditor(
        name: graph.name, tensors: tensors, operators: operators, inputs: graph.inputs, outputs: outputs)
      return try editor.rebuild()
    }

    /// A tensor in a layout, converted now if there is none.
    private mutating func version(_ id: TensorID, _ layout: TensorLayout) -> TensorID {
      if let known = versions[id.index][layout] { return known }
      let target =
        layout == .nchw && tensors[id.index].layout == .nchw ? id : addTensor(id, layout)
      operators.append(
        Operator(
          name: Self.unique("\(graph[id].name).to_\(layout.rawValue)", &operatorNames),
          kind: .layoutConversion,
          inputs: [versions[id.index][produced[id.index]]!], outputs: [target]))
      versions[id.index][layout] = target
      return target
    }

    private mutating func addTensor(_ id: TensorID, _ layout: TensorLayout) -> TensorID {
      let tensor = graph[id]
      let name = Self.unique("\(tensor.name).\(layout.rawValue)", &tensorNames)
      tensors.append(
        Tensor(
          name: name, shape: tensor.shape, elementType: tensor.elementType, role: tensor.role, layout: layout)
      )
      return TensorID(tensors.count - 1)
    }

    private static func unique(_ name: String, _ names: inout Set<String>) -> String {
      var result = name
      var number = 2
      while !names.insert(result).inserted {
        result = "\(name)\(number)"
        number += 1
      }
      return result
    }
  }
}
