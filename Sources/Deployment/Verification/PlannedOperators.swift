import ComputationGraph

/// The operators of a plan, put together again from the nodes of model.onnx.
struct PlannedOperators {
  /// One operator each for the steps of the schedule, in the order in which they run.
  let graph: Graph

  /// Contracts the nodes of each step to one operator.
  ///
  /// - Parameters:
  ///   - model: the scheduling graph of model.onnx.
  ///   - schedule: what schedule.json says.
  /// - Throws: ``DeploymentError/scheduleMismatch(reason:)`` if both do not describe the same operators in the same
  ///   order.
  init(model: Graph, schedule: BundleSchedule) throws(DeploymentError) {
    let steps = schedule.graph.order
    guard steps.map(\.name) == schedule.operators.map(\.name) else {
      throw .scheduleMismatch(reason: "the graph level and the operator level name different operators")
    }
    let planned = steps.flatMap(\.nodes)
    for (index, node) in model.operators.enumerated() {
      guard index < planned.count, planned[index] == node.name else {
        let other = index < planned.count ? "'\(planned[index])'" : "nothing"
        throw .scheduleMismatch(
          reason: "node \(index) is '\(node.name)' in the model, \(other) in the schedule")
      }
    }
    guard planned.count == model.operators.count else {
      throw .scheduleMismatch(reason: "node '\(planned[model.operators.count])' is not in the model")
    }
    var operators: [Operator] = []
    var layouts: [TensorID: TensorLayout] = [:]
    var first = 0
    for (step, entry) in zip(steps, schedule.operators) {
      let ids = (first..<first + step.nodes.count).map(OperatorID.init)
      operators.append(try Self.contract(ids, of: model, name: step.name, type: entry.type))
      for output in operators[operators.count - 1].outputs {
        guard let layout = entry.layout else { continue }
        guard model[output].shape.rank == 4 else {
          throw .scheduleMismatch(
            reason: "operator '\(step.name)' writes \(model[output].shape), which has no layout")
        }
        layouts[output] = layout
      }
      first += step.nodes.count
    }
    do {
      graph = try Self.withoutInnerTensors(model, operators, layouts)
    } catch {
      throw .scheduleMismatch(reason: "\(error)")
    }
  }

  /// The nodes whose constants are parameters of an operator, not weights of it.
  private static let parameterised: Set<String> = ["Clip", "Reshape", "Slice", "Pad", "Resize", "ReduceMean"]
  /// The nodes that activations are written as.
  private static let activations: Set<String> = ["Relu", "Clip", "HardSigmoid", "Sigmoid", "Mul"]

  /// One operator from neighbouring nodes: a main node of the type named, the sum behind a convolution, and the activations
  /// around it.
  private static func contract(_ ids: [OperatorID], of model: Graph, name: String, type: String)
    throws(DeploymentError) -> Operator
  {
    let types = ids.map { model[$0].kind.typeName }
    func isMain(_ node: String) -> Bool {
      node == type || (type == "Add" && node == "Sum") || (type == "LayoutConversion" && node == "Identity")
    }
    guard let last = ids.last, let main = types.firstIndex(where: isMain), types.count <= 5,
      types.indices.allSatisfy({
        $0 == main || activations.contains(types[$0])
          || (type == "Conv" && $0 == main + 1 && types[$0] == "Add")
      })
    else {
      throw .scheduleMismatch(reason: "operator '\(name)' (\(type)) cannot consist of the nodes \(types)")
    }
    let inside = Set(ids)
    var inner: Set<TensorID> = []
    for id in ids.dropLast() {
      for output in model[id].outputs {
        guard !model.outputs.contains(output), model.readers[output.index].allSatisfy(inside.contains) else {
          throw .scheduleMismatch(
            reason: "tensor '\(model[output].name)' inside operator '\(name)' is used outside of it")
        }
        inner.insert(output)
      }
    }
    let inputs = ids.flatMap { id in
      model[id].inputs.enumerated().compactMap { position, input in
        let isParameter =
          position > 0 && model[input].role == .weight && parameterised.contains(model[id].kind.typeName)
        return isParameter || inner.contains(input) ? nil : input
      }
    }
    return Operator(name: name, kind: .opaque(type: type), inputs: inputs, outputs: model[last].outputs)
  }

  private static func withoutInnerTensors(
    _ model: Graph, _ operators: [Operator], _ layouts: [TensorID: TensorLayout]
  ) throws(GraphError) -> Graph {
    var used = Set(model.inputs + model.outputs)
    for node in operators { used.formUnion(node.inputs + node.outputs) }
    var renumbered: [TensorID: TensorID] = [:]
    var tensors: [Tensor] = []
    for id in used.sorted() {
      renumbered[id] = TensorID(tensors.count)
      let tensor = model[id]
      tensors.append(
        Tensor(
          name: tensor.name, shape: tensor.shape, elementType: tensor.elementType, role: tensor.role,
          layout: layouts[id] ?? .nchw))
    }
    return try Graph(
      name: model.name, tensors: tensors,
      operators: operators.map { node in
        Operator(
          name: node.name, kind: node.kind, inputs: node.inputs.map { renumbered[$0]! },
          outputs: node.outputs.map { renumbered[$0]! })
      },
      inputs: model.inputs.map { renumbered[$0]! }, outputs: model.outputs.map { renumbered[$0]! })
  }
}
