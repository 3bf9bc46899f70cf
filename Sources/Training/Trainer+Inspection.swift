import ComputationGraph

extension Trainer {
  /// The loss and gradients of one batch in training mode, and the statistics of its batch norms: for tests and
  /// for estimators that look at gradients. Weights do not change.
  package struct BatchGradients {
    /// The mean loss of the batch.
    package let loss: Double
    /// The gradient of the mean loss, by the weight's name; nothing for running statistics.
    package let gradients: WeightValues
  }

  /// Differentiates the mean loss of the first batch of images, which pass as they are.
  ///
  /// - Precondition: the data set has at least a batch of images.
  /// - Throws: ``TrainingError/datasetMismatch(reason:)`` if the images do not fit the network.
  package func batchGradients(on dataset: ImageDataset, normalization: Normalization) throws(TrainingError)
    -> BatchGradients
  {
    try verify(dataset, normalization)
    precondition(dataset.count >= configuration.batchSize, "fewer images than a batch")
    let images = (0..<configuration.batchSize).map { AugmentedImage(index: $0) }
    let sums = algorithm.limitingBLASThreads {
      engine.step(
        images, loader: ChunkLoader(dataset: dataset, normalization: normalization),
        loss: SoftmaxCrossEntropy(classes: tape.logits.channels, smoothing: configuration.labelSmoothing))
    }
    var gradients = WeightValues()
    for slot in tape.parameters.slots {
      gradients[slot.name] = Array(
        UnsafeBufferPointer(start: engine.meanGradient + slot.offset, count: slot.count))
    }
    return BatchGradients(loss: sums.loss / Double(images.count), gradients: gradients)
  }

  /// The network's outputs for every image, with running statistics: one row of classes per image.
  ///
  /// - Throws: ``TrainingError/datasetMismatch(reason:)`` if the images do not fit the network.
  public func logits(of dataset: ImageDataset, normalization: Normalization) throws(TrainingError)
    -> [[Float]]
  {
    try verify(dataset, normalization)
    let loader = ChunkLoader(dataset: dataset, normalization: normalization)
    let classes = tape.logits.channels
    let rows = algorithm.limitingBLASThreads {
      engine.rows(of: tape.logits, count: dataset.count, loader: loader)
    }
    return stride(from: 0, to: rows.count, by: classes).map { Array(rows[$0..<$0 + classes]) }
  }
}
