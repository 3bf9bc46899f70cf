import ConfigurationFiles

extension Experiment {
  /// The experiment as a file that states every value, defaults included.
  ///
  /// Reading the file again gives an equal experiment, provided that the space and the devices are at the paths
  /// given.
  ///
  /// - Parameters:
  ///   - spacePath: how the file names the search space.
  ///   - devicePath: how it names the profile of a device, by the device's name.
  public func resolvedYAML(spacePath: String, devicePath: (String) -> String) -> String {
    var dataset: [(key: String, value: ConfigurationValue)] = [("name", .string(self.dataset.name.rawValue))]
    if let directory = self.dataset.directory { dataset.append(("directory", .string(directory.path))) }
    var estimation: [(key: String, value: ConfigurationValue)] = [
      ("estimator", .string(accuracy.estimator.rawValue)), ("trainImages", .int(accuracy.trainImages)),
      ("validationImages", .int(accuracy.validationImages)),
    ]
    if let supernet = accuracy.supernet { estimation += SupernetKeys.entries(supernet) }
    return ConfigurationWriter.text(
      .mapping([
        ("schemaVersion", .int(ConfigurationFile.supportedVersion)), ("name", .string(name)),
        ("space", .string(spacePath)), ("dataset", .mapping(dataset)),
        ("devices", .list(devices.map { .string(devicePath($0.name)) })),
        ("objectives", .list(objectives.map { .string($0.rawValue) })),
        ("strategy", strategy.configuration), ("budget", .mapping([("trials", .int(trials))])),
        ("seed", .int(seed)), ("threads", .int(accuracy.training.threads)),
        ("accuracy", .mapping(estimation + TrainingKeys.entries(accuracy.training))),
        ("final", .mapping(TrainingKeys.entries(final))),
      ]))
  }

  /// Why this experiment cannot continue a run of `stored`, as a sentence; nil if it can.
  ///
  /// It may have more trials and more devices. Where the data set lies, how many threads train and in which
  /// order devices are listed make no difference to any result.
  public func difference(from stored: Experiment) -> String? {
    func differs(_ what: String, _ found: some Any, _ before: some Any) -> String {
      "\(what) is \(found), but \(before) in the run"
    }
    if name != stored.name { return differs("the experiment's name", name, stored.name) }
    if space.name != stored.space.name {
      return differs("the search space", space.name, stored.space.name)
    }
    if space.fingerprint != stored.space.fingerprint {
      return "the search space '\(space.name)' has changed since the run began"
    }
    if dataset.name != stored.dataset.name {
      return differs("the data set", dataset.name.rawValue, stored.dataset.name.rawValue)
    }
    if seed != stored.seed { return differs("the seed", seed, stored.seed) }
    if trials < stored.trials {
      return differs("the number of trials", trials, stored.trials) + "; it can only grow"
    }
    if objectives != stored.objectives { return "the objectives are others than in the run" }
    if strategy != stored.strategy { return "the strategy or its numbers are others than in the run" }
    for device in stored.devices {
      guard let match = devices.first(where: { $0.name == device.name }) else {
        return "the device '\(device.name)' of the run is missing"
      }
      if !match.isInterchangeable(with: device) {
        return "the profile of the device '\(device.name)' has changed since the run began"
      }
    }
    if accuracy.withoutThreads != stored.accuracy.withoutThreads {
      return "the settings under 'accuracy' are others than in the run"
    }
    if final.withoutThreads != stored.final.withoutThreads {
      return "the settings under 'final' are others than in the run"
    }
    return nil
  }
}

extension StrategyConfiguration {
  /// The strategy as a configuration file states it.
  var configuration: ConfigurationValue {
    switch self {
    case .random: .mapping([("name", .string(name))])
    case .regularizedEvolution(let population, let tournament):
      .mapping([
        ("name", .string(name)), ("population", .int(population)), ("tournament", .int(tournament)),
      ])
    }
  }
}
