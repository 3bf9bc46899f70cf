/// The mean and standard deviation per channel that images are normalised with: (pixel / 255 − mean) / deviation.
public struct Normalization: Codable, Hashable, Sendable {
  /// The mean of each channel, of pixels scaled to [0, 1].
  public let mean: [Double]
  /// The standard deviation of each channel, of pixels scaled to [0, 1]; positive.
  public let standardDeviation: [Double]

  /// Creates a normalisation.
  ///
  /// - Precondition: one mean and one positive deviation for every channel.
  public init(mean: [Double], standardDeviation: [Double]) {
    precondition(mean.count == standardDeviation.count && standardDeviation.allSatisfy { $0 > 0 })
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The statistics of a data set: of *training* images, never of those that are validated or tested on.
  ///
  /// A channel of one value only, and an empty data set, get the deviation 1.
  /// - Complexity: linear in the number of pixels; sums are exact integers.
  public init(of dataset: ImageDataset) {
    let plane = dataset.height * dataset.width
    var sums = [Int](repeating: 0, count: dataset.channels)
    var squares = sums
    dataset.images.withUnsafeBufferPointer { pixels in
      for start in stride(from: 0, to: pixels.count, by: plane) {
        var sum = 0
        var square = 0
        for index in start..<start + plane {
          let pixel = Int(pixels[index])
          sum += pixel
          square += pixel * pixel
        }
        sums[start / plane % dataset.channels] += sum
        squares[start / plane % dataset.channels] += square
      }
    }
    let count = Double(max(1, dataset.count * plane))
    let means = sums.map { Double($0) / count }
    mean = means.map { $0 / 255 }
    standardDeviation = zip(squares, means).map { square, mean in
      let variance = Double(square) / count - mean * mean
      return variance > 1e-9 ? variance.squareRoot() / 255 : 1
    }
  }

  /// The normalised value of every byte, by channel.
  var tables: [[Float]] {
    zip(mean, standardDeviation).map { mean, deviation in
      (0...255).map { Float((Double($0) / 255 - mean) / deviation) }
    }
  }
}
