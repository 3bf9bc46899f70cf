import ComputationGraph

/// Convolutions and pools over any number of spatial axes.
extension ShapeRules {
  /// Far larger than any image, far smaller than what could overflow.
  private static let largestValue = 1 << 24

  /// Checks the attributes of a convolution or pool that are wrong whatever it reads.
  static func checkWindowAttributes(of node: Onnx_NodeProto) throws(NodeFault) {
    guard ["Conv", "MaxPool", "AveragePool"].contains(node.opType) else { return }
    let attributes = NodeAttributes(node)
    for name in ["kernel_shape", "strides", "dilations"] { _ = try values(name, attributes, minimum: 1) }
    _ = try values("pads", attributes, minimum: 0)
    _ = try group(attributes)
  }

  static func convolution(
    _ attributes: NodeAttributes, _ x: TensorShape, _ weight: TensorShape, bias: TensorShape?
  ) throws(NodeFault) -> TensorShape {
    guard x.rank >= 3, weight.rank == x.rank else {
      throw .inputs(reason: "a weight of \(weight) does not fit an input of \(x)")
    }
    let kernel = Array(weight.dimensions[2...])
    if let stated = try values("kernel_shape", attributes, minimum: 1), stated != kernel {
      throw .attribute("kernel_shape", reason: "is \(text(stated)), but the weight is \(weight)")
    }
    let groups = try group(attributes)
    guard x[1] % groups == 0, x[1] / groups == weight[1], weight[0] % groups == 0 else {
      throw .inputs(
        reason:
          "a weight of \(weight) does not fit an input of \(x) in \(groups) group\(groups == 1 ? "" : "s")"
      )
    }
    if let bias, bias != [weight[0]] {
      throw .inputs(reason: "a bias of \(bias) does not fit a weight of \(weight)")
    }
    let window = try WindowAttributes(attributes, kernel: kernel)
    return TensorShape(
      [x[0], weight[0]] + (try window.outputExtents(of: x, roundingUp: false, clipped: false)))
  }

  /// Where a pool rounds its extents up, newer versions drop a last window that would start in the padding behind
  /// the image and older ones do not.
  static func pool(_ attributes: NodeAttributes, _ x: TensorShape) throws(NodeFault) -> [TensorShape] {
    guard let kernel = try values("kernel_shape", attributes, minimum: 1) else {
      throw .attribute("kernel_shape", reason: "is missing")
    }
    guard x.rank == kernel.count + 2 else {
      throw .attribute("kernel_shape", reason: "is \(text(kernel)), but the input is \(x)")
    }
    let window = try WindowAttributes(attributes, kernel: kernel)
    func shape(roundingUp: Bool, clipped: Bool) throws(NodeFault) -> TensorShape {
      TensorShape(
        Array(x.dimensions[..<2])
          + (try window.outputExtents(of: x, roundingUp: roundingUp, clipped: clipped)))
    }
    guard attributes.integer("ceil_mode", default: 0) != 0 else {
      return [try shape(roundingUp: false, clipped: false)]
    }
    let whole = try shape(roundingUp: true, clipped: false)
    let clipped = try shape(roundingUp: true, clipped: true)
    return whole == clipped ? [whole] : [clipped, whole]
  }

  private static func group(_ attributes: NodeAttributes) throws(NodeFault) -> Int {
    let groups = attributes.integer("group", default: 1)
    guard groups > 0 else { throw .attribute("group", reason: "is \(groups); it must be positive") }
    return groups
  }

  /// A list as messages show it: beyond eight values its start only.
  static func text(_ values: [Int]) -> String {
    "[\(values.prefix(8).map(String.init).joined(separator: ", "))\(values.count > 8 ? ", …" : "")]"
  }

