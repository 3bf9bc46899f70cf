import CMicrokernels
import ComputationGraph

extension Activation {
  /// The code by which the C kernels know the activation.
  package var code: Int32 {
    switch self {
    case .none: Int32(ACTIVATION_NONE)
    case .relu: Int32(ACTIVATION_RELU)
    case .relu6: Int32(ACTIVATION_RELU6)
    case .hardSwish: Int32(ACTIVATION_HARD_SWISH)
    case .silu: Int32(ACTIVATION_SILU)
    }
  }
}

/// A function of each element, in place where input and output are the same memory.
struct ElementwiseKernel: PreparedKernel {
  private let function: Int32
  private let parameters: (a: Float, b: Float)
  private let count: Int
  private let operands: KernelOperands

  init(_ function: ElementwiseFunction, count: Int, operands: KernelOperands) {
    (self.function, parameters) =
      switch function {
      case .clip(let minimum, let maximum): (Int32(FUNCTION_CLIP), (minimum, maximum))
      case .leakyRelu(let slope): (Int32(FUNCTION_LEAKY_RELU), (slope, 0))
      case .sigmoid: (Int32(FUNCTION_SIGMOID), (0, 0))
      case .hardSigmoid(let slope, let offset): (Int32(FUNCTION_HARD_SIGMOID), (slope, offset))
      case .hardSwish: (Int32(FUNCTION_HARD_SWISH), (0, 0))
      case .silu: (Int32(FUNCTION_SILU), (0, 0))
      case .erf: (Int32(FUNCTION_ERF), (0, 0))
      case .gelu: (Int32(FUNCTION_GELU), (0, 0))
      }
    self.count = count
    self.operands = operands
  }

  func run(part: Int, of parts: Int) {
    let share = count.share(part, of: parts)
    tensor_function(
      function, parameters.a, parameters.b, operands.inputs[0] + share.lowerBound, share.count,
      operands.output + share.lowerBound)
  }
}

/// A function of two tensors that are repeated to a common shape. The result may overwrite an input of its own size.
struct Arithmetic: PreparedKernel {
  private let function: Int32
  private let axes: MergedAxes
  private let operands: KernelOperands

  init(
    _ function: ArithmeticFunction, _ a: TensorShape, _ b: TensorShape, output: TensorShape,
    operands: KernelOperands
  ) {
    self.function =
      switch function {
      case .add: Int32(ARITHMETIC_ADD)
      case .subtract: Int32(ARITHMETIC_SUBTRACT)
      case .multiply: Int32(ARITHMETIC_MULTIPLY)
      case .divide: Int32(ARITHMETIC_DIVIDE)
      }
    axes = MergedAxes(
      extents: output.dimensions,
      strides: [a.broadcastStrides(in: output), b.broadcastStrides(in: output)])
    self.operands = operands
  }

  func run(part: Int, of parts: Int) {
    let last = axes.extents.count - 1
    let run = axes.extents[last]
    let (aStep, bStep) = (axes.strides[0][last], axes.strides[1][last])
    let share = (axes.outerCount(inner: 1) * run).share(part, of: parts)
    var first = share.lowerBound
    while first < share.upperBound {
      let (row, start) = first.quotientAndRemainder(dividingBy: run)
      let count = min(run - start, share.upperBound - first)
      let a = operands.inputs[0] + axes.offset(of: 0, outer: row, inner: 1) + start * aStep
      let b = operands.inputs[1] + axes.offset(of: 1, outer: row, inner: 1) + start * bStep
      tensor_arithmetic(
        function, a, Int32(aStep), b, Int32(bStep), count, operands.output + first)
      first += count
    }
  }
}
