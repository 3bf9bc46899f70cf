import AccuracyEstimation
import ConfigurationFiles

/// What an experiment says of its supernet besides the training: see `SupernetConfiguration`.
public struct SupernetSettings: Hashable, Sendable {
  /// Training images that batch norms are recalibrated on for every network judged.
  public var recalibrationImages: Int
  /// Whether the last layer is fitted anew for every network judged, on the same images.
  public var refitsClassifier: Bool
  /// What is trained in a step.
  public var sampling: SupernetConfiguration.Sampling
  /// How many times as often an operation with weights is drawn as one without.
  public var operationEmphasis: Double
  /// Whether the smaller networks of a step learn from the largest one's answers.
  public var distillation: Bool
  /// The phases of progressive shrinking.
  public var phases: [SupernetConfiguration.Phase]

  /// Creates settings; the defaults are those of an experiment that says nothing.
  public init(
    recalibrationImages: Int = 64, refitsClassifier: Bool = true,
    sampling: SupernetConfiguration.Sampling = .independent(subnets: 8), operationEmphasis: Double = 6,
    distillation: Bool = false,
    phases: [SupernetConfiguration.Phase] = []
  ) {
    self.recalibrationImages = recalibrationImages
    self.refitsClassifier = refitsClassifier
    self.sampling = sampling
    self.operationEmphasis = operationEmphasis
    self.distillation = distillation
    self.phases = phases
  }
}

/// How a supernet stands in an experiment file.
enum SupernetKeys {
  private static let samplings = ["independent", "sandwich"]

  /// Reads the keys of a supernet from a mapping that may have others.
  ///
  /// - Parameters:
  ///   - trainImages: how many images the supernet is trained on.
  ///   - widths: the widths of the space.
  ///   - depths: the depths of the space.
  static func read(
    from reader: inout ConfigurationMapping, trainImages: Int, widths: [Int], depths: [Int]
  ) throws(ConfigurationError) -> SupernetSettings {
    var settings = SupernetSettings()
    settings.recalibrationImages = min(settings.recalibrationImages, max(trainImages / 32 * 32, 32))
    if let node = reader.optionalNode("recalibrationImages") {
      settings.recalibrationImages = try node.int(in: 32...max(trainImages, 32))
      if settings.recalibrationImages % 32 != 0 {
        throw node.error("'\(node.name)' must be a multiple of 32, found \(settings.recalibrationImages)")
      }
    }
    if settings.recalibrationImages > trainImages {
      throw reader.node.error(
        "a supernet needs at least \(settings.recalibrationImages) images to train on, found \(trainImages)")
    }
    if let refits = try reader.optionalBool("refitClassifier") { settings.refitsClassifier = refits }
    let sampling = try reader.optionalNode("sampling")?.choice(among: samplings) ?? samplings[0]
    let isSandwich = sampling == samplings[1]
    if let node = reader.optionalNode("distillation"), !isSandwich {
      throw node.error("'\(node.name)' needs the sampling 'sandwich'")
    }
    if let emphasis = try reader.optionalDouble("operationEmphasis", in: 1...1000) {
      settings.operationEmphasis = emphasis
    }
    if isSandwich {
      settings.sampling = .sandwich(subnets: try reader.optionalInt("subnetsPerStep", in: 2...64) ?? 4)
      settings.distillation = try reader.optionalBool("distillation") ?? true
    } else if let subnets = try reader.optionalInt("subnetsPerStep", in: 1...64) {
      settings.sampling = .independent(subnets: subnets)
    }
    for node in try reader.optionalList("phases", count: 0...16) ?? [] {
      var phase = try node.mapping()
      settings.phases.append(
        SupernetConfiguration.Phase(
          share: try phase.double("share", in: 1e-6...1e6),
          widths: try sizes(phase.optionalNode("widths"), among: widths),
          depths: try sizes(phase.optionalNode("depths"), among: depths)))
      try phase.finish()
    }
    return settings
  }

  /// All keys with their values.
  static func entries(_ settings: SupernetSettings) -> [(key: String, value: ConfigurationValue)] {
    var entries: [(key: String, value: ConfigurationValue)] = [
      ("recalibrationImages", .int(settings.recalibrationImages)),
      ("refitClassifier", .bool(settings.refitsClassifier)),
    ]
    switch settings.sampling {
    case .independent(let subnets):
      entries += [("sampling", .string(samplings[0])), ("subnetsPerStep", .int(subnets))]
    case .sandwich(let subnets):
      entries += [
        ("sampling", .string(samplings[1])), ("subnetsPerStep", .int(subnets)),
        ("distillation", .bool(settings.distillation)),
      ]
    }
    entries.append(("operationEmphasis", .double(settings.operationEmphasis)))
    let phases = settings.phases.map { phase in
      var entries: [(key: String, value: ConfigurationValue)] = [("share", .double(phase.share))]
      if let widths = phase.widths { entries.append(("widths", .list(widths.map { .int($0) }))) }
      if let depths = phase.depths { entries.append(("depths", .list(depths.map { .int($0) }))) }
      return ConfigurationValue.mapping(entries)
    }
    return entries + [("phases", .list(phases))]
  }

  private static func sizes(
    _ node: ConfigurationNode?, among values: [Int]
  ) throws(ConfigurationError) -> [Int]? {
    guard let node else { return nil }
    var sizes: [Int] = []
    for item in try node.list(count: 1...64) {
      let size = try item.int()
      guard values.contains(size) else {
        throw item.error(
          "the space has no \(size) here, only \(values.map(String.init).joined(separator: ", "))")
      }
      sizes.append(size)
    }
    return sizes
  }
}
