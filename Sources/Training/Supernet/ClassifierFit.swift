/// A linear classifier by ridge regression on features of labelled images: the exact minimum of the squared error to
/// the classes' indicators with a penalty on the weights (Hoerl and Kennard, doi 10.1080/00401706.1970.10488634).
package struct ClassifierFit: Sendable {
  /// [classes][features].
  package let weights: [Float]
  /// [classes].
  package let biases: [Float]

  /// Relative to the mean variance of the features.
  private static let penalty = 1e-3

  /// Fits a classifier.
  ///
  /// - Parameters:
  ///   - features: [images][features].
  ///   - labels: the class of each image.
  /// - Precondition: there are images, features and classes.
  /// - Complexity: images · features² + features³.
  package init(features: [Float], labels: [UInt8], classes: Int) {
    let images = labels.count
    let count = features.count / images
    var means = [Double](repeating: 0, count: count)
    var shares = [Double](repeating: 0, count: classes)
    for image in 0..<images {
      for index in 0..<count { means[index] += Double(features[image * count + index]) / Double(images) }
      shares[Int(labels[image])] += 1 / Double(images)
    }
    // The normal equations of centred features and centred indicators: columns are features, then classes.
    let columns = count + classes
    var rows = [Double](repeating: 0, count: count * columns)
    var centred = [Double](repeating: 0, count: columns)
    for image in 0..<images {
      for index in 0..<count { centred[index] = Double(features[image * count + index]) - means[index] }
      for index in 0..<classes {
        centred[count + index] = (Int(labels[image]) == index ? 1 : 0) - shares[index]
      }
      for row in 0..<count {
        let factor = centred[row] / Double(images)
        for column in row..<columns { rows[row * columns + column] += factor * centred[column] }
      }
    }
    let variance = (0..<count).reduce(0) { $0 + rows[$1 * columns + $1] } / Double(count)
    for row in 0..<count {
      rows[row * columns + row] += max(Self.penalty * variance, 1e-12)
      for column in 0..<row { rows[row * columns + column] = rows[column * columns + row] }
    }
    Self.eliminate(&rows, count: count, columns: columns)
    weights = (0..<classes).flatMap { index in
      (0..<count).map { Float(rows[$0 * columns + count + index]) }
    }
    biases = (0..<classes).map { index in
      Float((0..<count).reduce(shares[index]) { $0 - rows[$1 * columns + count + index] * means[$1] })
    }
  }

  /// Gauss–Jordan elimination; the matrix is positive definite, so that no pivot needs to be sought.
  private static func eliminate(_ rows: inout [Double], count: Int, columns: Int) {
    for pivot in 0..<count {
      let scale = 1 / rows[pivot * columns + pivot]
      for column in pivot..<columns { rows[pivot * columns + column] *= scale }
      for row in 0..<count where row != pivot {
        let factor = rows[row * columns + pivot]
        for column in pivot..<columns {
          rows[row * columns + column] -= factor * rows[pivot * columns + column]
        }
      }
    }
  }
}
