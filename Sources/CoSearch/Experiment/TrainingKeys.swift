import ConfigurationFiles
import Training

/// How the numbers of a training stand in an experiment file; keys left out have the defaults of
/// `TrainingConfiguration`.
enum TrainingKeys {
  /// Reads the keys of a training from a mapping that may have others.
  static func read(
    from reader: inout ConfigurationMapping, threads: Int
  ) throws(ConfigurationError) -> TrainingConfiguration {
    var training = TrainingConfiguration(threads: threads)
    training.epochs = try reader.double("epochs", in: 0.001...1_000_000)
    let batchNode = reader.optionalNode("batchSize")
    if let batchNode {
      training.batchSize = try batchNode.int(in: 1...65_536)
      if training.batchSize % TrainingConfiguration.chunkSize != 0 {
        throw batchNode.error(
          "'\(batchNode.name)' must be a multiple of \(TrainingConfiguration.chunkSize), "
            + "found \(training.batchSize)")
      }
    }
    if let rate = try reader.optionalDouble("learningRate", in: 1e-9...1e3) { training.learningRate = rate }
    if let momentum = try reader.optionalDouble("momentum", in: 0..<1) { training.momentum = momentum }
    if let decay = try reader.optionalDouble("weightDecay", in: 0...1e3) { training.weightDecay = decay }
    if let nesterov = try reader.optionalBool("nesterov") { training.nesterov = nesterov }
    if let warmup = try reader.optionalDouble("warmupFraction", in: 0..<1) {
      training.warmupFraction = warmup
    }
    if let smoothing = try reader.optionalDouble("labelSmoothing", in: 0..<1) {
      training.labelSmoothing = smoothing
    }
    if var augmentation = try reader.optionalMapping("augmentation") {
      training.augmentation = .init(
        horizontalFlip: try augmentation.optionalBool("horizontalFlip") ?? false,
        cropPadding: try augmentation.optionalInt("cropPadding", in: 0...64) ?? 0)
      try augmentation.finish()
    }
    do {
      try training.validate()
    } catch {
      // What one key alone cannot show, such as Nesterov's look-ahead without momentum.
      throw reader.node.error("\(error)")
    }
    return training
  }

  /// All keys with their values.
  static func entries(_ training: TrainingConfiguration) -> [(key: String, value: ConfigurationValue)] {
    [
      ("epochs", .double(training.epochs)), ("batchSize", .int(training.batchSize)),
      ("learningRate", .double(training.learningRate)), ("momentum", .double(training.momentum)),
      ("weightDecay", .double(training.weightDecay)), ("nesterov", .bool(training.nesterov)),
      ("warmupFraction", .double(training.warmupFraction)),
      ("labelSmoothing", .double(training.labelSmoothing)),
      (
        "augmentation",
        .mapping([
          ("horizontalFlip", .bool(training.augmentation.horizontalFlip)),
          ("cropPadding", .int(training.augmentation.cropPadding)),
        ])
      ),
    ]
  }
}
