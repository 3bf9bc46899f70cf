import ComputationGraph

/// Why a network cannot be executed, or what a checked execution found wrong.
public enum KernelError: Error, Equatable, CustomStringConvertible {
  /// The operator is known by its type name only.
  case notExecutable(operatorName: String, type: String)
  /// Kernels compute in float32 only.
  case unsupportedElementType(tensor: String, elementType: ElementType)
  /// A tensor has no elements.
  case emptyTensor(String)
  /// There is not one kernel schedule per operator.
  case wrongScheduleCount(expected: Int, found: Int)
  /// The kernel schedule cannot compute the operator.
  case unsupportedSchedule(operatorName: String, schedule: KernelSchedule)
  /// The order is not a topological order of all operators.
  case invalidOrder
  /// The number of threads is not positive.
  case invalidThreadCount(Int)
  /// A kernel schedule has more threads than the executor may use.
  case tooManyThreads(operatorName: String, threads: Int, limit: Int)
  /// The system gives no more threads.
  case threadsUnavailable(Int)
  /// A weight has no values, or not as many as its shape says.
  case weightMismatch(name: String, expectedElements: Int, foundElements: Int?)
  /// The plan has no place for a tensor.
  case missingBuffer(tensor: String)
  /// A buffer does not lie inside the arena, or not at a multiple of an element's size.
  case invalidBuffer(name: String, offset: Int, bytes: Int, arenaBytes: Int)
  /// The plan gives an operator another workspace than its kernel schedule declares.
  case workspaceMismatch(operatorName: String, declaredBytes: Int, plannedBytes: Int)
  /// The data given for the graph's inputs or outputs have another size.
  case wrongElementCount(tensor: String, expected: Int, found: Int)
  /// The short form of running was used on a graph with several inputs or outputs.
  case notSingleInputOutput(inputs: Int, outputs: Int)
  /// Checked mode: the operator changed a tensor that is still needed.
  case overwritesLiveTensor(operatorName: String, tensor: String, byteOffset: Int)
  /// Checked mode: the operator wrote outside its output and its workspace; the offset is relative to the arena and
  /// negative, or past its end, in the zones that guard it.
  case writesOutside(operatorName: String, byteOffset: Int)
  /// Checked mode: the operator left a part of its output unwritten, or computed it from memory that nobody wrote.
  case incompleteOutput(operatorName: String, byteOffset: Int)
  /// Checked mode: two graph inputs share memory.
  case overlappingInputs(tensor: String)

  /// One sentence that names the operator or tensor and the bytes.
  public var description: String {
    switch self {
    case .notExecutable(let name, let type): "operator '\(name)' (\(type)) can be scheduled but not executed"
    case .unsupportedElementType(let tensor, let type):
      "tensor '\(tensor)' is \(type.rawValue), but kernels compute in float32 only"
    case .emptyTensor(let tensor): "tensor '\(tensor)' has no elements"
    case .wrongScheduleCount(let expected, let found):
      "expected a kernel schedule for each of \(expected) operators, found \(found)"
    case .unsupportedSchedule(let name, let schedule): "operator '\(name)' cannot be computed by \(schedule)"
    case .invalidOrder: "the order is not a topological order of all operators"
    case .invalidThreadCount(let count): "\(count) is not a positive number of threads"
    case .tooManyThreads(let name, let threads, let limit):
      "operator '\(name)' is scheduled for \(threads) threads, but only \(limit) may be used"
    case .threadsUnavailable(let count): "the system does not give \(count) threads"
    case .weightMismatch(let name, let expected, let found):
      "weight '\(name)' needs \(expected) values, found \(found.map(String.init) ?? "none")"
    case .missingBuffer(let tensor): "the memory plan has no buffer for tensor '\(tensor)'"
    case .invalidBuffer(let name, let offset, let bytes, let arena):
      "the buffer of '\(name)' (\(bytes) bytes at offset \(offset)) does not fit the arena of \(arena) bytes"
    case .workspaceMismatch(let name, let declared, let planned):
      "operator '\(name)' declares a workspace of \(declared) bytes, but the memory plan has \(planned)"
    case .wrongElementCount(let tensor, let expected, let found):
      "tensor '\(tensor)' has \(expected) elements, but \(found) were given"
    case .notSingleInputOutput(let inputs, let outputs):
      "the graph has \(inputs) inputs and \(outputs) outputs, where one of each was expected"
    case .overwritesLiveTensor(let name, let tensor, let offset):
      "operator '\(name)' overwrote tensor '\(tensor)', which is still needed, at byte \(offset) of the arena"
    case .writesOutside(let name, let offset):
      "operator '\(name)' wrote at byte \(offset) of the arena, outside its output and workspace"
    case .incompleteOutput(let name, let offset):
      "operator '\(name)' did not compute its output at byte \(offset) of the arena"
    case .overlappingInputs(let tensor): "graph input '\(tensor)' shares memory with another input"
    }
  }
}
