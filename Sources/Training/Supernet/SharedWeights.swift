import Foundations

/// The weights of a supernet, each at its largest shape, in one flat array.
///
/// A weight is added when a subnet needs it first. What it holds then depends on the seed and its key alone, not on the
/// order in which subnets come, so that weights that no subnet has trained can be drawn again at any time.
package struct SharedWeights: Sendable, Hashable {
  /// Where a weight lies.
  package struct Entry: Sendable, Hashable {
    package let offset: Int
    package let count: Int
  }

  /// By ``SharedWeight/key``.
  package private(set) var entries: [String: Entry] = [:]
  package private(set) var values: [Float] = []
  package let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  /// Where a weight lies; it is added if it is new.
  package mutating func entry(of weight: SharedWeight) -> Entry {
    if let known = entries[weight.key] { return known }
    return add(weight.key, initialValues(of: weight))
  }

  /// Adds a weight under a new key.
  @discardableResult
  mutating func add(_ key: String, _ contents: [Float]) -> Entry {
    let entry = Entry(offset: values.count, count: contents.count)
    values += contents
    entries[key] = entry
    return entry
  }

  /// The first contents of a weight.
  package func initialValues(of weight: SharedWeight) -> [Float] {
    switch weight.filling {
    case .constant(let value): return [Float](repeating: value, count: weight.sharedCount)
    case .normal(let deviation):
      var hasher = StableHasher()
      hasher.combine(seed)
      hasher.combine(weight.key)
      var generator = SeededGenerator(seed: hasher.value)
      return (0..<weight.sharedCount).map { _ in Float(generator.nextNormal() * deviation) }
    }
  }

  /// Copies the slice of a weight that a subnet uses; a weight that no subnet has used yet has its first contents.
  package func copySlice(of weight: SharedWeight, to target: UnsafeMutablePointer<Float>) {
    if let entry = entries[weight.key] {
      values.withUnsafeBufferPointer {
        Self.copy(weight.runs, from: $0.baseAddress! + entry.offset, to: target)
      }
    } else {
      initialValues(of: weight).withUnsafeBufferPointer {
        Self.copy(weight.runs, from: $0.baseAddress!, to: target)
      }
    }
  }

  /// Lends the values to be changed in place.
  mutating func withValues<Result>(_ body: (UnsafeMutablePointer<Float>) -> Result) -> Result {
    values.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  }

  private static func copy(
    _ runs: [SharedWeight.Run], from source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>
  ) {
    for run in runs { (target + run.own).update(from: source + run.shared, count: run.count) }
  }
}
