import Training

/// Scores a network without training it; see ``ZeroCostProxy``. Its estimates have a score and no accuracy.
public struct ZeroCostEstimator: AccuracyEstimator {
  /// The name of the proxy: `synflow`.
  public var name: String { proxy.rawValue }
  /// The proxy.
  public let proxy: ZeroCostProxy
  /// The images that it looks at; nil if it looks at none.
  public let images: ImageDataset?
  private let normalization: Normalization?

  /// The proxy and its images.
  public var costDescription: String {
    images.map { "scores by \(name) on \($0.count) images" } ?? "scores by \(name), without images"
  }

  /// Creates an estimator.
  ///
  /// - Parameters:
  ///   - trainingSet: the published *training* part; ignored by proxies that look at no images.
  ///   - imageCount: how many of them to look at: a multiple of 32.
  ///   - splitSeed: of their choice.
  /// - Throws: ``EstimationError`` if images are needed and there are none, or too few.
  public init(
    proxy: ZeroCostProxy, trainingSet: ImageDataset?, imageCount: Int = 32, splitSeed: UInt64 = 0
  ) throws(EstimationError) {
    self.proxy = proxy
    guard proxy.needsImages else {
      (images, normalization) = (nil, nil)
      return
    }
    guard let trainingSet, imageCount > 0, imageCount % NetworkProbe.chunkSize == 0 else {
      throw .unavailable(
        reason: "the score '\(proxy.rawValue)' needs a multiple of \(NetworkProbe.chunkSize) images")
    }
    do throws(DatasetError) {
      images = try trainingSet.stratifiedSubset(count: imageCount, seed: splitSeed)
    } catch {
      throw .dataset(error)
    }
    normalization = Normalization(of: trainingSet)
  }

  /// Scores one network; the seed is that of its random weights.
  public func estimate(_ subject: EstimationSubject, seed: UInt64) throws(EstimationError) -> AccuracyEstimate
  {
    let clock = ContinuousClock()
    let start = clock.now
    let score = try ZeroCostScore(
      graph: subject.training, images: images, normalization: normalization, seed: seed
    ).value(of: proxy)
    return AccuracyEstimate(
      accuracy: nil, score: score, estimator: name, split: images == nil ? "none" : "train", trainImages: 0,
      validationImages: images?.count ?? 0, epochs: 0, seconds: (clock.now - start) / .seconds(1))
  }
}
