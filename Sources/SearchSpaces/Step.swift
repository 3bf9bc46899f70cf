import ComputationGraph

/// A primitive step of an operation, as search-space files compose them.
enum Step: Hashable, Sendable {
  case relu
  case batchNorm
  /// A dense or grouped convolution without bias to `expansion` times the width of the cell.
  case convolution(StepWindow, groups: Int, expansion: Int)
  /// One filter per channel, channels unchanged.
  case depthwise(StepWindow)
  case maxPool(StepWindow)
  case averagePool(StepWindow, countsPadding: Bool)

  /// The keyword of the file format, which also ends the operator's name.
  var keyword: String {
    switch self {
    case .relu: "relu"
    case .batchNorm: "batchNorm"
    case .convolution: "conv"
    case .depthwise: "depthwise"
    case .maxPool: "maxPool"
    case .averagePool: "averagePool"
    }
  }

  var window: StepWindow? {
    switch self {
    case .relu, .batchNorm: nil
    case .convolution(let window, _, _), .depthwise(let window), .maxPool(let window),
      .averagePool(let window, _):
      window
    }
  }

  /// Whether the step has weights to train.
  var hasWeights: Bool {
    switch self {
    case .relu, .maxPool, .averagePool: false
    case .batchNorm, .convolution, .depthwise: true
    }
  }

  /// Whether the step shrinks the image where its edge does.
  var takesEdgeStride: Bool { window?.stride == .edge }

  /// The step in a few words: `conv 3×3`.
  var summary: String {
    guard let window else { return keyword }
    var words = "\(keyword) \(window.kernel.height)×\(window.kernel.width)"
    if window.dilation > 1 { words += " dilation \(window.dilation)" }
    if case .fixed(let stride) = window.stride, stride > 1 { words += " stride \(stride)" }
    if case .convolution(_, let groups, let expansion) = self {
      if groups > 1 { words += " groups \(groups)" }
      if expansion > 1 { words += " expansion \(expansion)" }
    }
    return words
  }
}

/// The window of a step before the stride of its edge is known.
struct StepWindow: Hashable, Sendable {
  /// How far a window moves.
  enum Stride: Hashable, Sendable {
    case fixed(Int)
    /// The stride of the edge the operation is on: above 1 where the resolution shrinks.
    case edge
  }

  var kernel: Size2D
  var stride: Stride
  var dilation: Int
  /// On all sides; nil for half the dilated kernel, rounded down, which keeps the size of odd kernels.
  var padding: Int?

  func window(edgeStride: Int) -> Window2D {
    let step =
      switch stride {
      case .fixed(let value): value
      case .edge: edgeStride
      }
    let rows = padding ?? dilation * (kernel.height - 1) / 2
    let columns = padding ?? dilation * (kernel.width - 1) / 2
    return Window2D(
      kernel: kernel, stride: Size2D(step),
      padding: Padding2D(top: rows, left: columns, bottom: rows, right: columns),
      dilation: Size2D(dilation))
  }
}

/// What an edge of a cell computes.
enum Operation: Hashable, Sendable {
  /// Nothing: the edge is absent.
  case zero
  /// Steps one after the other; none of them is the identity. `strided` replaces them where the edge has a stride.
  case steps([Step], strided: [Step]?)

  /// The steps for an edge of this stride; nil if the edge is absent.
  func steps(edgeStride: Int) -> [Step]? {
    switch self {
    case .zero: nil
    case .steps(let plain, let strided): edgeStride > 1 ? strided ?? plain : plain
    }
  }

  /// Whether something in it is trained.
  var hasWeights: Bool {
    switch self {
    case .zero: false
    case .steps(let plain, let strided): (plain + (strided ?? [])).contains(where: \.hasWeights)
    }
  }
}
