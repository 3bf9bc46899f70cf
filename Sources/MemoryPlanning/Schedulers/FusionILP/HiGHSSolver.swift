import CHiGHS
import Synchronization

/// The solver of integer programs: HiGHS (https://highs.dev), loaded when it is first needed.
package struct HiGHSSolver: Sendable {
  /// What a run found out.
  struct Answer {
    /// The best solution found, if any.
    var values: [Double]?
    /// No solution has a lower peak than this many bytes, safely rounded; nil if nothing is known.
    var boundBytes: Int?
  }

  /// The environment variable that names the library.
  package static let environmentVariable = "TANDEM_HIGHS_LIBRARY"

  private struct Library: @unchecked Sendable {
    // The functions of a loaded library never change and may be called from several threads.
    let pointer: OpaquePointer
  }

  private static let loaded = Mutex<[String: Library]>([:])

  private let library: Library
  /// The library's path or name.
  package let path: String

  /// Loads a library.
  ///
  /// - Parameter candidates: paths, patterns with wildcards, or names without slash that the system looks up; the
  ///   first that is a HiGHS library is used.
  /// - Throws: ``SchedulingError/solverUnavailable(reason:)``.
  package init(candidates: [String] = HiGHSSolver.standardCandidates) throws(SchedulingError) {
    var reasons: [String] = []
    for candidate in candidates {
      guard let path = Self.path(matching: candidate) else { continue }
      switch Self.open(path) {
      case .success(let library):
        self.library = library
        self.path = path
        return
      case .failure(let failure): reasons.append(failure.reason)
      }
    }
    throw .solverUnavailable(reason: reasons.first ?? "no library was found")
  }

  /// Where the library is looked for: the environment variable alone if it is set, else the system's library, else the
  /// one that the Python package highspy brings, in ./.venv, the user's and the system's packages.
  package static var standardCandidates: [String] {
    if let named = chighs_environment(environmentVariable) { return [String(cString: named)] }
    var folders = [".venv/lib/python3*/site-packages"]
    if let environment = chighs_environment("VIRTUAL_ENV") {
      folders.append("\(String(cString: environment))/lib/python3*/site-packages")
    }
    if let home = chighs_environment("HOME") {
      folders.append("\(String(cString: home))/.local/lib/python3*/site-packages")
    }
    folders += [
      "/usr/local/lib/python3*/site-packages", "/usr/local/lib/python3*/dist-packages",
      "/usr/lib/python3*/dist-packages", "/usr/lib/python3*/site-packages",
    ]
    return ["libhighs.so.1", "libhighs.so"] + folders.map { "\($0)/highspy/libhighs.so*" }
  }

  private struct Failure: Error { let reason: String }

  private static func path(matching candidate: String) -> String? {
    if !candidate.contains("/") { return candidate }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      chighs_match(candidate, buffer.baseAddress, buffer.count) != 0
        ? String(cString: buffer.baseAddress!) : candidate.contains("*") ? nil : candidate
    }
  }

  private static func open(_ path: String) -> Result<Library, Failure> {
    loaded.withLock { loaded in
      if let library = loaded[path] { return .success(library) }
      return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { message in
        guard let pointer = chighs_open(path, message.baseAddress, message.count) else {
          return .failure(Failure(reason: String(cString: message.baseAddress!)))
        }
        loaded[path] = Library(pointer: pointer)
        return .success(Library(pointer: pointer))
      }
    }
  }

  /// The library's version.
  package var version: String { String(cString: chighs_version(library.pointer)) }

  /// Solves a program on one thread.
  ///
  /// - Parameters:
  ///   - start: a feasible value of every column, where one is known.
  ///   - seconds: when to stop.
  func solve(_ program: OrderingProgram, start: [Double]?, seconds: Double) -> Answer {
    var values = [Double](repeating: 0, count: program.columnLower.count)
    let result = chighs_solve(
      library.pointer, Int32(program.columnLower.count), Int32(program.rowLower.count),
      Int32(program.columns.count), program.columnLower, program.columnUpper, program.isInteger,
      program.rowLower, program.rowUpper, program.rowStart, program.columns, program.coefficients, start,
      seconds, 0, &values)
    // Tolerances of HiGHS are 10⁻⁶ or less, relative to how far P can move.
    let upper = program.columnUpper[0]
    let margin = 1e-2 + 1e-6 * upper
    func bytes(_ units: Double) -> Int? {
      units.isFinite ? (program.baseUnits + Int((units - margin).rounded(.up))) * program.unitBytes : nil
    }
    switch result.ending {
    case chighs_infeasible: return Answer(values: nil, boundBytes: bytes(upper + 1))
    case chighs_optimal, chighs_stopped:
      return Answer(values: result.hasValues != 0 ? values : nil, boundBytes: bytes(result.bound))
    default: return Answer(values: nil, boundBytes: nil)
    }
  }
}
