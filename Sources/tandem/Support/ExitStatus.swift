import ArgumentParser
import CoSearch
import ComputationGraph
import ConfigurationFiles
import Deployment
import ExperimentStore
import Foundations
import MemoryPlanning
import ONNXInterchange
import ScheduleTuning
import SearchSpaces
import Training

/// How the process ends, for errors that are Tandem's own.
struct ExitStatus: Error {
  /// Tandem's exit codes, beside 0 for success.
  enum Code {
    static let failure: Int32 = 1
    static let badInput: Int32 = 2
    static let infeasible: Int32 = 3
    static let interrupted: Int32 = 130
  }

  let code: Int32
  let message: String?

  /// Wrong usage or input; the message names the file, line or field.
  static func badInput(_ message: String) -> ExitStatus { ExitStatus(code: Code.badInput, message: message) }

  /// Something failed while running.
  static func failure(_ message: String) -> ExitStatus { ExitStatus(code: Code.failure, message: message) }

  /// No candidate fits, or a limit cannot be met; what was found has been printed.
  static let infeasible = ExitStatus(code: Code.infeasible, message: nil)

  init(code: Int32, message: String?) {
    self.code = code
    self.message = message
  }

  /// The ending that belongs to an error, or nil if it is the argument parser's.
  init?(_ error: any Error) {
    switch error {
    case let status as ExitStatus: self = status
    case is CleanExit, is ValidationError, is ExitCode: return nil
    case is ConfigurationError, is FileError, is JSONFileError, is NumPyError, is ONNXError,
      is SearchSpaceError,
      is DatasetError,
      is StoreError, is DeploymentError, is SchedulingError, is GraphError:
      self = .badInput("\(error)")
    case let error as ModelSchedulingError:
      switch error {
      case .model, .scheduling: self = .badInput("\(error)")
      case .invalidPlan: self = .failure("\(error)")
      }
    case let error as PlanningError:
      switch error {
      case .graph, .unknownScheduler, .scheduling: self = .badInput("\(error)")
      case .invalidPlan: self = .failure("\(error)")
      }
    case let error as TrainingError:
      if case .diverged = error { self = .failure("\(error)") } else { self = .badInput("\(error)") }
    case let error as SearchError:
      switch error {
      case .journalMismatch, .configuration, .dataset: self = .badInput("\(error)")
      case .journal, .database, .finalTraining, .weights: self = .failure("\(error)")
      }
    default:
      // Errors of the argument parser's internal types are told from ours by their module.
      guard !String(reflecting: type(of: error)).hasPrefix("ArgumentParser.") else { return nil }
      self = .failure("\(error)")
    }
  }
}
