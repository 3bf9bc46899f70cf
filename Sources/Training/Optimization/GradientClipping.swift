/// Limits the length of the gradient of all weights taken together (Pascanu et al., arXiv 1211.5063).
enum GradientClipping {
  /// Scales the gradients down so that their Euclidean norm is at most `maximum`; shorter ones stay as they are.
  ///
  /// The sum is taken in double precision in the order of the weights, so that it is the same everywhere. A norm that is
  /// not a number leaves the gradients alone, for the divergence to be seen.
  static func apply(maximum: Double, to gradients: UnsafeMutablePointer<Float>, layout: ParameterLayout) {
    var sum = 0.0
    for slot in layout.slots {
      let g = gradients + slot.offset
      for index in 0..<slot.count { sum += Double(g[index]) * Double(g[index]) }
    }
    let norm = sum.squareRoot()
    guard norm.isFinite, norm > maximum else { return }
    let factor = Float(maximum / norm)
    for slot in layout.slots {
      let g = gradients + slot.offset
      for index in 0..<slot.count { g[index] *= factor }
    }
  }
}
