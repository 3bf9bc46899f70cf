extension TensorShape {
  /// The shape that both are repeated to: axes are aligned at the end, and an extent of 1 (or a missing axis) fits any
  /// other. Nil if the shapes do not fit.
  public func broadcast(with other: TensorShape) -> TensorShape? {
    var result: [Int] = []
    let rank = max(rank, other.rank)
    for axis in 0..<rank {
      let (a, b) = (extent(axis, of: rank), other.extent(axis, of: rank))
      guard a == b || a == 1 || b == 1 else { return nil }
      result.append(a == 1 ? b : a)
    }
    return TensorShape(result)
  }

  /// For each axis of `result`, the distance in elements between neighbours in a tensor of this shape that is repeated
  /// to it; 0 along repeated axes.
  ///
  /// - Precondition: this shape can be repeated to `result`.
  public func broadcastStrides(in result: TensorShape) -> [Int] {
    var strides = [Int](repeating: 0, count: result.rank)
    var distance = 1
    for axis in stride(from: result.rank - 1, through: 0, by: -1) {
      let extent = extent(axis, of: result.rank)
      strides[axis] = extent == 1 ? 0 : distance
      distance *= extent
    }
    return strides
  }

  private func extent(_ axis: Int, of rank: Int) -> Int {
    let own = axis - (rank - self.rank)
    return own < 0 ? 1 : dimensions[own]
  }
}
