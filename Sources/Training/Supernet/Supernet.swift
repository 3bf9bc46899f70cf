import ComputationGraph

/// A trained supernet: shared weights from which any of its networks takes its own.
public struct Supernet: Sendable {
  package let weights: SharedWeights
  /// How it came about.
  public let training: SupernetProgress

  package init(weights: SharedWeights, training: SupernetProgress) {
    self.weights = weights
    self.training = training
  }

  /// The weights of a subnet; running statistics, which no supernet has, are those of an untrained network.
  public func weights(of subnet: Subnet) -> WeightValues {
    var result = WeightValues()
    for id in subnet.graph.weights {
      let tensor = subnet.graph[id]
      let neutral: Float = tensor.name.hasSuffix(".variance") ? 1 : 0
      result[tensor.name] = [Float](repeating: neutral, count: tensor.shape.elementCount)
    }
    for weight in subnet.sharedWeights {
      var values = result[weight.name]!
      values.withUnsafeMutableBufferPointer { weights.copySlice(of: weight, to: $0.baseAddress!) }
      result[weight.name] = values
    }
    return result
  }

  /// The weights of a subnet with running statistics found by recalibration; see ``evaluate(_:recalibration:validation:normalization:threads:)``.
  ///
  /// - Throws: ``TrainingError`` if the images do not fit the subnet or are too few.
  public func weights(
    of subnet: Subnet, recalibratedOn images: ImageDataset, normalization: Normalization, threads: Int
  ) throws(TrainingError) -> WeightValues {
    let engine = try recalibrated(subnet, on: images, normalization: normalization, threads: threads)
    var result = weights(of: subnet)
    for (name, statistics) in engine.runningStatistics { result[name] = statistics }
    return result
  }

  /// Recalibrates a subnet's batch norms, whose statistics the shared weights do not have, and measures it.
  ///
  /// Every chunk of 32 recalibration images passes the network in training mode; the statistics become the plain averages
  /// over the chunks. They are then fixed, and the validation images are classified. Deterministic; any number of
  /// threads gives the same result.
  ///
  /// Classifiers are cross-validated, so that each sees nearly all validation images: fitted to fewer, those of wide networks,
  /// which have more features, were judged too low (Docs/Decisions/0021).
  ///
  /// - Parameters:
  ///   - recalibration: images that the supernet was trained on; what exceeds a multiple of 32 is not used.
  ///   - validation: images that it was not trained on.
  ///   - normalization: that of the supernet's training.
  ///   - refitsClassifier: whether every image is judged, in place of the last layer, which has to serve all networks, by the
  ///     best one for the features that other validation images have in this network
  ///     (``CrossValidatedClassifier``). The loss then means little.
  ///   - memory: shared with other networks that are not used at the same time.
  /// - Throws: ``TrainingError`` if the images do not fit the subnet, are too few, or the subnet cannot be trained.
  public func evaluate(
    _ subnet: Subnet, recalibration: ImageDataset, validation: ImageDataset, normalization: Normalization,
    threads: Int, refitsClassifier: Bool = false, memory: TrainingMemory = TrainingMemory()
  ) throws(TrainingError) -> EvaluationResult {
    let least = refitsClassifier ? 2 : 1
    guard validation.count >= least else {
      throw .datasetMismatch(
        reason: "\(validation.name) has \(validation.count) images, but at least \(least) are judged")
    }
    let engine = try recalibrated(
      subnet, on: recalibration, normalization: normalization, threads: threads, memory: memory)
    try engine.verify(validation, normalization)
    let loader = ChunkLoader(dataset: validation, normalization: normalization)
    let sums =
      refitsClassifier
      ? engine.crossValidate(on: loader, count: validation.count)
      : engine.evaluate(on: loader, count: validation.count)
    return EvaluationResult(
      accuracy: Double(sums.correct) / Double(validation.count), loss: sums.loss / Double(validation.count),
      images: validation.count)
  }

  private func recalibrated(
    _ subnet: Subnet, on images: ImageDataset, normalization: Normalization, threads: Int,
    memory: TrainingMemory = TrainingMemory()
  ) throws(TrainingError) -> SubnetEngine {
    guard images.count >= TrainingConfiguration.chunkSize else {
      throw .datasetMismatch(
        reason: "batch norms are recalibrated on at least \(TrainingConfiguration.chunkSize) images, but "
          + "\(images.name) has \(images.count)")
    }
    let engine = try SubnetEngine(subnet, threads: threads, memory: memory)
    try engine.verify(images, normalization)
    engine.load(weights)
    engine.recalibrate(
      on: ChunkLoader(dataset: images, normalization: normalization), count: images.count)
    return engine
  }
}
