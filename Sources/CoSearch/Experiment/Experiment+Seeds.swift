import Foundations

extension Experiment {
  /// What a stream of random numbers is used for; streams of one seed do not influence each other.
  enum Purpose: String {
    case search, split, estimate, supernet, final, preparation
  }

  /// The seed for a purpose; `key` tells apart what shares a purpose, such as architectures.
  func seed(for purpose: Purpose, key: String = "") -> UInt64 {
    var hasher = StableHasher()
    hasher.combine(seed)
    hasher.combine(purpose.rawValue)
    hasher.combine(key)
    return hasher.value
  }
}
