import CMicrokernels
import ComputationGraph

extension TensorLayout {
  /// The values of an image in this layout, from those in another.
  ///
  /// - Precondition: the shape has four dimensions, and there are as many values as the other layout stores.
  public func values(of shape: TensorShape, from values: [Float], in other: TensorLayout) -> [Float] {
    let (from, to) = (other.storedElementCount(of: shape) ?? 0, storedElementCount(of: shape) ?? 0)
    precondition(shape.rank == 4 && values.count == from, "not the values of this image")
    return [Float](unsafeUninitializedCapacity: to) { target, count in
      values.withUnsafeBufferPointer { source in
        guard let x = source.baseAddress, let y = target.baseAddress else { return }
        for image in 0..<shape[0] {
          blocked_convert(
            x + image * (from / shape[0]), other.blockChannels(of: shape[1]), y + image * (to / shape[0]),
            blockChannels(of: shape[1]), shape[1], shape[2] * shape[3], 0, 1)
        }
      }
      count = to
    }
  }
}
