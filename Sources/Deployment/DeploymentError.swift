import ComputationGraph
import Foundations
import Kernels
import MemoryPlanning
import ONNXInterchange
import ScheduleTuning

/// Why a bundle cannot be written, or is not what it says.
public enum DeploymentError: Error, Equatable, CustomStringConvertible {
  /// A file or folder cannot be read, written or created.
  case file(FileError)
  /// A JSON file of the bundle cannot be read as what it should be.
  case json(JSONFileError)
  /// The model cannot be read or written.
  case model(ONNXError)
  /// The folder to write to holds something that is no part of an earlier bundle.
  case destinationInUse(path: String, entry: String)
  /// The plan needs more memory than the device has for it.
  case exceedsLimit(device: String, what: String, bytes: Int, limitBytes: Int)
  /// The folder holds no manifest.
  case notABundle(path: String)
  /// A file that the manifest lists is not there.
  case missingFile(String)
  /// A file is there that the manifest does not list.
  case unlistedFile(String)
  /// A file is not the one that was written.
  case wrongHash(file: String, expected: String, found: String)
  /// A JSON file holds unknown keys or is not laid out as Tandem writes it.
  case notCanonical(file: String)
  /// schedule.json and model.onnx do not describe the same operators in the same order.
  case scheduleMismatch(reason: String)
  /// The kernel schedules do not fit the operators.
  case kernelSchedule(reason: String)
  /// memory-plan.json breaks a rule.
  case invalidPlan(PlanViolation)
  /// A property inside model.onnx is missing or another than it should be.
  case wrongMetadata(key: String, expected: String, found: String?)
  /// A figure in the manifest is not what the bundle's other files give.
  case wrongFigure(key: String, expected: String, found: String)

  /// One sentence that names the file and what is wrong.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .json(let error): error.description
    case .model(let error): error.description
    case .destinationInUse(let path, let entry):
      "\(path) is in use: '\(entry)' is no part of a bundle; choose an empty or a new folder"
    case .exceedsLimit(let device, let what, let bytes, let limit):
      "the \(what) of \(bytes) bytes exceeds the \(limit) bytes that device '\(device)' has for it"
    case .notABundle(let path): "\(path) is no bundle: it holds no manifest.json"
    case .missingFile(let file): "\(file) is missing; manifest.json lists it"
    case .unlistedFile(let file): "\(file) is not listed in manifest.json"
    case .wrongHash(let file, let expected, let found):
      "\(file) was changed: its SHA-256 is \(found), manifest.json says \(expected)"
    case .notCanonical(let file): "\(file) holds unknown keys or was reformatted"
    case .scheduleMismatch(let reason): "schedule.json does not fit model.onnx: \(reason)"
    case .kernelSchedule(let reason): "schedule.json: \(reason)"
    case .invalidPlan(let violation): "memory-plan.json: \(violation)"
    case .wrongMetadata(let key, let expected, let found):
      "model.onnx: property '\(key)' is \(found.map { "'\($0)'" } ?? "missing"), expected '\(expected)'"
    case .wrongFigure(let key, let expected, let found):
      "manifest.json: \(key) is \(found), but the bundle's files give \(expected)"
    }
  }
}
