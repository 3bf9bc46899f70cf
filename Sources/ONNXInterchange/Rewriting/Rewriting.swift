import ComputationGraph
import MemoryPlanning

/// A model that computes the same with less memory: what was rewritten, and what it gains.
///
/// Channel-wise and kernel-wise partitioning are the identity rewritings of SERENITY (Ahn et al., "Ordering Chaos:
/// Memory-Aware Scheduling of Irregularly Wired Neural Networks for Edge Devices", MLSys 2020,
/// doi:10.48550/arXiv.2003.02369), as ONNX can express them: it has no convolution that adds to a result, so a partial
/// sum is a convolution and an Add. The other kinds are additions to it.
public struct Rewriting: Sendable {
  /// What may be done.
  public struct Methods: OptionSet, Hashable, Sendable {
    /// The methods as bits.
    public let rawValue: Int
    /// Creates a set from its bits.
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// Nodes that read the result of a Concat are replaced by nodes that read its inputs. Changes the model.
    public static let partitioning = Methods(rawValue: 1)
    /// The inputs of a Concat are written to where they lie in its result. Changes how memory is counted and planned,
    /// not the model.
    public static let elision = Methods(rawValue: 2)
  }

  /// A way in which a site is rewritten.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// A convolution without groups, or a product with a matrix, over concatenated branches: the sum of partial ones,
    /// each of one branch with the weights that belong to it.
    case channelWise = "channel-wise"
    /// A depthwise or grouped convolution, none of whose groups reads two branches: one convolution per branch.
    case kernelWise = "kernel-wise"
    /// An operator that treats every channel for itself (an activation, a batch norm, a pool): one per branch. Not in
    /// SERENITY; it opens the way to convolutions behind it.
    case perChannel = "per-channel"
    /// A Concat of the result of another one: a single Concat of all branches. Not in SERENITY.
    case flattening
    /// A Concat that copies nothing, since its branches are written to their places in its result.
    case elision
  }

  /// A node that was rewritten.
  public struct Site: Hashable, Codable, Sendable {
    /// How.
    public let kind: Kind
    /// The node's name in the original; the name of its output if it has none. For ``Kind/elision``, the name of the
    /// Concat in ``Rewriting/model``.
    public let node: String
    /// The number of branches that it was divided among.
    public let parts: Int

    /// Creates a description, as read from a report.
    public init(kind: Kind, node: String, parts: Int) {
      self.kind = kind
      self.node = node
      self.parts = parts
    }
  }

  /// The rewritten model; the original where partitioning lowers nothing.
  public let model: ONNXModel
  /// The Concats of `model`'s scheduling graph to elide, for ``MemoryModel/elidedConcats``.
  public let elidedConcats: Set<OperatorID>
  /// The sites, in the order of the file; elided Concats last.
  public let sites: [Site]
  /// The best order of the original.
  public let before: Schedule
  /// The best order of `model`'s scheduling graph under the memory model with `elidedConcats`; never a higher peak than
  /// `before`.
  public let after: Schedule
}

/// Which nodes are rewritten and how.
package struct PartitionPlan: Hashable, Sendable {
  /// Nodes to divide among the branches that they read, by index in the file. Those that cannot be divided, or that
  /// read no divided tensor, stay as they are.
  package var nodes: Set<Int>
  /// The order in which the partial results of a node are added up, as a permutation of its branches; ascending where
  /// it is left out.
  package var accumulation: [Int: [Int]]

  package init(nodes: Set<Int> = [], accumulation: [Int: [Int]] = [:]) {
    self.nodes = nodes
    self.accumulation = accumulation
  }
}
