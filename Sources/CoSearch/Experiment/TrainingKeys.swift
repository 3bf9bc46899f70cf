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
    if let optimizer = try reader.optionalMapping("optimizer") {
      training.optimizer = try Self.optimizer(optimizer)
    }
    if let momentum = try reader.optionalDouble("momentum", in: 0..<1) { training.momentum = momentum }
    if let decay = try reader.optionalDouble("weightDecay", in: 0...1e3) { training.weightDecay = decay }
    if let nesterov = try reader.optionalBool("nesterov") { training.nesterov = nesterov }
    if let schedule = try reader.optionalMapping("schedule") {
      training.schedule = try Self.schedule(schedule)
    }
    if let warmup = try reader.optionalDouble("warmupFraction", in: 0..<1) {
      training.warmupFraction = warmup
    }
    training.gradientClipping = try reader.optionalDouble("gradientClipping", in: 1e-9...1e9)
    if var averaging = try reader.optionalMapping("averaging") {
      training.averaging = .init(decay: try averaging.optionalDouble("decay", in: 0..<1) ?? 0.999)
      try averaging.finish()
    }
    if let smoothing = try reader.optionalDouble("labelSmoothing", in: 0..<1) {
      training.labelSmoothing = smoothing
    }
    if var augmentation = try reader.optionalMapping("augmentation") {
      training.augmentation = .init(
        horizontalFlip: try augmentation.optionalBool("horizontalFlip") ?? false,
        cropPadding: try augmentation.optionalInt("cropPadding", in: 0...64) ?? 0,
        cutout: try augmentation.optionalInt("cutout", in: 0...65_536) ?? 0,
        mixup: try augmentation.optionalDouble("mixup", in: 0...100) ?? 0)
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

  private static func optimizer(
    _ configuration: ConfigurationMapping
  ) throws(ConfigurationError) -> TrainingConfiguration.Optimizer {
    var reader = configuration
    var result = TrainingConfiguration.Optimizer.sgd
    if try reader.choice("name", among: TrainingConfiguration.Optimizer.names) != result.name {
      let usual = TrainingConfiguration.AdamW()
      result = .adamW(
        .init(
          beta1: try reader.optionalDouble("beta1", in: 0..<1) ?? usual.beta1,
          beta2: try reader.optionalDouble("beta2", in: 0..<1) ?? usual.beta2,
          epsilon: try reader.optionalDouble("epsilon", in: 1e-30...1) ?? usual.epsilon))
    }
    try reader.finish()
    return result
  }

  private static func schedule(
    _ configuration: ConfigurationMapping
  ) throws(ConfigurationError) -> TrainingConfiguration.Schedule {
    var reader = configuration
    let result: TrainingConfiguration.Schedule
    switch try reader.choice("name", among: TrainingConfiguration.Schedule.names) {
    case "cosine": result = .cosine
    case "constant": result = .constant
    default:
      let usual = TrainingConfiguration.OneCycle()
      result = .oneCycle(
        .init(
          startDivisor: try reader.optionalDouble("startDivisor", in: 1...1e9) ?? usual.startDivisor,
          endDivisor: try reader.optionalDouble("endDivisor", in: 1...1e9) ?? usual.endDivisor,
          lowestMomentum: try reader.optionalDouble("lowestMomentum", in: 0..<1)))
    }
    try reader.finish()
    return result
  }

  /// All keys with their values; what is not used is left out.
  static func entries(_ training: TrainingConfiguration) -> [(key: String, value: ConfigurationValue)] {
    var entries: [(key: String, value: ConfigurationValue)] = [
      ("epochs", .double(training.epochs)), ("batchSize", .int(training.batchSize)),
      ("learningRate", .double(training.learningRate)), ("optimizer", value(of: training.optimizer)),
      ("momentum", .double(training.momentum)), ("weightDecay", .double(training.weightDecay)),
      ("nesterov", .bool(training.nesterov)), ("schedule", value(of: training.schedule)),
      ("warmupFraction", .double(training.warmupFraction)),
    ]
    if let clipping = training.gradientClipping { entries.append(("gradientClipping", .double(clipping))) }
    if let averaging = training.averaging {
      entries.append(("averaging", .mapping([("decay", .double(averaging.decay))])))
    }
    let augmentation = training.augmentation
    entries += [
      ("labelSmoothing", .double(training.labelSmoothing)),
      (
        "augmentation",
        .mapping([
          ("horizontalFlip", .bool(augmentation.horizontalFlip)),
          ("cropPadding", .int(augmentation.cropPadding)), ("cutout", .int(augmentation.cutout)),
          ("mixup", .double(augmentation.mixup)),
        ])
      ),
    ]
    return entries
  }

  private static func value(of optimizer: TrainingConfiguration.Optimizer) -> ConfigurationValue {
    var entries: [(key: String, value: ConfigurationValue)] = [("name", .string(optimizer.name))]
    if case .adamW(let numbers) = optimizer {
      entries += [
        ("beta1", .double(numbers.beta1)), ("beta2", .double(numbers.beta2)),
        ("epsilon", .double(numbers.epsilon)),
      ]
    }
    return .mapping(entries)
  }

  private static func value(of schedule: TrainingConfiguration.Schedule) -> ConfigurationValue {
    var entries: [(key: String, value: ConfigurationValue)] = [("name", .string(schedule.name))]
    if case .oneCycle(let cycle) = schedule {
      entries += [
        ("startDivisor", .double(cycle.startDivisor)), ("endDivisor", .double(cycle.endDivisor)),
      ]
      if let lowest = cycle.lowestMomentum { entries.append(("lowestMomentum", .double(lowest))) }
    }
    return .mapping(entries)
  }
}
