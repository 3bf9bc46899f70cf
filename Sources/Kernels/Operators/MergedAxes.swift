/// The axes of an array that several operands are laid out by, neighbours joined where every operand's elements follow on.
struct MergedAxes {
  /// The extent of each axis; at least one axis.
  let extents: [Int]
  /// For each operand, the distance between neighbours along each axis in elements.
  let strides: [[Int]]

  /// - Precondition: there is an operand, and every operand has a stride for every axis.
  init(extents: [Int], strides: [[Int]]) {
    var merged: [Int] = []
    var distances = [[Int]](repeating: [], count: strides.count)
    for axis in extents.indices where extents[axis] != 1 {
      let continues =
        !merged.isEmpty
        && strides.indices.allSatisfy { distances[$0].last! == strides[$0][axis] * extents[axis] }
      if continues {
        merged[merged.count - 1] *= extents[axis]
        for operand in strides.indices { distances[operand][merged.count - 1] = strides[operand][axis] }
      } else {
        merged.append(extents[axis])
        for operand in strides.indices { distances[operand].append(strides[operand][axis]) }
      }
    }
    self.extents = merged.isEmpty ? [1] : merged
    self.strides = merged.isEmpty ? strides.map { _ in [0] } : distances
  }

  /// The distances of a row-major array.
  static func rowMajor(_ extents: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * extents[axis + 1]
    }
    return strides
  }

  /// How many combinations there are of all axes but the last `inner`.
  func outerCount(inner: Int) -> Int { extents.dropLast(inner).reduce(1, *) }

  /// Where an operand's elements begin under such a combination.
  func offset(of operand: Int, outer index: Int, inner: Int) -> Int {
    var (rest, offset) = (index, 0)
    var axis = extents.count - inner - 1
    while axis >= 0 {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: extents[axis])
      offset += remainder * strides[operand][axis]
      rest = quotient
      axis -= 1
    }
    return offset
  }
}
