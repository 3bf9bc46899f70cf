/// Extents in the two spatial dimensions.
public struct Size2D: Hashable, Codable, Sendable {
  /// Along H.
  public var height: Int
  /// Along W.
  public var width: Int
  /// Creates a pair of extents.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }
  /// Creates equal extents.
  public init(_ side: Int) { self.init(height: side, width: side) }
}

/// Rows and columns of zeros (or of nothing, for pools) around an image.
public struct Padding2D: Hashable, Codable, Sendable {
  /// Rows above.
  public var top: Int
  /// Columns to the left.
  public var left: Int
  /// Rows below.
  public var bottom: Int
  /// Columns to the right.
  public var right: Int
  /// Creates a padding.
  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }
  /// Creates the same padding on all sides.
  public init(_ all: Int) { self.init(top: all, left: all, bottom: all, right: all) }
}

/// The window that a convolution or a pool moves over an image.
public struct Window2D: Hashable, Codable, Sendable {
  /// Taps along H and W.
  public var kernel: Size2D
  /// Steps between windows.
  public var stride: Size2D
  /// Padding around the image.
  public var padding: Padding2D
  /// Distance between taps.
  public var dilation: Size2D

  /// Creates a window.
  public init(
    kernel: Size2D, stride: Size2D = Size2D(1), padding: Padding2D = Padding2D(0),
    dilation: Size2D = Size2D(1)
  ) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
  }

  /// Whether it sees a whole image of `height` × `width` at once, and nothing else.
  public func covers(height: Int, width: Int) -> Bool {
    kernel == Size2D(height: height, width: width) && padding == Padding2D(0) && dilation == Size2D(1)
  }

  /// Rows and columns of the result for an image of `height` × `width`, or nil if a parameter is not positive
  /// (padding: negative) or the window does not fit.
  public func outputSize(height: Int, width: Int) -> Size2D? {
    guard kernel.height > 0, kernel.width > 0, stride.height > 0, stride.width > 0, dilation.height > 0,
      dilation.width > 0, padding.top >= 0, padding.left >= 0, padding.bottom >= 0, padding.right >= 0
    else { return nil }
    func positions(_ extent: Int, _ before: Int, _ after: Int, _ taps: Int, _ distance: Int) -> Int? {
      // Files may hold any numbers: what overflows does not fit.
      let (reach, tooFar) = distance.multipliedReportingOverflow(by: taps - 1)
      let (padded, tooWide) = extent.addingReportingOverflow(before)
      let (whole, tooLarge) = padded.addingReportingOverflow(after)
      return tooFar || tooWide || tooLarge || whole - 1 < reach ? nil : whole - 1 - reach
    }
    guard
      let rows = positions(height, padding.top, padding.bottom, kernel.height, dilation.height),
      let columns = positions(width, padding.left, padding.right, kernel.width, dilation.width)
    else { return nil }
    return Size2D(height: rows / stride.height + 1, width: columns / stride.width + 1)
  }
}

