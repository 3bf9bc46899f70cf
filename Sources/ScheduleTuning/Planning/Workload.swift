import ComputationGraph
import Crypto
import Foundation
import Kernels
import MemoryPlanning

/// Everything about an execution that can change its time, without names or weights: what latencies are stored by.
///
/// The text lists the operators in the order in which they run, with attributes and kernel schedules, and the shape
/// and offset of every tensor; tensors are numbered by first use. Two graphs that run the same therefore have the
/// same text, however they were built.
public struct Workload: Hashable, Sendable {
  /// Raised whenever a kernel gets faster or slower under the same schedule, so that its latency is measured again.
  private static let kernelRevision = 3

  /// The canonical text; its first line says whether it is of a network or of one operator.
  public let text: String

  /// SHA-256 of the text in hexadecimal.
  public var key: String {
    SHA256.hash(data: Data(text.utf8)).map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }

  /// Describes an execution.
  ///
  /// - Precondition: `order`, `schedules` and `arena` belong to `graph`.
  public init(graph: Graph, order: [OperatorID], schedules: [KernelSchedule], arena: ArenaPlan) {
    var offsets: [String: Int] = [:]
    var workspaces: [String: ArenaBuffer] = [:]
    for buffer in arena.buffers {
      if buffer.kind == .workspace {
        workspaces[buffer.storage] = buffer
      } else {
        offsets[buffer.name] = buffer.offset
      }
    }
    var numbers: [TensorID: Int] = [:]
    var lines = ["tandem workload \(Self.kernelRevision)", "arena \(arena.arenaBytes)"]
    func number(_ id: TensorID) -> Int {
      if let known = numbers[id] { return known }
      numbers[id] = numbers.count
      let tensor = graph[id]
      let place = tensor.role == .weight ? "weight" : offsets[tensor.name].map { "@\($0)" } ?? "nowhere"
      lines.append(
        "tensor \(numbers.count - 1) \(tensor.elementType.rawValue) \(tensor.shape)\(tensor.layoutText) \(place)"
      )
      return numbers.count - 1
    }
    lines.append("inputs " + graph.inputs.map { String(number($0)) }.joined(separator: " "))
    for id in order {
      let node = graph[id]
      let inputs = node.inputs.map { String(number($0)) }.joined(separator: " ")
      let outputs = node.outputs.map { String(number($0)) }.joined(separator: " ")
      let workspace = workspaces[node.name].map { " workspace \($0.bytes)@\($0.offset)" } ?? ""
      lines.append(
        "\(node.kind.canonicalText) by \(schedules[id.index]): \(inputs) -> \(outputs)\(workspace)")
    }
    lines.append("outputs " + graph.outputs.map { String(number($0)) }.joined(separator: " "))
    text = lines.joined(separator: "\n") + "\n"
  }
}

extension Workload {
  /// Describes one operator by itself under a kernel schedule. Operands have no place in an arena; neither their names
  /// nor the rest of the graph make a difference.
  ///
  /// - Precondition: `id` is an operator of `graph`.
  public init(of id: OperatorID, in graph: Graph, by schedule: KernelSchedule) {
    self.init(of: id, in: graph, remark: " by \(schedule)")
  }

  /// Describes one operator by itself, under whatever kernel schedule.
  ///
  /// - Precondition: `id` is an operator of `graph`.
  init(of id: OperatorID, in graph: Graph) { self.init(of: id, in: graph, remark: "") }

  private init(of id: OperatorID, in graph: Graph, remark: String) {
    let node = graph[id]
    var numbers: [TensorID: Int] = [:]
    func operand(_ id: TensorID) -> String {
      let number = numbers[id, default: numbers.count]
      numbers[id] = number
      let role = graph[id].role == .weight ? "weight" : "activation"
      return "\(number) \(role) \(graph[id].elementType.rawValue) \(graph[id].shape)\(graph[id].layoutText)"
    }
    let inputs = node.inputs.map(operand).joined(separator: ", ")
    let outputs = node.outputs.map(operand).joined(separator: ", ")
    text =
      "tandem operator workload \(Self.kernelRevision)\n\(node.kind.canonicalText)\(remark): \(inputs) -> \(outputs)\n"
  }
}

extension OperatorKind {
  /// The kind with all its attributes, the same in every build.
  fileprivate var canonicalText: String {
    switch self {
    case .convolution(let window, let groups, let before, let after):
      "convolution \(window.canonicalText) groups \(groups) in \(before.rawValue) out \(after.rawValue)"
    case .batchNormalization(let epsilon, let after):
      "batchNormalization epsilon \(epsilon.canonicalText) out \(after.rawValue)"
    case .relu: "relu"
    case .maxPool(let window): "maxPool \(window.canonicalText)"
    case .averagePool(let window, let countsPadding):
      "averagePool \(window.canonicalText) counts padding \(countsPadding)"
    case .globalAveragePool: "globalAveragePool"
    case .add(let after): "add out \(after.rawValue)"
    case .concat(let axis): "concat \(axis)"
    case .flatten: "flatten"
    case .fullyConnected: "fullyConnected"
    case .identity: "identity"
    case .layoutConversion: "layoutConversion"
    case .elementwise(let function): function.canonicalText
    case .arithmetic(let function): "arithmetic \(function.rawValue)"
    case .softmax(let axis): "softmax \(axis)"
    case .mean(let axes): "mean \(axes.lowerBound) \(axes.upperBound)"
    case .layerNormalization(let axis, let epsilon):
      "layerNormalization \(axis) epsilon \(epsilon.canonicalText)"
    case .matrixProduct: "matrixProduct"
    case .reshape(let shape): "reshape \(shape)"
    case .transpose(let permutation): "transpose \(permutation)"
    case .slice(let starts, let extents, let steps): "slice \(starts) \(extents) \(steps)"
    case .pad(let before, let after, let value): "pad \(before) \(after) with \(value.canonicalText)"
    case .gather(let axis): "gather \(axis)"
    case .resize(let resampling): resampling.canonicalText
    case .opaque(let type): "opaque \(type)"
    }
  }
}

extension Tensor {
  fileprivate var layoutText: String { layout == .nchw ? "" : " \(layout.rawValue)" }
}

extension Float {
  /// All bits, without rounding.
  fileprivate var canonicalText: String { String(bitPattern, radix: 16) }
}

extension ElementwiseFunction {
  fileprivate var canonicalText: String {
    switch self {
    case .clip(let minimum, let maximum): "clip \(minimum.canonicalText) \(maximum.canonicalText)"
    case .leakyRelu(let slope): "leakyRelu \(slope.canonicalText)"
    case .sigmoid: "sigmoid"
    case .hardSigmoid(let slope, let offset): "hardSigmoid \(slope.canonicalText) \(offset.canonicalText)"
    case .hardSwish: "hardSwish"
    case .silu: "silu"
    case .erf: "erf"
    case .gelu: "gelu"
    }
  }
}

extension Resampling {
  fileprivate var canonicalText: String {
    let how =
      switch mode {
      case .nearest(let rounding): "nearest \(rounding.rawValue)"
      case .linear: "linear"
      }
    let scales = "\(rowScale.canonicalText) \(columnScale.canonicalText)"
    return "resize \(how) \(coordinates.rawValue) to \(size.height)x\(size.width) by \(scales)"
  }
}

extension Window2D {
  fileprivate var canonicalText: String {
    "\(kernel.height)x\(kernel.width) stride \(stride.height) \(stride.width) padding \(padding.top) "
      + "\(padding.left) \(padding.bottom) \(padding.right) dilation \(dilation.height) \(dilation.width)"
  }
}
