import SearchSpaces

/// What earlier trials tell about the accuracy of architectures, under whatever policy they were tried.
struct KnownAccuracies {
  private var byArchitecture: [Architecture: KnownAccuracy] = [:]

  init(_ trials: [Trial]) {
    for trial in trials { add(trial) }
  }

  /// Takes note of a trial; the first that tells something about an architecture counts.
  mutating func add(_ trial: Trial) {
    guard let known = trial.knownAccuracy, byArchitecture[trial.candidate.architecture] == nil else { return }
    byArchitecture[trial.candidate.architecture] = known
  }

  subscript(architecture: Architecture) -> KnownAccuracy? { byArchitecture[architecture] }
}
