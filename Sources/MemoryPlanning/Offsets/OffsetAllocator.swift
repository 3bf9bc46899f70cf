import ComputationGraph

/// Gives every storage and workspace a place in one arena.
public protocol OffsetAllocator: Sendable {
  /// A plan for `order`, in which buffers that are in use at the same step do not overlap.
  ///
  /// - Parameter alignment: every offset is a multiple of this many bytes, but for tensors that lie behind another one
  ///   in the result of an elided Concat.
  /// - Throws: ``SchedulingError`` if `order` is not valid or `alignment` is not positive.
  func allocate(_ problem: MemoryProblem, order: [OperatorID], alignment: Int) throws(SchedulingError)
    -> ArenaPlan
}
