import ComputationGraph

extension SearchSpace {
  /// The network of an architecture in training form: batch 1, input `image` [1, C, H, W], output `logits`
  /// [1, classes], convolutions without bias, batch norm and ReLU as operators of their own.
  ///
  /// Branches that contribute nothing are not built: absent edges, nodes without edges, and whatever does not reach
  /// the output. (In NAS-Bench-201's published code such branches still run, on zeros; its parameter and FLOP figures
  /// count them.) ReLUs and pools of one tensor are built once and shared.
  ///
  /// - Throws: ``SearchSpaceError/disconnected(cell:)`` if nothing connects a cell's output to its input,
  ///   ``SearchSpaceError/cannotLower(reason:)`` if the images do not fit, and what ``validate(_:)-(Architecture)``
  ///   throws.
  /// - Complexity: linear in the number of operators.
  public func trainingGraph(for architecture: Architecture, input: InputSpecification)
    throws(SearchSpaceError) -> Graph
  {
    try trainingGraph(for: architecture, input: input, naming: .slots)
  }

  func trainingGraph(for architecture: Architecture, input: InputSpecification, naming: EdgeNaming)
    throws(SearchSpaceError) -> Graph
  {
    try validate(architecture)
    // The upper bound keeps every later product of extents within an integer.
    guard [input.channels, input.height, input.width, input.classes].allSatisfy((1...65_536).contains) else {
      throw .cannotLower(reason: "channels, height, width and classes must be between 1 and 65536")
    }
    var lowering = NetworkLowering(architecture, in: self, naming: naming)
    return try lowering.graph(input: input)
  }
}
