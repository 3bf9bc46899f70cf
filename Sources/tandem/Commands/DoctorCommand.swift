import ArgumentParser
import CoSearch
import ExperimentStore
import Foundation
import Kernels
import MemoryPlanning
import Reporting
import ScheduleTuning
import Training

/// `tandem doctor`.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Says what this machine has, what is missing, and how to get it.",
    discussion: """
      EXAMPLE
        tandem doctor
      """)

  @OptionGroup var format: FormatOption

  /// One requirement.
  private struct Check: Encodable {
    enum State: String, Encodable { case ok, warning, missing }
    let requirement: String
    let state: State
    let found: String
    let fix: String?
  }

  func run() throws {
    let environment = RunEnvironment.current(
      threads: ProcessInfo.processInfo.activeProcessorCount, packageVersion: TandemVersion.current)
    let checks = [
      Check(
        requirement: "processor", state: .ok,
        found:
          "\(environment.cpu), \(environment.processors) threads, vectors: \(environment.vectorExtension)",
        fix: nil),
      blas(environment), dataset(), database(), integerPrograms(), python(),
    ]
    try format.print(checks) {
      var table = TextTable(columns: [
        .init("requirement"), .init("state"), .init("found"), .init("to mend it"),
      ])
      for check in checks {
        table.append([check.requirement, check.state.rawValue, check.found, check.fix ?? ""])
      }
      return table.rendered()
    }
    if checks.contains(where: { $0.state == .missing }) { throw ExitCode.failure }
  }

  private func blas(_ environment: RunEnvironment) -> Check {
    var found = "\(environment.blas.version), kernel core \(environment.blas.core)"
    // Left to itself the library picks the best core that it has for the processor.
    guard let requested = environment.blas.requestedCore else {
      return Check(requirement: "BLAS", state: .ok, found: found, fix: nil)
    }
    found += " (OPENBLAS_CORETYPE=\(requested) is set)"
    return Check(
      requirement: "BLAS", state: .warning, found: found,
      fix: "unset OPENBLAS_CORETYPE, unless it is set on purpose: another core may be faster")
  }

  private func dataset() -> Check {
    let requirement = "Fashion-MNIST"
    do {
      let reference = try DatasetReference(name: .fashionMNIST)
      let folder = try FashionMNIST.locate(explicit: nil)
      let counts = try DatasetSplit.allCases.map { try reference.load($0).count }
      return Check(
        requirement: requirement, state: .ok,
        found: "\(folder.path), \(counts.map(NumberFormat.grouped).joined(separator: " + ")) images", fix: nil
      )
    } catch {
      return Check(
        requirement: requirement, state: .missing, found: "\(error)",
        fix: "apt-get install dataset-fashion-mnist")
    }
  }

  private func database() -> Check {
    let url = ScheduleDatabase.defaultLocation()
    do {
      let count = try ScheduleDatabase(at: url).count()
      return Check(
        requirement: "schedule database", state: .ok, found: "\(url.path), \(count) records", fix: nil)
    } catch {
      return Check(
        requirement: "schedule database", state: .missing, found: "\(error)",
        fix: "make the folder writable, or give --database")
    }
  }

  /// One scheduler among several needs it, and not for every graph.
  private func integerPrograms() -> Check {
    let requirement = "HiGHS for '\(SchedulerName.fusionILP.rawValue)'"
    do {
      let solver = try HiGHSSolver()
      return Check(requirement: requirement, state: .ok, found: "\(solver.version), \(solver.path)", fix: nil)
    } catch {
      return Check(
        requirement: requirement, state: .warning, found: "no library",
        fix: "pip install highspy, in ./.venv or for the user, or \(HiGHSSolver.environmentVariable)=FILE")
    }
  }

  /// Only the tests need Python: ONNX Runtime is their referee.
  private func python() -> Check {
    let path = ".venv/bin/python3"
    return FileManager.default.isExecutableFile(atPath: path)
      ? Check(requirement: "Python for the tests", state: .ok, found: path, fix: nil)
      : Check(
        requirement: "Python for the tests", state: .warning, found: "no \(path) here",
        fix: "Scripts/setup.sh --tests (only 'make test' needs it)")
  }
}
