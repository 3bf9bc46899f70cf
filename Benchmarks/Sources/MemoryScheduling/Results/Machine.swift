import Foundation
import Foundations
import ScheduleTuning

/// What the run was made on, for the page.
struct Machine {
  let processor: String
  let processors: Int
  let memoryBytes: Int
  let operatingSystem: String

  /// This machine.
  static var current: Machine {
    // The version is part of a run's record, which is not kept here.
    let environment = RunEnvironment.current(threads: 1, packageVersion: "")
    return Machine(
      processor: environment.cpu, processors: environment.processors, memoryBytes: environment.memoryBytes,
      operatingSystem: environment.operatingSystem)
  }

  /// One line.
  var text: String {
    "\(processor); \(processors) processors; \(ByteCount.describe(memoryBytes)) of memory; \(operatingSystem)"
  }
}
