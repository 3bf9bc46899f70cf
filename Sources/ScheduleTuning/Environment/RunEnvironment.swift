import Foundation
import Kernels

/// Where and with what a run was made: the file `environment.json` (`Formats/RunEnvironment.schema.json`).
public struct RunEnvironment: Codable, Hashable, Sendable {
  /// The linear algebra library.
  public struct BLASBuild: Codable, Hashable, Sendable {
    /// Name and version: `OpenBLAS 0.3.21`.
    public let version: String
    /// The kernel set in use: `SkylakeX`, `Haswell`…
    public let core: String
    /// The library's own description of its build.
    public let configuration: String
    /// The core that `OPENBLAS_CORETYPE` asked for; absent if the library chose by itself.
    public let requestedCore: String?
  }

  /// The version of the format that this code reads and writes.
  public static let currentSchemaVersion = 1

  /// The version of the format.
  public let schemaVersion: Int
  /// The version of Tandem.
  public let packageVersion: String
  /// The operating system with its version.
  public let operatingSystem: String
  /// The processor's name.
  public let cpu: String
  /// The widest vector extension that the kernels use.
  public let vectorExtension: String
  /// Processors that the system lets this process use.
  public let processors: Int
  /// Main memory in bytes.
  public let memoryBytes: Int
  /// The linear algebra library.
  public let blas: BLASBuild
  /// Threads of the run.
  public let threads: Int
  /// The compilers that built Tandem.
  public let toolchain: String

  /// This process.
  public static func current(
    threads: Int, packageVersion: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> RunEnvironment {
    let process = ProcessInfo.processInfo
    return RunEnvironment(
      schemaVersion: currentSchemaVersion, packageVersion: packageVersion,
      operatingSystem: process.operatingSystemVersionString, cpu: Processor.name,
      vectorExtension: KernelBuild.vectorExtension, processors: process.activeProcessorCount,
      memoryBytes: Int(clamping: process.physicalMemory),
      blas: BLASBuild(
        version: BLAS.version, core: BLAS.coreName, configuration: BLAS.configuration,
        requestedCore: environment["OPENBLAS_CORETYPE"].flatMap { $0.isEmpty ? nil : $0 }),
      threads: threads, toolchain: "\(swiftVersion), \(KernelBuild.compiler)")
  }

  private static var swiftVersion: String {
    #if compiler(>=6.4)
      "Swift 6.4 or later"
    #elseif compiler(>=6.3)
      "Swift 6.3"
    #elseif compiler(>=6.2)
      "Swift 6.2"
    #else
      "Swift 6.1 or earlier"
    #endif
  }
}
