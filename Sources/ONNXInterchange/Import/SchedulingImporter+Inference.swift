import ComputationGraph

/// Shapes that common operators imply: filled in where the file leaves them out, checked where it states them.
///
/// ONNX's own shape inference covers every operator; this covers those that convolutional networks are made of.
/// What cannot be inferred stays missing, and the importer's error names it; what cannot be checked is trusted.
extension SchedulingImporter {
  /// Declares the type of the node's first output if the file does not and the operator's rule is known.
  ///
  /// A node that breaks its rule is left alone here: ``check(_:named:)`` reports it.
  mutating func inferMissingTypes(of node: Onnx_NodeProto) {
    guard let output = node.output.first, !output.isEmpty, needsInference(output),
      let first = node.input.first.flatMap(knownType(of:)), ShapeRules.keepsElementType(node.opType),
      case .shapes(let shapes)? = try? impliedShape(of: node), shapes.count == 1
    else { return }
    declared[output] = .known(ValueType(shape: shapes[0], elementType: first.elementType))
  }

  /// Whether the file gives no usable shape for the tensor.
  func needsInference(_ name: String) -> Bool {
    switch declared[name] {
    case nil, .missing?, .dynamic?: true
    default: false
    }
  }

  /// Checks the node's inputs and attributes against its operator's rule, and its first output's shape against
  /// what the rule implies.
  ///
  /// - Throws: ``ONNXError/invalidAttribute(file:node:type:attribute:reason:)``,
  ///   ``ONNXError/invalidNode(file:node:type:reason:)`` or
  ///   ``ONNXError/shapeMismatch(file:node:type:tensor:declared:inferred:)``.
  func check(_ node: Onnx_NodeProto, named name: String) throws(ONNXError) {
    let implied: ImpliedShape
    do {
      implied = try impliedShape(of: node)
    } catch {
      switch error {
      case .attribute(let attribute, let reason):
        throw .invalidAttribute(
          file: file, node: name, type: node.opType, attribute: attribute, reason: reason)
      case .inputs(let reason): throw .invalidNode(file: file, node: name, type: node.opType, reason: reason)
      }
    }
    guard let output = node.output.first, !output.isEmpty, let shape = knownType(of: output)?.shape else {
      return
    }
    switch implied {
    case .unknown: return
    case .shapes(let shapes):
      if !shapes.contains(where: { Self.agree($0, shape) }) {
        throw .shapeMismatch(
          file: file, node: name, type: node.opType, tensor: output, declared: shape, inferred: shapes[0])
      }
    case .rearranged(let input):
      if let count = input.checkedElementCount, count != shape.checkedElementCount {
        throw .invalidNode(
          file: file, node: name, type: node.opType,
          reason:
            "its output is declared as \(shape), which has not as many elements as its input of \(input)")
      }
    }
  }

  /// Scalars and tensors of one element are written as either by tools; they occupy the same memory.
  private static func agree(_ a: TensorShape, _ b: TensorShape) -> Bool {
    a == b || (a.rank <= 1 && b.rank <= 1 && a.checkedElementCount == 1 && b.checkedElementCount == 1)
  }

  /// What the node's rule says, as far as the shapes of all its inputs are known and ordinary.
  private func impliedShape(of node: Onnx_NodeProto) throws(NodeFault) -> ImpliedShape {
    guard node.domain.isEmpty || node.domain == "ai.onnx" else { return .unknown }
    var shapes: [TensorShape?] = []
    for input in node.input {
      if input.isEmpty {
        shapes.append(nil)
      } else if let shape = knownType(of: input)?.shape, !packedWeights.contains(input),
        shape.dimensions.allSatisfy({ (1...ShapeRules.largestExtent).contains($0) })
      {
        shapes.append(shape)
      } else {
        // Attributes can be wrong without any shape.
        try ShapeRules.checkWindowAttributes(of: node)
        return .unknown
      }
    }
    return try ShapeRules.outputShape(of: node, inputs: shapes)
  }
}
