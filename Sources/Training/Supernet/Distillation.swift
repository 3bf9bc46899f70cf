import Foundation

/// The class probabilities of a step's images as its largest subnet sees them, for the smaller ones to learn from
/// (in-place distillation, Yu and Huang, arXiv 1903.05134).
package final class SoftTargets: @unchecked Sendable {
  // Unchecked: within a step each chunk writes or reads only its own part.

  private let classes: Int
  private let probabilities: AlignedBuffer

  package init(chunks: Int, classes: Int) {
    self.classes = classes
    probabilities = AlignedBuffer(count: chunks * classes * ActivationValue.lanes)
  }

  /// Keeps the softmax of a chunk's logits [classes][images].
  package func record(chunk: Int, logits: UnsafePointer<Float>, count: Int) {
    let lanes = ActivationValue.lanes
    let target = part(chunk)
    for image in 0..<count {
      let total = logSumOfExponentials(logits, image: image)
      for index in 0..<classes {
        target[index * lanes + image] = Float(exp(Double(logits[index * lanes + image]) - total))
      }
    }
  }

  /// The cross-entropy of a chunk's logits against the kept probabilities, with its gradient softmax − target; labels are
  /// only for counting what is right.
  package func evaluate(
    chunk: Int, logits: UnsafePointer<Float>, labels: [Int], gradient: UnsafeMutablePointer<Float>
  ) -> (loss: Double, correct: Int) {
    let lanes = ActivationValue.lanes
    let target = part(chunk)
    var sums = (loss: 0.0, correct: 0)
    for (image, label) in labels.enumerated() {
      let total = logSumOfExponentials(logits, image: image)
      var best = 0
      for index in 0..<classes {
        let position = index * lanes + image
        let logit = Double(logits[position])
        if logits[position] > logits[best * lanes + image] { best = index }
        sums.loss += Double(target[position]) * (total - logit)
        gradient[position] = Float(exp(logit - total) - Double(target[position]))
      }
      if best == label { sums.correct += 1 }
    }
    return sums
  }

  private func part(_ chunk: Int) -> UnsafeMutablePointer<Float> {
    probabilities.pointer + chunk * classes * ActivationValue.lanes
  }

  private func logSumOfExponentials(_ logits: UnsafePointer<Float>, image: Int) -> Double {
    let lanes = ActivationValue.lanes
    var largest = logits[image]
    for index in 1..<max(classes, 1) { largest = max(largest, logits[index * lanes + image]) }
    var total = 0.0
    for index in 0..<classes { total += exp(Double(logits[index * lanes + image]) - Double(largest)) }
    return log(total) + Double(largest)
  }
}
