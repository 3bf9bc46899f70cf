import Foundation

/// What an image should be classified as: one class, or two with shares that add up to 1.
package struct ImageLabel: Hashable, Sendable {
  /// The class; of two, the first.
  package var label: UInt8
  /// The second class and its share.
  package var mixed: Mixed?

  /// The second of two classes.
  package struct Mixed: Hashable, Sendable {
    package var label: UInt8
    package var share: Float

    package init(label: UInt8, share: Float) {
      self.label = label
      self.share = share
    }
  }

  package init(label: UInt8, mixed: Mixed? = nil) {
    self.label = label
    self.mixed = mixed
  }

  /// The class with the larger share: what counts as correct.
  var main: Int {
    guard let mixed, mixed.share > 0.5 else { return Int(label) }
    return Int(mixed.label)
  }
}

/// The loss of a chunk of logits against classes, with its gradient.
package struct SoftmaxCrossEntropy: Sendable {
  /// Sums over the images of a chunk.
  package struct Sums: Sendable, Hashable, Codable {
    package var loss = 0.0
    package var correct = 0

    package static func += (a: inout Sums, b: Sums) {
      a.loss += b.loss
      a.correct += b.correct
    }
  }

  /// The number of classes.
  package let classes: Int
  /// The share of the target probability that is spread evenly over all classes.
  package let smoothing: Double

  package init(classes: Int, smoothing: Double) {
    self.classes = classes
    self.smoothing = smoothing
  }

  /// Sums over the first `count` images of a chunk of logits [classes][images].
  ///
  /// The loss of two classes is the sum of the losses of each, weighted by their shares.
  /// - Parameter gradient: receives softmax − target of every image where it is given.
  package func evaluate(
    logits: UnsafePointer<Float>, labels: [ImageLabel], count: Int, gradient: UnsafeMutablePointer<Float>?
  ) -> Sums {
    let lanes = ActivationValue.lanes
    let floor = smoothing / Double(classes)
    var sums = Sums()
    for image in 0..<count {
      var best = 0
      for index in 1..<max(classes, 1) where logits[index * lanes + image] > logits[best * lanes + image] {
        best = index
      }
      let label = Int(labels[image].label)
      let largest = Double(logits[best * lanes + image])
      var total = 0.0
      var mean = 0.0
      for index in 0..<classes {
        total += exp(Double(logits[index * lanes + image]) - largest)
        mean += Double(logits[index * lanes + image]) / Double(classes)
      }
      let logTotal = log(total) + largest
      var wanted = Double(logits[label * lanes + image])
      if let mixed = labels[image].mixed {
        let second = Double(logits[Int(mixed.label) * lanes + image])
        wanted += Double(mixed.share) * (second - wanted)
      }
      sums.loss += logTotal - (1 - smoothing) * wanted - smoothing * mean
      if best == labels[image].main { sums.correct += 1 }
      guard let gradient else { continue }
      for index in 0..<classes {
        let probability = exp(Double(logits[index * lanes + image]) - logTotal)
        let target = floor + (index == label ? 1 - smoothing : 0)
        gradient[index * lanes + image] = Float(probability - target)
      }
      if let mixed = labels[image].mixed {
        let moved = Float((1 - smoothing) * Double(mixed.share))
        gradient[label * lanes + image] += moved
        gradient[Int(mixed.label) * lanes + image] -= moved
      }
    }
    return sums
  }

  /// Sums over images whose logits are given as [images][classes].
  func evaluate(rows: [Double], labels: [ImageLabel]) -> Sums {
    let lanes = ActivationValue.lanes
    let chunk = AlignedBuffer(count: classes * lanes)
    return stride(from: 0, to: labels.count, by: lanes).reduce(into: Sums()) { sums, first in
      let images = first..<min(first + lanes, labels.count)
      for image in images {
        for index in 0..<classes {
          chunk.pointer[index * lanes + image - first] = Float(rows[image * classes + index])
        }
      }
      sums += evaluate(
        logits: chunk.pointer, labels: Array(labels[images]), count: images.count, gradient: nil)
    }
  }
}
