import Foundation
import Foundations
import ScheduleTuning

/// What the run was made on, for the page.
package struct Machine {
  package let processor: String
  package let processors: Int
  package let memoryBytes: Int
  package let operatingSystem: String

  /// This machine.
  package static var current: Machine {
    // The version is part of a run's record, which is not kept here.
    let environment = RunEnvironment.current(threads: 1, packageVersion: "")
    return Machine(
      processor: environment.cpu, processors: environment.processors, memoryBytes: environment.memoryBytes,
      operatingSystem: environment.operatingSystem)
  }

  /// One line.
  package var text: String {
    "\(processor); \(processors) processors; \(ByteCount.describe(memoryBytes)) of memory; \(operatingSystem)"
  }
}
