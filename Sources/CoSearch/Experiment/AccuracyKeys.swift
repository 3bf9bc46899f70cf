import AccuracyEstimation
import ConfigurationFiles
import Foundation
import SearchSpaces
import Training

extension AccuracyConfiguration {
  /// Reads the section `accuracy` of an experiment file.
  ///
  /// - Parameters:
  ///   - available: the number of training images of the data set.
  ///   - space: the search space, whose sizes a supernet may be told.
  init(
    configuration: ConfigurationMapping, threads: Int, available: Int, space: SearchSpace
  ) throws(ConfigurationError) {
    var reader = configuration
    self.init(
      estimator: try reader.choice("estimator", of: Estimator.self), trainImages: 0, validationImages: 0,
      training: TrainingConfiguration(threads: threads))
    switch estimator {
    case .shortTraining: try readTraining(&reader, threads: threads, available: available)
    case .table: table = try TableReference(reading: &reader)
    case .zeroCost: zeroCost = try ZeroCostReference(reading: &reader)
    case .successiveHalving:
      let read = try HalvingReference(reading: &reader)
      halving = read
      try readTraining(&reader, threads: threads, available: available)
      let lowest = Fidelity.ladder(
        top: Fidelity(trainImages: trainImages, epochs: training.epochs), rungs: read.rungs, eta: read.eta)[0]
      if lowest.trainImages < training.batchSize {
        throw configuration.node.error(
          "the first of \(read.rungs) rungs would train on \(lowest.trainImages) images, less than a batch of "
            + "\(training.batchSize): 'accuracy' needs more 'trainImages' or fewer 'rungs'")
      }
    case .predictor:
      let read = try PredictorReference(reading: &reader)
      predictor = read
      if read.base == .table {
        table = try TableReference(reading: &reader)
      } else {
        try readTraining(&reader, threads: threads, available: available)
      }
    case .supernet:
      try readTraining(&reader, threads: threads, available: available)
      supernet = try SupernetKeys.read(
        from: &reader, trainImages: trainImages, widths: space.widths, depths: space.depths)
    }
    try reader.finish()
  }

  private mutating func readTraining(
    _ reader: inout ConfigurationMapping, threads: Int, available: Int
  ) throws(ConfigurationError) {
    trainImages = try reader.int("trainImages", in: 1...available)
    let validationNode = try reader.node("validationImages")
    validationImages = try validationNode.int(in: 1...available)
    if trainImages + validationImages > available {
      throw validationNode.error(
        "'accuracy.trainImages' and 'accuracy.validationImages' together must be at most \(available), "
          + "the size of the training set, found \(trainImages + validationImages)")
    }
    if isPenalizable {
      generalizationGapWeight = try reader.optionalDouble("generalizationGapWeight", in: 0...100) ?? 0
    }
    training = try TrainingKeys.read(from: &reader, threads: threads)
  }

  /// Whether the score can be a penalised accuracy: successive halving ranks by rungs first, and what a predictor learns
  /// and predicts are accuracies.
  private var isPenalizable: Bool { estimator == .shortTraining }

  /// All keys with their values.
  var entries: [(key: String, value: ConfigurationValue)] {
    let name: [(key: String, value: ConfigurationValue)] = [("estimator", .string(estimator.rawValue))]
    switch estimator {
    case .shortTraining: return name + trainingEntries
    case .table: return name + (table?.entries ?? [])
    case .zeroCost: return name + (zeroCost?.entries ?? [])
    case .successiveHalving: return name + (halving?.entries ?? []) + trainingEntries
    case .predictor: return name + (predictor?.entries ?? []) + (table?.entries ?? trainingEntries)
    case .supernet: return name + trainingEntries + (supernet.map(SupernetKeys.entries) ?? [])
    }
  }

  private var trainingEntries: [(key: String, value: ConfigurationValue)] {
    [("trainImages", .int(trainImages)), ("validationImages", .int(validationImages))]
      + (isPenalizable ? [("generalizationGapWeight", .double(generalizationGapWeight))] : [])
      + TrainingKeys.entries(training)
  }
}

extension TableReference {
  init(reading reader: inout ConfigurationMapping) throws(ConfigurationError) {
    self.init(
      file: try reader.path("table"), column: try reader.string("column"),
      architectureColumn: try reader.optionalString("architectureColumn") ?? Self.defaultArchitectureColumn)
  }

  var entries: [(key: String, value: ConfigurationValue)] {
    [
      ("table", .string(file.path)), ("column", .string(column)),
      ("architectureColumn", .string(architectureColumn)),
    ]
  }
}

extension ZeroCostReference {
  init(reading reader: inout ConfigurationMapping) throws(ConfigurationError) {
    self.init(proxy: try reader.choice("proxy", of: ZeroCostProxy.self))
    guard let node = reader.optionalNode("proxyImages") else { return }
    images = try node.int(in: 32...1024)
    if images % TrainingConfiguration.chunkSize != 0 {
      throw node.error(
        "'\(node.name)' must be a multiple of \(TrainingConfiguration.chunkSize), found \(images)")
    }
  }

  var entries: [(key: String, value: ConfigurationValue)] {
    [("proxy", .string(proxy.rawValue)), ("proxyImages", .int(images))]
  }
}

extension HalvingReference {
  init(reading reader: inout ConfigurationMapping) throws(ConfigurationError) {
    self.init()
    eta = try reader.optionalInt("eta", in: 2...16) ?? eta
    rungs = try reader.optionalInt("rungs", in: 2...8) ?? rungs
    calibrationSamples =
      try reader.optionalInt("calibrationSamples", in: 2...10_000) ?? calibrationSamples
  }

  var entries: [(key: String, value: ConfigurationValue)] {
    [("eta", .int(eta)), ("rungs", .int(rungs)), ("calibrationSamples", .int(calibrationSamples))]
  }
}

extension PredictorReference {
  init(reading reader: inout ConfigurationMapping) throws(ConfigurationError) {
    let name = try reader.choice("base", among: Self.bases.map(\.rawValue))
    self.init(base: Self.bases.first { $0.rawValue == name }!)
    samples = try reader.optionalInt("samples", in: 8...100_000) ?? samples
    model = try reader.optionalChoice("model", of: AccuracyPredictor.Model.self) ?? model
    members = try reader.optionalInt("members", in: 2...100) ?? members
  }

  var entries: [(key: String, value: ConfigurationValue)] {
    [
      ("base", .string(base.rawValue)), ("samples", .int(samples)), ("model", .string(model.rawValue)),
      ("members", .int(members)),
    ]
  }
}
