import ComputationGraph

extension Graph {
  /// The bytes of each operator's weights as its kernel stores them, by operator index.
  ///
  /// Packed and transformed weights replace the ones that they are made from. A weight that several operators read as
  /// it is counts for the first of them.
  ///
  /// - Precondition: there is a schedule for every operator.
  /// - Complexity: linear in the graph.
  public func storedWeightBytes(under schedules: [KernelSchedule]) -> [Int] {
    precondition(schedules.count == operators.count, "one schedule per operator is needed")
    var counted: Set<TensorID> = []
    return operatorIDs.map { id in
      let packed = schedules[id.index].packedWeightBytes(for: id, in: self)
      var bytes = packed ?? 0
      for (position, input) in self[id].inputs.enumerated()
      where self[input].role == .weight && !(packed != nil && position == 1) && counted.insert(input).inserted
      {
        bytes += self[input].byteCount
      }
      return bytes
    }
  }
}