  /// The values of a list, or nil where it is left out or empty.
  fileprivate static func values(_ name: String, _ attributes: NodeAttributes, minimum: Int) throws(NodeFault)
    -> [Int]?
  {
    guard let values = attributes.integers(name) else { return nil }
    let found = "is \(text(values))"
    guard values.allSatisfy({ $0 >= minimum }) else {
      throw .attribute(name, reason: "\(found); no value may be \(minimum == 0 ? "negative" : "below one")")
    }
    guard values.allSatisfy({ $0 <= largestValue }) else {
      throw .attribute(name, reason: "\(found); no value may be above \(largestValue)")
    }
    return values
  }
}

/// How the windows of a convolution or pool lie on its input, by spatial axis.
private struct WindowAttributes {
  private let kernel: [Int]
  private let strides: [Int]
  private let dilations: [Int]
  private let pads: [Int]
  /// Padding is chosen so that only the strides shrink the input (`SAME_UPPER`, `SAME_LOWER`).
  private let keepsSize: Bool

  init(_ attributes: NodeAttributes, kernel: [Int]) throws(NodeFault) {
    func list(_ name: String, count: Int, default value: Int, minimum: Int) throws(NodeFault) -> [Int] {
      guard let values = try ShapeRules.values(name, attributes, minimum: minimum) else {
        return [Int](repeating: value, count: count)
      }
      guard values.count == count else {
        throw .attribute(name, reason: "has \(values.count) values, but \(count) are needed")
      }
      return values
    }
    self.kernel = kernel
    strides = try list("strides", count: kernel.count, default: 1, minimum: 1)
    dilations = try list("dilations", count: kernel.count, default: 1, minimum: 1)
    let stated = try list("pads", count: 2 * kernel.count, default: 0, minimum: 0)
    let automatic = attributes.string("auto_pad") ?? ""
    switch automatic {
    case "", "NOTSET": (pads, keepsSize) = (stated, false)
    case "VALID": (pads, keepsSize) = (stated.map { _ in 0 }, false)
    case "SAME_UPPER", "SAME_LOWER": (pads, keepsSize) = (stated.map { _ in 0 }, true)
    default:
      throw .attribute("auto_pad", reason: "is '\(automatic.quoted)', which is not a known way of padding")
    }
  }

  /// The output's extents over an input whose first two axes are not spatial.
  func outputExtents(of x: TensorShape, roundingUp: Bool, clipped: Bool) throws(NodeFault) -> [Int] {
    var extents: [Int] = []
    for axis in kernel.indices {
      let (extent, stride) = (x[axis + 2], strides[axis])
      if keepsSize {
        extents.append((extent + stride - 1) / stride)
        continue
      }
      let reach = dilations[axis] * (kernel[axis] - 1) + 1
      let before = pads[axis]
      let room = extent + before + pads[axis + kernel.count] - reach + (roundingUp ? stride - 1 : 0)
      guard room >= 0 else {
        throw .inputs(reason: "a window that reaches over \(reach) does not fit spatial axis \(axis) of \(x)")
      }
      let count = room / stride + 1
      extents.append(clipped && count > 1 && (count - 1) * stride >= extent + before ? count - 1 : count)
    }
    return extents
  }
}

/// The attributes of a node, by name.
struct NodeAttributes {
  private let node: Onnx_NodeProto

  init(_ node: Onnx_NodeProto) { self.node = node }

  func has(_ name: String) -> Bool { node.attribute.contains { $0.name == name } }

  func integer(_ name: String, default fallback: Int) -> Int {
    node.attribute.first { $0.name == name }.map { Int($0.i) } ?? fallback
  }

  func float(_ name: String, default fallback: Float) -> Float {
    node.attribute.first { $0.name == name }.map { $0.f } ?? fallback
  }

  /// The list's values, or nil where it is left out or empty.
  func integers(_ name: String) -> [Int]? {
    guard let list = node.attribute.first(where: { $0.name == name })?.ints, !list.isEmpty else { return nil }
    return list.map(Int.init)
  }

  func string(_ name: String) -> String? {
    node.attribute.first { $0.name == name }.map { String(decoding: $0.s, as: UTF8.self) }
  }
}
