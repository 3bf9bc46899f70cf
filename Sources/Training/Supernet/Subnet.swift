import ComputationGraph

/// A network of a supernet: one architecture at its own width, and where its weights lie in the shared ones.
///
/// A weight is shared under its name in the graph and its shape at the largest width of the space, so that what is called
/// alike but reads something else (the stem in one architecture, a cell in another) stays apart. A narrower network
/// uses the leading output and input channels of the largest (Yu and Huang, arXiv 1903.05134); where it reads a
/// concatenation, the leading channels of each part. Kernels have one size per name. Exact: every element of
/// a weight is one element of the shared weight.
public struct Subnet: Sendable {
  /// The network in training form.
  public let graph: Graph
  /// Its trainable weights, by the name of their tensor.
  private let weights: [String: SharedWeight]

  /// Creates a subnet.
  ///
  /// - Parameters:
  ///   - graph: the network; the names of weights say what is shared.
  ///   - largest: the same network, operator by operator, at the largest width.
  /// - Throws: ``TrainingError/unsupportedGraph(reason:)`` if the networks differ in more than their width.
  /// - Complexity: linear in the operators and in the channels of the weights.
  public init(graph: Graph, largest: Graph) throws(TrainingError) {
    var slicer = try WeightSlicer(graph: graph, largest: largest)
    try slicer.slice()
    self.graph = graph
    weights = slicer.weights
  }

  /// The trainable weights, sorted by the names of their tensors.
  package var sharedWeights: [SharedWeight] { weights.keys.sorted().map { weights[$0]! } }

  /// The shared weight behind a trainable tensor. - Precondition: the graph has it.
  func sharedWeight(of name: String) -> SharedWeight { weights[name]! }
}

/// One trainable weight of a subnet as a slice of a shared weight.
package struct SharedWeight: Sendable, Hashable {
  /// Elements that lie next to each other both in the subnet's weight and in the shared one.
  package struct Run: Sendable, Hashable {
    /// The first element's index in the subnet's weight.
    package let own: Int
    /// The first element's index in the shared weight.
    package let shared: Int
    /// The number of elements.
    package var count: Int
  }

  /// How the shared weight is filled before training.
  package enum Filling: Sendable, Hashable {
    /// Normal numbers of this deviation.
    case normal(deviation: Double)
    case constant(Float)
  }

  /// The tensor's name in the subnet.
  package let name: String
  /// What identifies the shared weight: its name and largest shape.
  package let key: String
  /// Elements of the shared weight.
  package let sharedCount: Int
  /// The elements of the subnet's weight, in order, without gaps.
  package let runs: [Run]
  /// The shared weight's first contents.
  package let filling: Filling
}
