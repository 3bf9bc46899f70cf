/// Brings images of a data set into the layout of the training kernels.
package struct ChunkLoader: Sendable {
  private let dataset: ImageDataset
  private let tables: [[Float]]

  package init(dataset: ImageDataset, normalization: Normalization) {
    self.dataset = dataset
    tables = normalization.tables
  }

  /// The classes of the images.
  package func labels(_ images: ArraySlice<AugmentedImage>) -> [UInt8] {
    images.map { dataset.labels[$0.index] }
  }

  /// Writes up to a chunk of images as [channels][rows][columns][images]; unused places become black images.
  ///
  /// Pixels that a shift brings in from outside are black (byte 0), normalised as all others.
  package func load(_ images: ArraySlice<AugmentedImage>, into chunk: UnsafeMutablePointer<Float>) {
    let lanes = ActivationValue.lanes
    let (height, width) = (dataset.height, dataset.width)
    let plane = height * width
    dataset.images.withUnsafeBufferPointer { pixels in
      for channel in 0..<dataset.channels {
        tables[channel].withUnsafeBufferPointer { table in
          let target = chunk + channel * plane * lanes
          if images.count < lanes { target.update(repeating: table[0], count: plane * lanes) }
          for (lane, image) in images.enumerated() {
            let source = pixels.baseAddress! + (image.index * dataset.channels + channel) * plane
            if image == AugmentedImage(index: image.index) {
              for pixel in 0..<plane { target[pixel * lanes + lane] = table[Int(source[pixel])] }
              continue
            }
            for row in 0..<height {
              let sourceRow = row + image.rowShift
              for column in 0..<width {
                let shifted = column + image.columnShift
                let sourceColumn = image.isMirrored ? width - 1 - shifted : shifted
                let isInside =
                  sourceRow >= 0 && sourceRow < height && sourceColumn >= 0 && sourceColumn < width
                let byte = isInside ? source[sourceRow * width + sourceColumn] : 0
                target[(row * width + column) * lanes + lane] = table[Int(byte)]
              }
            }
          }
        }
      }
    }
  }
}
