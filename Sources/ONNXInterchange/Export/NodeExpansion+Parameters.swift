import ComputationGraph
import Foundation

/// Parameters of kinds for tensors of any rank, as attributes or as constant inputs.
extension NodeExpansion {
  /// What the node of a kind says of its parameters: attributes, and inputs behind those of the operator.
  mutating func parameters(of kind: OperatorKind, name: String) -> (
    attributes: [Onnx_AttributeProto], inputs: [String]
  ) {
    func list(_ values: [Int]) -> [Int64] { values.map(Int64.init) }
    switch kind {
    case .elementwise(.clip(let minimum, let maximum)): return ([], bounds(minimum, maximum, name: name))
    case .elementwise(.leakyRelu(let slope)): return ([Self.float("alpha", slope)], [])
    case .elementwise(.hardSigmoid(let slope, let offset)):
      return ([Self.float("alpha", slope), Self.float("beta", offset)], [])
    case .softmax(let axis): return ([Self.integer("axis", axis)], [])
    case .mean(let axes):
      // The axes became an input with operator set 18.
      return opset < 18
        ? ([Self.integers("axes", Array(axes))], [])
        : ([], [addConstant(list(Array(axes)), "axes", of: name)])
    case .layerNormalization(let axis, let epsilon):
      return ([Self.integer("axis", axis), Self.float("epsilon", epsilon)], [])
    case .reshape(let shape): return ([], [addConstant(list(shape.dimensions), "shape", of: name)])
    case .transpose(let permutation): return ([Self.integers("perm", permutation)], [])
    case .slice(let starts, let extents, let steps):
      let ends = starts.indices.map { starts[$0] + (extents[$0] - 1) * steps[$0] + 1 }
      return (
        [],
        [
          addConstant(list(starts), "starts", of: name), addConstant(list(ends), "ends", of: name),
          addConstant(list(Array(starts.indices)), "axes", of: name),
          addConstant(list(steps), "steps", of: name),
        ]
      )
    case .pad(let before, let after, let value):
      return (
        [], [addConstant(list(before + after), "pads", of: name), addConstant([value], "value", of: name)]
      )
    case .gather(let axis): return ([Self.integer("axis", axis)], [])
    case .resize(let resampling):
      var attributes = [Self.text("coordinate_transformation_mode", resampling.coordinates.rawValue)]
      switch resampling.mode {
      case .nearest(let rounding):
        attributes += [Self.text("mode", "nearest"), Self.text("nearest_mode", rounding.rawValue)]
      case .linear: attributes.append(Self.text("mode", "linear"))
      }
      let scales = [1, 1, resampling.rowScale, resampling.columnScale]
      return (attributes, ["", addConstant(scales, "scales", of: name)])
    default: return ([], [])
    }
  }

  /// The limits of a Clip as inputs; those that are infinite are left out.
  mutating func bounds(_ minimum: Float, _ maximum: Float, name: String) -> [String] {
    let least = minimum == -.infinity ? "" : addConstant([minimum], "min", of: name)
    return maximum == .infinity ? [least] : [least, addConstant([maximum], "max", of: name)]
  }

  private static func text(_ name: String, _ value: String) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .string
    attribute.s = Data(value.utf8)
    return attribute
  }
}
