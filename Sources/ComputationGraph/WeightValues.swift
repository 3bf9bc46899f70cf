/// The numbers of a graph's weights, by tensor name, row-major in the tensor's shape.
///
/// Names rather than identifiers, so that values survive graph passes and files.
public struct WeightValues: Hashable, Sendable {
  private var values: [String: [Float]]

  /// Creates values from a dictionary.
  public init(_ values: [String: [Float]] = [:]) { self.values = values }

  /// The values of one weight.
  public subscript(name: String) -> [Float]? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// All names, sorted.
  public var names: [String] { values.keys.sorted() }

  /// The name of a weight of `graph` that is missing here or has another size, or nil if all fit.
  public func firstMismatch(with graph: Graph) -> String? {
    graph.weights.first { values[graph[$0].name]?.count != graph[$0].shape.elementCount }.map {
      graph[$0].name
    }
  }
}
