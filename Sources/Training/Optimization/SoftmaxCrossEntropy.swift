import Foundation

/// The loss of a chunk of logits against classes, with its gradient.
struct SoftmaxCrossEntropy: Sendable {
  /// Sums over the images of a chunk.
  struct Sums: Sendable {
    var loss = 0.0
    var correct = 0

    static func += (a: inout Sums, b: Sums) {
      a.loss += b.loss
      a.correct += b.correct
    }
  }

  /// The number of classes.
  let classes: Int
  /// The share of the target probability that is spread evenly over all classes.
  let smoothing: Double

  /// Sums over the first `count` images of a chunk of logits [classes][images].
  ///
  /// - Parameter gradient: receives softmax − target of every image where it is given.
  func evaluate(
    logits: UnsafePointer<Float>, labels: [UInt8], count: Int, gradient: UnsafeMutablePointer<Float>?
  ) -> Sums {
    let lanes = ActivationValue.lanes
    let floor = smoothing / Double(classes)
    var sums = Sums()
    for image in 0..<count {
      var best = 0
      for index in 1..<max(classes, 1) where logits[index * lanes + image] > logits[best * lanes + image] {
        best = index
      }
      let label = Int(labels[image])
      let largest = Double(logits[best * lanes + image])
      var total = 0.0
      var mean = 0.0
      for index in 0..<classes {
        total += exp(Double(logits[index * lanes + image]) - largest)
        mean += Double(logits[index * lanes + image]) / Double(classes)
      }
      let logTotal = log(total) + largest
      sums.loss += logTotal - (1 - smoothing) * Double(logits[label * lanes + image]) - smoothing * mean
      if best == label { sums.correct += 1 }
      guard let gradient else { continue }
      for index in 0..<classes {
        let probability = exp(Double(logits[index * lanes + image]) - logTotal)
        let target = floor + (index == label ? 1 - smoothing : 0)
        gradient[index * lanes + image] = Float(probability - target)
      }
    }
    return sums
  }
}
