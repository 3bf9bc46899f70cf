import Foundations

/// Damage that knows what the fields of an ONNX file mean; numbers of fields are those of onnx.proto.
extension ModelDamage {
  /// Changes one field somewhere: removes it, doubles it, swaps it with another, or gives it an unlikely value.
  static func changeField(
    in message: inout WireMessage, strings: [[UInt8]], using generator: inout SeededGenerator
  ) {
    guard let index = message.fields.indices.randomElement(using: &generator) else { return }
    if case .message(var child) = message.fields[index].value, !child.fields.isEmpty,
      Int.random(in: 0..<5, using: &generator) > 0
    {
      changeField(in: &child, strings: strings, using: &generator)
      message.fields[index].value = .message(child)
      return
    }
    let other = message.fields.indices.randomElement(using: &generator)!
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: message.fields.remove(at: index)
    case 1: message.fields.insert(message.fields[index], at: other)
    case 2: message.fields.swapAt(index, other)
    case 3: message.fields[index].number = UInt64.random(in: 0...20, using: &generator)
    default:
      switch message.fields[index].value {
      case .varint: message.fields[index].value = .varint(extreme(&generator))
      case .bytes:
        let short = strings.filter { $0.count < 64 }
        message.fields[index].value = .bytes(short.randomElement(using: &generator) ?? [])
      case .fixed, .message, .misstated: message.fields.remove(at: index)
      }
    }
  }

  /// Gives one field somewhere the extreme, misstated, empty or strange value that this way is about.
  func changeDeep(_ message: inout WireMessage, using generator: inout SeededGenerator) {
    let candidates = message.fields.indices.filter { index in
      switch (message.fields[index].value, self) {
      case (.message(let child), _): !child.fields.isEmpty
      case (.varint, .extremeNumber), (.bytes, .misstatedLength): true
      // Values of weights are not names.
      case (.bytes(let bytes), .emptiedText), (.bytes(let bytes), .strangeText): bytes.count < 256
      default: false
      }
    }
    guard let index = candidates.randomElement(using: &generator) else { return }
    switch message.fields[index].value {
    case .message(let child) where self == .misstatedLength && Int.random(in: 0..<4, using: &generator) == 0:
      message.fields[index].value = Self.misstated(child.encoded, using: &generator)
    case .message(var child):
      changeDeep(&child, using: &generator)
      message.fields[index].value = .message(child)
    case .varint: message.fields[index].value = .varint(Self.extreme(&generator))
    case .bytes(let bytes):
      message.fields[index].value =
        switch self {
        case .misstatedLength: Self.misstated(bytes, using: &generator)
        case .emptiedText: .bytes([])
        default: .bytes(Self.strangeText(&generator))
        }
    case .fixed, .misstated: break
    }
  }

  private static func misstated(_ bytes: [UInt8], using generator: inout SeededGenerator) -> WireMessage.Value
  {
    let near = UInt64(max(0, bytes.count + Int.random(in: -3...3, using: &generator)))
    return .misstated(length: Bool.random(using: &generator) ? near : extreme(&generator), bytes)
  }

  /// Changes a dimension of an activation or of a weight, or their number.
  static func changeDimension(in model: inout WireMessage, using generator: inout SeededGenerator) {
    let extent = extreme(&generator)
    switch Int.random(in: 0..<6, using: &generator) {
    case 0:
      model.changeOne(.dimension, using: &generator) { dimension, _ in dimension.fields = [.init(2, "batch")]
      }
    case 1:
      model.changeOne(.shape, using: &generator) { shape, generator in
        let ones = WireMessage(.dimension, fields: [.init(1, .varint(extent))])
        let count = [1, 3, 70, 3000].randomElement(using: &generator)!
        shape.fields += Array(repeating: .init(1, .message(ones)), count: count)
      }
    case 2:
      model.changeOne(.tensor, using: &generator) { tensor, generator in
        if let position = tensor.positions(of: 1).randomElement(using: &generator) {
          tensor.fields[position].value = .varint(extent)
        } else {
          tensor.fields.append(.init(1, .varint(extent)))
        }
      }
    default:
      model.changeOne(.dimension, using: &generator) { dimension, _ in
        dimension.fields = [.init(1, .varint(extent))]
      }
    }
  }

  /// Says that a weight's values lie in another file, by paths that nobody should open.
  static func referToFiles(in model: inout WireMessage, using generator: inout SeededGenerator) {
    model.changeOne(.tensor, using: &generator) { tensor, generator in
      tensor.fields.removeAll { $0.number == 9 || $0.number == 13 || $0.number == 14 }
      for key in ["location", "offset", "length", "checksum", "location"].prefix(
        Int.random(in: 1...5, using: &generator))
      {
        let value = [
          "", "/dev/zero", "../../../../../etc/passwd", "no/such/file", "C:\\weights.bin", "-1",
          "99999999999999999999", "file://localhost/etc/passwd", String(repeating: "x/", count: 3000),
        ].randomElement(using: &generator)!
        let pair = WireMessage(.pair, fields: [.init(1, key), .init(2, value)])
        tensor.fields.append(.init(13, .message(pair)))
      }
      tensor.fields.append(.init(14, .varint(1)))
    }
  }

  /// Changes an attribute's number or list, its name, or how often it is there.
  static func changeAttribute(in model: inout WireMessage, using generator: inout SeededGenerator) {
    let name = ["axis", "perm", "pads", "strides", "dilations", "group", "kernel_shape", "auto_pad", "value"]
      .randomElement(using: &generator)!
    let number = extreme(&generator)
    switch Int.random(in: 0..<5, using: &generator) {
    case 0:
      model.changeOne(.attribute, using: &generator) { attribute, _ in
        attribute.fields.removeAll { $0.number == 1 }
        attribute.fields.append(.init(1, name))
      }
    case 1:
      model.changeOne(.attribute, using: &generator) { attribute, generator in
        let count = [1, 2, 9, 5000].randomElement(using: &generator)!
        attribute.fields += Array(repeating: .init(8, .varint(number)), count: count)
      }
    case 2:
      model.changeOne(.node, using: &generator) { node, _ in
        let attribute = WireMessage(
          .attribute, fields: [.init(1, name), .init(3, .varint(number)), .init(8, .varint(number))])
        node.fields.insert(.init(5, .message(attribute)), at: 0)
      }
    default:
      model.changeOne(.attribute, using: &generator) { attribute, generator in
        guard
          let position = (attribute.positions(of: 3) + attribute.positions(of: 8)).randomElement(
            using: &generator)
        else { return }
        attribute.fields[position].value = .varint(number)
      }
    }
  }

  /// Removes, doubles or moves entries of the graph's lists: nodes, weights, inputs, outputs, declared values.
  static func changeList(
    of numbers: [UInt64], in model: inout WireMessage, using generator: inout SeededGenerator
  ) {
    let number = numbers.randomElement(using: &generator)!
    model.changeOne(.graph, using: &generator) { graph, generator in
      let entries = graph.positions(of: number)
      guard let entry = entries.randomElement(using: &generator),
        let other = entries.randomElement(using: &generator)
      else { return }
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: graph.fields.removeAll { $0.number == number }
      case 1: graph.fields.insert(graph.fields[entry], at: other)
      case 2: graph.fields.swapAt(entry, other)
      case 3:
        let first = min(entry, other)
        graph.fields[first...].reverse()
      default: graph.fields.remove(at: entry)
      }
    }
  }

  /// Gives inputs and outputs of nodes other names, or more or fewer of them.
  static func rewire(_ model: inout WireMessage, using generator: inout SeededGenerator) {
    var names: [[UInt8]] = [[]]
    for case .message(let graph) in model.fields.map(\.value) where graph.kind == .graph {
      for case .message(let entry) in graph.fields.map(\.value) {
        let field: UInt64? =
          entry.kind == .node ? 2 : entry.kind == .value ? 1 : entry.kind == .tensor ? 8 : nil
        if let text = field.flatMap(entry.text) { names.append(Array(text.utf8)) }
      }
    }
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let name = names.randomElement(using: &generator)!
      model.changeOne(.node, using: &generator) { node, generator in
        let field: UInt64 = Int.random(in: 0..<4, using: &generator) == 0 ? 2 : 1
        let ends = node.positions(of: field)
        switch (Int.random(in: 0..<6, using: &generator), ends.randomElement(using: &generator)) {
        case (0, let end?): node.fields.remove(at: end)
        case (1, _): node.fields.insert(.init(field, .bytes(name)), at: 0)
        case (2, _):
          node.fields += Array(repeating: .init(field, .bytes(name)), count: field == 1 ? 2000 : 2)
        case (_, let end?): node.fields[end].value = .bytes(name)
        case (_, nil): node.fields.append(.init(field, .bytes(name)))
        }
      }
    }
  }

  /// Gives a node a graph of its own, down to some depth.
  static func addBody(to model: inout WireMessage, using generator: inout SeededGenerator) {
    var body = WireMessage(.graph, fields: [.init(2, "body")])
    for _ in 0..<[0, 1, 20, 200].randomElement(using: &generator)! {
      let attribute = WireMessage(.attribute, fields: [.init(1, "body"), .init(6, .message(body))])
      let node = WireMessage(.node, fields: [.init(4, "If"), .init(5, .message(attribute))])
      body = WireMessage(.graph, fields: [.init(1, .message(node))])
    }
    let attribute = WireMessage(.attribute, fields: [.init(1, "body"), .init(6, .message(body))])
    model.changeOne(.node, using: &generator) { node, _ in node.fields.append(.init(5, .message(attribute))) }
  }
}