/// What an operator computes. Images are N, C, H, W.
///
/// Every case but ``opaque(type:)`` can be executed and exported; an opaque operator, as imported from a file, can be
/// scheduled only. What cannot be trained is marked so.
public enum OperatorKind: Hashable, Sendable {
  /// 2-D convolution. Inputs: x [N, C, H, W], weight [O, C / groups, kh, kw] and, optionally, bias [O] and, behind a bias
  /// and with one group only, an addend, an activation of the result's shape:
  /// y = activation(weight ∗ inputActivation(x) + bias + addend). `inputActivation`, none or ReLU, is applied to x as it is
  /// read. An addend is not trainable.
  case convolution(window: Window2D, groups: Int, inputActivation: Activation, activation: Activation)
  /// Normalisation with running statistics. Inputs: x [N, C, …], scale, shift, mean, variance, each [C]:
  /// y = activation(scale · (x − mean) / √(variance + epsilon) + shift).
  case batchNormalization(epsilon: Float, activation: Activation)
  /// max(x, 0).
  case relu
  /// The largest value under the window; padding never wins.
  case maxPool(window: Window2D)
  /// The mean under the window; padding counts as zeros only if `countsPadding`.
  case averagePool(window: Window2D, countsPadding: Bool)
  /// The mean over H and W: [N, C, H, W] to [N, C, 1, 1].
  case globalAveragePool
  /// The sum of two or more inputs of one shape.
  case add(activation: Activation)
  /// The inputs one after the other along `axis`.
  case concat(axis: Int)
  /// [N, C, H, W] to [N, C·H·W], the same bytes.
  case flatten
  /// x [N, C] times weight [O, C] transposed, plus bias [O] where given: [N, O].
  case fullyConnected
  /// The input itself, the same bytes.
  case identity
  /// The same image in another layout.
  case layoutConversion
  /// A function of each element. Not trainable, as all that follow.
  case elementwise(ElementwiseFunction)
  /// A function of the elements of two inputs, a and b, repeated to a common shape (``TensorShape/broadcast(with:)``).
  /// Either may be a weight.
  case arithmetic(ArithmeticFunction)
  /// e^x divided by its sum along `axis`.
  case softmax(axis: Int)
  /// The mean over neighbouring axes, whose extents become 1.
  case mean(axes: Range<Int>)
  /// Normalisation over `axis` and all axes behind it. Inputs: x, scale and, optionally, shift, both of these axes'
  /// shape: y = scale · (x − mean) / √(variance + epsilon) + shift.
  case layerNormalization(axis: Int, epsilon: Float)
  /// a [..., M, K] times b [..., K, N]: [..., M, N]; leading axes are repeated to a common shape. Either may be a weight.
  case matrixProduct
  /// The same bytes under another shape.
  case reshape(TensorShape)
  /// Axis i of the result is axis permutation[i] of the input.
  case transpose(permutation: [Int])
  /// Along each axis, `extents` elements from `starts` on, `steps` apart.
  case slice(starts: [Int], extents: [Int], steps: [Int])
  /// Along each axis, so many elements of a value before and after the input; negative amounts cut off.
  case pad(before: [Int], after: [Int], value: Float)
  /// Elements along `axis`. Inputs: x and a weight of indices [K], rounded towards 0 and limited to the axis.
  case gather(axis: Int)
  /// Images of another height and width.
  case resize(Resampling)
  /// An operator known by its ONNX type name only.
  case opaque(type: String)

  /// The ONNX operator type that the memory model's rules (views, in-place) go by.
  public var typeName: String {
    switch self {
    case .convolution: "Conv"
    case .batchNormalization: "BatchNormalization"
    case .relu: "Relu"
    case .maxPool: "MaxPool"
    case .averagePool: "AveragePool"
    case .globalAveragePool: "GlobalAveragePool"
    case .add: "Add"
    case .concat: "Concat"
    case .flatten: "Flatten"
    case .fullyConnected: "Gemm"
    case .identity: "Identity"
    case .layoutConversion: "LayoutConversion"
    case .elementwise(let function): function.typeName
    case .arithmetic(let function): function.typeName
    case .softmax: "Softmax"
    case .mean: "ReduceMean"
    case .layerNormalization: "LayerNormalization"
    case .matrixProduct: "MatMul"
    case .reshape: "Reshape"
    case .transpose: "Transpose"
    case .slice: "Slice"
    case .pad: "Pad"
    case .gather: "Gather"
    case .resize: "Resize"
    case .opaque(let type): type
    }
  }
}

/// One node of the graph.
public struct Operator: Hashable, Sendable {
  /// The name, unique in the graph.
  public let name: String
  /// What is computed.
  public let kind: OperatorKind
  /// Activations and weights that are read, in the order of the kind's documentation. Optional inputs that a
  /// file leaves out are not listed.
  public let inputs: [TensorID]
  /// Activations that are written, read later or not.
  public let outputs: [TensorID]

  /// Creates a node.
  public init(name: String, kind: OperatorKind, inputs: [TensorID], outputs: [TensorID]) {
    self.name = name
    self.kind = kind
    self.inputs = inputs
    self.outputs = outputs
  }

  /// What a convolution adds to its sums; nil if that is nothing, and for every other kind.
  public var addend: TensorID? {
    if case .convolution = kind, inputs.count > 3 { inputs[3] } else { nil }
  }
}
