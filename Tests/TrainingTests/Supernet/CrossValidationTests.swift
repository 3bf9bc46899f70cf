import Foundation
import Foundations
import Testing
import Training

/// Classifiers that are fitted to all images but those of a fold.
@Suite struct CrossValidationTests {
  /// What is said of an image is what a fit to the images of all other folds says of it.
  @Test(arguments: 0..<30)
  func outputsAreThoseOfFitsToOtherFolds(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let images = Int.random(in: 2...60, using: &generator)
    let count = Int.random(in: 1...12, using: &generator)
    let classes = Int.random(in: 1...5, using: &generator)
    let labels = (0..<images).map { _ in UInt8.random(in: 0..<UInt8(classes), using: &generator) }
    let features = labels.map { label in
      (0..<count).map { Float(generator.nextNormal() + 0.3 * Double($0 * Int(label)) + 5) }
    }
    let outputs = CrossValidatedClassifier.outputs(
      features: features.flatMap(\.self), labels: labels, classes: classes)
    #expect(outputs.count == images * classes)
    let folds = CrossValidatedClassifier.folds(of: labels)
    for image in 0..<images {
      let others = (0..<images).filter { folds[$0] != folds[image] }
      let penalty = CrossValidatedClassifier.penalty * meanVariance(features) * Double(others.count)
      for index in 0..<classes {
        let expected = prediction(
          for: features[image], rows: others.map { features[$0] },
          targets: others.map { Int(labels[$0]) == index ? 1 : 0 }, penalty: penalty)
        let found = outputs[image * classes + index]
        #expect(abs(found - expected) < 1e-7 * max(1, abs(expected)), "\(found) \(expected)")
      }
    }
  }

  /// Folds differ by one image at most, and so do the images of a class in them.
  @Test func classesAreSpreadEvenly() {
    var generator = SeededGenerator(seed: 3)
    let labels = (0..<1234).map { _ in UInt8.random(in: 0..<7, using: &generator) }
    let folds = CrossValidatedClassifier.folds(of: labels)
    for members in [labels.indices.map { $0 }]
      + (0..<7).map({ label in labels.indices.filter { labels[$0] == label } })
    {
      let sizes = (0..<10).map { fold in members.count { folds[$0] == fold } }
      #expect(sizes.max()! - sizes.min()! <= 1)
    }
  }

  /// Features that say nothing let images be recognised by chance, although a fit to all would know most of them.
  @Test func noImageJudgesItself() {
    var generator = SeededGenerator(seed: 5)
    let (images, count, classes) = (400, 200, 4)
    let labels = (0..<images).map { UInt8($0 % classes) }
    let features = (0..<images * count).map { _ in Float(generator.nextNormal()) }
    let outputs = CrossValidatedClassifier.outputs(features: features, labels: labels, classes: classes)
    let correct = (0..<images).count { image in
      let row = outputs[image * classes..<(image + 1) * classes]
      return row.max() == row[row.startIndex + Int(labels[image])]
    }
    #expect((70...130).contains(correct), "\(correct)")
  }

  private func meanVariance(_ features: [[Float]]) -> Double {
    let count = features[0].count
    var sum = 0.0
    for index in 0..<count {
      let values = features.map { Double($0[index]) }
      let mean = values.reduce(0, +) / Double(values.count)
      for value in values { sum += (value - mean) * (value - mean) }
    }
    return sum / Double(features.count * count)
  }

  /// Ridge regression with an intercept, which is not penalised, by Gaussian elimination of the normal equations.
  private func prediction(for row: [Float], rows: [[Float]], targets: [Double], penalty: Double) -> Double {
    let size = row.count + 1
    func extended(_ row: [Float]) -> [Double] { row.map(Double.init) + [1] }
    var system = [[Double]](repeating: [Double](repeating: 0, count: size + 1), count: size)
    for (features, target) in zip(rows, targets) {
      let x = extended(features)
      for i in 0..<size {
        for j in 0..<size { system[i][j] += x[i] * x[j] }
        system[i][size] += x[i] * target
      }
    }
    for i in 0..<size - 1 { system[i][i] += penalty }
    for column in 0..<size {
      let pivot = (column..<size).max { abs(system[$0][column]) < abs(system[$1][column]) }!
      system.swapAt(column, pivot)
      for i in 0..<size where i != column {
        let factor = system[i][column] / system[column][column]
        for j in column...size { system[i][j] -= factor * system[column][j] }
      }
    }
    let x = extended(row)
    var sum = 0.0
    for i in 0..<size { sum += x[i] * system[i][size] / system[i][i] }
    return sum
  }
}
