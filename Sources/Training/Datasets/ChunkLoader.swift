/// Brings images of a data set into the layout of the training kernels.
package struct ChunkLoader: Sendable {
  private let dataset: ImageDataset
  private let tables: [[Float]]

  package init(dataset: ImageDataset, normalization: Normalization) {
    self.dataset = dataset
    tables = normalization.tables
  }

  /// The classes of the images.
  package func labels(_ images: ArraySlice<AugmentedImage>) -> [ImageLabel] {
    images.map { image in
      ImageLabel(
        label: dataset.labels[image.index],
        mixed: image.partner.map { .init(label: dataset.labels[$0.index], share: $0.share) })
    }
  }

  /// Writes up to a chunk of images as [channels][rows][columns][images]; unused places become black images.
  ///
  /// Pixels that a shift brings in from outside are black (byte 0), normalised as all others; those that are cut out are
  /// zero after the normalisation. Mixed images are sums of two normalised images.
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
            place(image, source, table) { target[$0 * lanes + lane] = $1 }
            if let partner = image.partner {
              let other = pixels.baseAddress! + (partner.index * dataset.channels + channel) * plane
              place(partner.image, other, table) { pixel, value in
                let own = target[pixel * lanes + lane]
                target[pixel * lanes + lane] = own + partner.share * (value - own)
              }
            }
          }
        }
      }
    }
  }

  /// Hands every pixel of one channel of a changed image to `body`, by its place and with its normalised value.
  @inline(__always)
  private func place(
    _ image: AugmentedImage, _ source: UnsafePointer<UInt8>, _ table: UnsafeBufferPointer<Float>,
    _ body: (_ pixel: Int, _ value: Float) -> Void
  ) {
    let (height, width) = (dataset.height, dataset.width)
    for row in 0..<height {
      let sourceRow = row + image.rowShift
      let isCutRow = image.cutout?.rows.contains(row) ?? false
      for column in 0..<width {
        if isCutRow, image.cutout!.columns.contains(column) {
          body(row * width + column, 0)
          continue
        }
        let shifted = column + image.columnShift
        let sourceColumn = image.isMirrored ? width - 1 - shifted : shifted
        let isInside =
          sourceRow >= 0 && sourceRow < height && sourceColumn >= 0 && sourceColumn < width
        let byte = isInside ? source[sourceRow * width + sourceColumn] : 0
        body(row * width + column, table[Int(byte)])
      }
    }
  }
}
