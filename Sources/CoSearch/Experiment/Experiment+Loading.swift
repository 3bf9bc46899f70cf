import ConfigurationFiles
import Devices
import Foundation
import MemoryPlanning
import SearchSpaces
import Training

extension Experiment {
  /// Reads an experiment file, its search space and its device profiles.
  ///
  /// Devices are named (a file in the `Devices` folder beside the experiment) or given as a path; all paths are
  /// relative to the experiment file.
  ///
  /// - Throws: ``ConfigurationError`` naming file, line and key of the first mistake, in whichever file it is.
  public static func load(from url: URL) throws(ConfigurationError) -> Experiment {
    try Experiment(configuration: ConfigurationFile.read(url))
  }

  /// Reads an experiment from a mapping whose `schemaVersion` has been checked.
  ///
  /// - Throws: ``ConfigurationError``; see ``load(from:)``.
  public init(configuration: ConfigurationMapping) throws(ConfigurationError) {
    var reader = configuration
    let folder = reader.node.file.absoluteURL.deletingLastPathComponent()
    let nameNode = try reader.node("name")
    name = try nameNode.string()
    guard name.count <= 64, name.first != ".",
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
    else {
      throw nameNode.error(
        "'name' must be at most 64 letters, digits, '-', '_' and '.' and not begin with '.'")
    }
    spaceFile = try reader.path("space")
    space = try SearchSpace.load(from: spaceFile)
    try Self.checkSchedulers(of: space, file: spaceFile)
    dataset = try DatasetReference(configuration: reader.mapping("dataset"))
    devices = try Self.devices(reader.list("devices", count: 1...64), folder: folder)
    objectives = try Self.objectives(reader.optionalNode("objectives"))
    strategy = try StrategyConfiguration(configuration: reader.mapping("strategy"))
    var budget = try reader.mapping("budget")
    trials = try budget.int("trials", in: 1...10_000_000)
    try budget.finish()
    seed = try reader.optionalInt("seed", in: 0...) ?? 0
    let threads = try reader.optionalInt("threads", in: 1...256) ?? 1
    accuracy = try AccuracyConfiguration(
      configuration: reader.mapping("accuracy"), threads: threads, available: dataset.trainImages,
      space: space)
    var finalReader = try reader.mapping("final")
    final = try TrainingKeys.read(from: &finalReader, threads: threads)
    try finalReader.finish()
    try reader.finish()
  }

  private static func devices(
    _ nodes: [ConfigurationNode], folder: URL
  ) throws(ConfigurationError) -> [DeviceProfile] {
    let catalog = DeviceCatalog(folder: folder.appending(path: "Devices"))
    var devices: [DeviceProfile] = []
    for node in nodes {
      let reference = try node.string()
      let device: DeviceProfile
      do {
        device = try catalog.find(reference, relativeTo: folder)
      } catch {
        // A mistake inside a profile has its own place; a profile that is not there is this line's mistake.
        throw error.line == nil ? node.error(error.reason + " in \(error.file)") : error
      }
      if devices.contains(where: { $0.name == device.name }) {
        throw node.error("the device '\(device.name)' is listed twice")
      }
      devices.append(device)
    }
    return devices
  }

  private static func objectives(_ node: ConfigurationNode?) throws(ConfigurationError) -> [Objective] {
    guard let node else { return Objective.allCases }
    var objectives: [Objective] = []
    for item in try node.list(count: 1...) {
      let objective = try item.choice(of: Objective.self)
      if objectives.contains(objective) {
        throw item.error("the objective '\(objective.rawValue)' is listed twice")
      }
      objectives.append(objective)
    }
    if !objectives.contains(.accuracy) { throw node.error("'objectives' must include accuracy") }
    return objectives
  }

  private static func checkSchedulers(of space: SearchSpace, file: URL) throws(ConfigurationError) {
    let known = SchedulerName.allCases.map(\.rawValue)
    for decision in space.policyDecisions where decision.name == "scheduler" {
      for value in decision.values where !known.contains(value) {
        throw ConfigurationError(
          file: file.relativePath, line: nil,
          reason: "there is no scheduler '\(value)'" + NearestName.hint(for: value, among: known))
      }
    }
  }
}

extension StrategyConfiguration {
  init(configuration: ConfigurationMapping) throws(ConfigurationError) {
    var reader = configuration
    switch try reader.choice("name", among: ["random", "regularizedEvolution"]) {
    case "random": self = .random
    default:
      self = .regularizedEvolution(
        population: try reader.optionalInt("population", in: 1...100_000) ?? 16,
        tournament: try reader.optionalInt("tournament", in: 1...100_000) ?? 4)
    }
    try reader.finish()
  }
}
