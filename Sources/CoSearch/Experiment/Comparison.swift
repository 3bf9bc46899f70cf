import Devices
import Training

extension DeviceProfile {
  /// Whether everything that a result depends on is equal: all but the words for people.
  func isInterchangeable(with other: DeviceProfile) -> Bool {
    name == other.name && memoryBytes == other.memoryBytes && reservedBytes == other.reservedBytes
      && flashBytes == other.flashBytes && executionClass == other.executionClass
  }
}

extension TrainingConfiguration {
  /// The configuration without what changes only the speed.
  var withoutThreads: TrainingConfiguration {
    var copy = self
    copy.threads = 1
    return copy
  }
}

extension AccuracyConfiguration {
  /// The configuration without what changes only the speed.
  var withoutThreads: AccuracyConfiguration {
    var copy = self
    copy.training = training.withoutThreads
    return copy
  }
}
