import Foundations

extension ImageDataset {
  /// Two disjoint parts, such as training and validation images, each with the classes in the proportions of the
  /// whole and in random order.
  ///
  /// The second part depends on `secondCount` and `seed` alone, so that training with more or fewer images is
  /// validated on the same ones.
  ///
  /// - Throws: ``DatasetError/tooFewImages(requested:available:)``.
  /// - Complexity: linear in the number of images.
  public func stratifiedSplit(
    firstCount: Int, secondCount: Int, seed: UInt64, names: (first: String, second: String)? = nil
  ) throws(DatasetError) -> (first: ImageDataset, second: ImageDataset) {
    let (requested, overflow) = firstCount.addingReportingOverflow(secondCount)
    guard firstCount >= 0, secondCount >= 0, !overflow, requested <= count else {
      throw .tooFewImages(requested: overflow ? Int.max : requested, available: count)
    }
    var generator = SeededGenerator(seed: seed)
    var remaining = indicesByClass.map { $0.shuffled(using: &generator) }
    let second = Self.take(secondCount, from: &remaining).shuffled(using: &generator)
    let first = Self.take(firstCount, from: &remaining).shuffled(using: &generator)
    return (
      subset(first, name: names?.first ?? "\(name) (first part)"),
      subset(second, name: names?.second ?? "\(name) (second part)")
    )
  }

  /// A random part with the classes in the proportions of the whole.
  ///
  /// - Throws: ``DatasetError/tooFewImages(requested:available:)``.
  public func stratifiedSubset(count: Int, seed: UInt64) throws(DatasetError) -> ImageDataset {
    try stratifiedSplit(firstCount: 0, secondCount: count, seed: seed, names: ("", name)).second
  }

  private var indicesByClass: [[Int]] {
    var result = [[Int]](repeating: [], count: classes)
    for (index, label) in labels.enumerated() { result[Int(label)].append(index) }
    return result
  }

  /// Removes `count` indices from the ends of the classes' lists: shares by the largest remainder, ties to the
  /// smaller class.
  private static func take(_ count: Int, from lists: inout [[Int]]) -> [Int] {
    let total = lists.reduce(0) { $0 + $1.count }
    guard total > 0, count > 0 else { return [] }
    var shares = lists.map { $0.count * count / total }
    let remainders = lists.indices.sorted { a, b in
      let left = lists[a].count * count % total
      let right = lists[b].count * count % total
      return left != right ? left > right : a < b
    }
    for index in remainders.prefix(count - shares.reduce(0, +)) { shares[index] += 1 }
    var taken: [Int] = []
    for (index, share) in shares.enumerated() {
      taken += lists[index].suffix(share)
      lists[index].removeLast(share)
    }
    return taken
  }
}
