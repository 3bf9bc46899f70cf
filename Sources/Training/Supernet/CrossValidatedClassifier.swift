import Foundations
import Kernels

/// Linear classifiers by ridge regression on features of labelled images, each image judged by the one that is fitted to
/// the images of other folds (cross-validation: Stone, doi 10.1111/j.2517-6161.1974.tb00994.x).
///
/// A fit is the exact minimum of the squared error to the classes' indicators with a penalty on the weights, but not on
/// the intercept (Hoerl and Kennard, doi 10.1080/00401706.1970.10488634). Classes are spread evenly over the folds: what
/// is left out takes nothing from the share of its class, as it would if images were left out one by one.
package enum CrossValidatedClassifier {
  /// Relative to the mean variance of the features.
  package static let penalty = 1e-3
  /// How many folds; of fewer images each is one, and the rest are empty.
  package static let folds = 10

  /// The fold of each image: those of a class take turns, and the next class goes on where one ended.
  package static func folds(of labels: [UInt8]) -> [Int] {
    var result = [Int](repeating: 0, count: labels.count)
    let order = labels.indices.sorted { (labels[$0], $0) < (labels[$1], $1) }
    for (place, image) in order.enumerated() { result[image] = place % folds }
    return result
  }

  /// What the classifier of each image says of it: [images][classes]; the largest is the class it is taken for.
  ///
  /// - Parameters:
  ///   - features: [images][features].
  ///   - labels: the class of each image.
  /// - Precondition: there are two images or more, features and classes.
  /// - Complexity: images · features² + folds · features³ / 6.
  package static func outputs(features: [Float], labels: [UInt8], classes: Int) -> [Double] {
    let count = features.count / labels.count
    let (rows, variance) = rows(features, images: labels.count)
    let size = count + 1
    let folds = Self.folds(of: labels)
    let parts = (0..<Self.folds).map { fold in
      Sums(of: labels.indices.filter { folds[$0] == fold }, rows: rows, labels: labels, classes: classes)
    }
    let all = parts.reduce(into: Sums(size: size, classes: classes)) { $0.add($1, times: 1) }
    var result = [Double](repeating: 0, count: labels.count * classes)
    for part in parts where !part.images.isEmpty {
      var others = all
      others.add(part, times: -1)
      let scale = max(penalty * variance, 1e-12) * Double(labels.count - part.images.count)
      for index in 0..<count { others.products[index * size + index] += scale }
      let factor = CholeskyFactor(of: others.products, size: size, leastPivot: scale * 1e-9)
      let weights = factor.solve(others.targets, columns: classes)
      var outputs = [Double](repeating: 0, count: part.images.count * classes)
      BLAS.multiply(part.rows, weights, m: part.images.count, n: classes, k: size, into: &outputs)
      for (place, image) in part.images.enumerated() {
        for index in 0..<classes { result[image * classes + index] = outputs[place * classes + index] }
      }
    }
    return result
  }

  /// The features less their means, followed by a 1: [images][features + 1]; and the mean of their variances.
  private static func rows(_ features: [Float], images: Int) -> (rows: [Double], variance: Double) {
    let count = features.count / images
    var means = [Double](repeating: 0, count: count)
    for image in 0..<images {
      for index in 0..<count { means[index] += Double(features[image * count + index]) / Double(images) }
    }
    var rows: [Double] = []
    rows.reserveCapacity(images * (count + 1))
    var squares = 0.0
    for image in 0..<images {
      for index in 0..<count {
        let value = Double(features[image * count + index]) - means[index]
        squares += value * value
        rows.append(value)
      }
      rows.append(1)
    }
    return (rows, squares / Double(images * count))
  }

  /// What the normal equations of some images consist of.
  private struct Sums {
    var images: [Int] = []
    /// Of the images: [images][size].
    var rows: [Double] = []
    /// The sum of x xᵀ: [size][size].
    var products: [Double]
    /// The sum of x yᵀ, where y is 1 for the class: [size][classes].
    var targets: [Double]

    init(size: Int, classes: Int) {
      products = [Double](repeating: 0, count: size * size)
      targets = [Double](repeating: 0, count: size * classes)
    }

    init(of images: [Int], rows all: [Double], labels: [UInt8], classes: Int) {
      let size = all.count / labels.count
      self.init(size: size, classes: classes)
      guard !images.isEmpty else { return }
      self.images = images
      for image in images {
        rows += all[image * size..<(image + 1) * size]
        for index in 0..<size { targets[index * classes + Int(labels[image])] += all[image * size + index] }
      }
      BLAS.multiply(rows, rows, transposeA: true, m: size, n: size, k: images.count, into: &products)
    }

    mutating func add(_ other: Sums, times factor: Double) {
      for index in products.indices { products[index] += factor * other.products[index] }
      for index in targets.indices { targets[index] += factor * other.targets[index] }
    }
  }
}
