/// The dense number of a tensor in its graph.
public struct TensorID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
  /// The index in ``Graph/tensors``.
  public let index: Int
  /// Wraps an index.
  public init(_ index: Int) { self.index = index }
  /// Orders by index.
  public static func < (a: TensorID, b: TensorID) -> Bool { a.index < b.index }
  /// `t` and the index.
  public var description: String { "t\(index)" }
}

/// The dense number of an operator in its graph.
public struct OperatorID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
  /// The index in ``Graph/operators``.
  public let index: Int
  /// Wraps an index.
  public init(_ index: Int) { self.index = index }
  /// Orders by index.
  public static func < (a: OperatorID, b: OperatorID) -> Bool { a.index < b.index }
  /// `v` and the index.
  public var description: String { "v\(index)" }
}

/// A value that flows between operators, or a parameter of one.
public struct Tensor: Hashable, Sendable {
  /// What a tensor is to the memory planner.
  public enum Role: Hashable, Sendable {
    /// Computed, or fed as a graph input: lives in the arena.
    case activation
    /// A parameter or constant: lives with the program (flash), costs nothing in the arena.
    case weight
  }

  /// The name, unique in the graph.
  public let name: String
  /// The static shape.
  public let shape: TensorShape
  /// The type of an element.
  public let elementType: ElementType
  /// Activation or weight.
  public let role: Role
  /// How its elements lie in memory; NCHW for whatever is no image.
  public let layout: TensorLayout

  /// Creates a tensor description. - Precondition: a tensor in another layout than NCHW has four dimensions.
  public init(
    name: String, shape: TensorShape, elementType: ElementType = .float32, role: Role = .activation,
    layout: TensorLayout = .nchw
  ) {
    precondition(layout == .nchw || shape.rank == 4, "only images have a layout")
    self.name = name
    self.shape = shape
    self.elementType = elementType
    self.role = role
    self.layout = layout
  }

  /// Elements that it has room for: more than the shape has only in ``TensorLayout/nchw16``. A verified graph's tensors
  /// never overflow.
  public var storedElementCount: Int { layout.storedElementCount(of: shape) ?? 0 }
  /// Bytes of its storage.
  public var byteCount: Int { storedElementCount * elementType.byteWidth }
  /// Channels that lie side by side. - Precondition: it is an image.
  public var blockChannels: Int { layout.blockChannels(of: shape[1]) }
}
