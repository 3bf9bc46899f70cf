import ComputationGraph

extension KernelFactory {
  /// The kernel of a kind for tensors of any rank.
  ///
  /// - Precondition: the kind is one of those below.
  static func general(
    _ kind: OperatorKind, inputs: [TensorShape], output y: TensorShape, elements: Int,
    operands: KernelOperands
  ) -> any PreparedKernel {
    let x = inputs[0]
    switch kind {
    case .elementwise(let function):
      return ElementwiseKernel(function, count: elements, operands: operands)
    case .arithmetic(let function):
      return Arithmetic(function, x, inputs[1], output: y, operands: operands)
    case .softmax(let axis): return Softmax(split: AxisSplit(x, axes: axis..<axis + 1), operands: operands)
    case .mean(let axes): return Mean(split: AxisSplit(x, axes: axes), operands: operands)
    case .layerNormalization(let axis, let epsilon):
      let split = AxisSplit(x, axes: axis..<x.rank)
      return LayerNormalization(
        rows: split.outer, columns: split.extent, epsilon: epsilon, operands: operands)
    case .matrixProduct: return MatrixProduct(x, inputs[1], output: y, operands: operands)
    case .transpose(let permutation): return StridedCopy(x, permutation: permutation, operands: operands)
    case .slice(let starts, let extents, let steps):
      return StridedCopy(x, starts: starts, extents: extents, steps: steps, operands: operands)
    case .pad(let before, _, let value):
      return Pad(x, output: y, before: before, value: value, operands: operands)
    case .gather(let axis): return Gather(x, axis: axis, count: inputs[1][0], operands: operands)
    case .resize(let resampling): return Resize(resampling, input: x, operands: operands)
    default: preconditionFailure("\(kind) has a kernel of its own")
    }
  }
}
