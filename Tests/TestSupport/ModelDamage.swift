import Foundations

/// A way of damaging an ONNX file.
package enum ModelDamage: String, CaseIterable, Sendable {
  // The bytes, whatever they mean.
  case flippedBits, overwrittenBytes, truncated, removedRange, repeatedRange, zeroedRange, joinedFiles
  // Any field of the protocol buffer.
  case changedField, extremeNumber, misstatedLength, emptiedText, strangeText
  // What a field means.
  case dimension, elementType, externalData, attribute, operatorType, nodeList, wiring, boundary, body, opset

  /// Damages a file in one to three ways and says which.
  ///
  /// - Parameter others: files to take parts from.
  package static func apply(
    to bytes: [UInt8], others: [[UInt8]], using generator: inout SeededGenerator
  ) -> (bytes: [UInt8], ways: [ModelDamage]) {
    var bytes = bytes
    var ways: [ModelDamage] = []
    for _ in 0..<[1, 1, 1, 1, 2, 3].randomElement(using: &generator)! {
      let way = allCases.randomElement(using: &generator)!
      bytes = way.applied(to: bytes, others: others, using: &generator)
      ways.append(way)
    }
    return (bytes, ways)
  }

  /// The file damaged in this way.
  package func applied(
    to bytes: [UInt8], others: [[UInt8]], using generator: inout SeededGenerator
  ) -> [UInt8] {
    guard !bytes.isEmpty else { return bytes }
    var bytes = bytes
    switch self {
    case .flippedBits:
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let position = bytes.indices.randomElement(using: &generator)!
        bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
    case .overwrittenBytes:
      for position in Self.range(in: bytes, using: &generator) {
        bytes[position] = UInt8.random(in: 0...255, using: &generator)
      }
    case .truncated: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
    case .removedRange: bytes.removeSubrange(Self.range(in: bytes, using: &generator))
    case .repeatedRange:
      let range = Self.range(in: bytes, using: &generator)
      bytes.insert(contentsOf: bytes[range], at: range.upperBound)
    case .zeroedRange: for position in Self.range(in: bytes, using: &generator) { bytes[position] = 0 }
    case .joinedFiles: bytes += others.randomElement(using: &generator) ?? bytes
    default:
      var model = WireMessage(bytes[...])
      change(&model, using: &generator)
      return model.encoded
    }
    return bytes
  }

  /// A range of any length; short ones are as likely as long ones.
  private static func range(in bytes: [UInt8], using generator: inout SeededGenerator) -> Range<Int> {
    let start = bytes.indices.randomElement(using: &generator)!
    let longest = 1 << Int.random(in: 0...17, using: &generator)
    let length = Int.random(in: 1...longest, using: &generator)
    return start..<min(bytes.count, start + length)
  }

  private func change(_ model: inout WireMessage, using generator: inout SeededGenerator) {
    switch self {
    case .changedField: Self.changeField(in: &model, strings: model.strings, using: &generator)
    case .extremeNumber, .misstatedLength, .emptiedText, .strangeText:
      for _ in 0..<Int.random(in: 1...3, using: &generator) { changeDeep(&model, using: &generator) }
    case .dimension: Self.changeDimension(in: &model, using: &generator)
    case .elementType:
      let (kind, field): (WireMessage.Kind, UInt64) =
        Bool.random(using: &generator) ? (.tensorType, 1) : (.tensor, 2)
      let type = [UInt64.random(in: 0...30, using: &generator), Self.extreme(&generator)]
        .randomElement(using: &generator)!
      model.changeOne(kind, using: &generator) { message, _ in
        message.fields.removeAll { $0.number == field }
        message.fields.append(.init(field, .varint(type)))
      }
    case .externalData: Self.referToFiles(in: &model, using: &generator)
    case .attribute: Self.changeAttribute(in: &model, using: &generator)
    case .operatorType:
      let type = [
        "", "If", "Loop", "Scan", "Constant", "Relu", "Add", "Concat", "Reshape", "Identity", "Dropout",
        "Conv",
        "MaxPool", "Gemm", "MatMul", "Transpose", "Flatten", "Split", "NoSuchOperator",
      ].randomElement(using: &generator)!
      model.changeOne(.node, using: &generator) { node, _ in
        node.fields.removeAll { $0.number == 4 }
        node.fields.append(.init(4, type))
      }
    case .nodeList: Self.changeList(of: [1], in: &model, using: &generator)
    case .boundary: Self.changeList(of: [5, 11, 12, 13], in: &model, using: &generator)
    case .wiring: Self.rewire(&model, using: &generator)
    case .body: Self.addBody(to: &model, using: &generator)
    case .opset:
      let version =
        Bool.random(using: &generator)
        ? UInt64.random(in: 0...30, using: &generator) : Self.extreme(&generator)
      let domain = ["", "ai.onnx", "com.example"].randomElement(using: &generator)!
      model.changeOne(.opset, using: &generator) { opset, _ in
        opset.fields = [.init(1, domain), .init(2, .varint(version))]
      }
    case .flippedBits, .overwrittenBytes, .truncated, .removedRange, .repeatedRange, .zeroedRange,
      .joinedFiles:
      preconditionFailure("\(self) is no change of fields")
    }
  }

  /// Numbers that readers stumble over, as they are stored: zero, small, at the limits of their type, negative.
  static func extreme(_ generator: inout SeededGenerator) -> UInt64 {
    [
      0, 1, 2, 8, 1 << 24, 1 << 31, 1 << 32, 1 << 40, 1 << 61, 1 << 62, UInt64(Int64.max), 1 << 63,
      UInt64.max,
      UInt64.max - 1, UInt64.max << 31,
    ].randomElement(using: &generator)!
  }

  /// Text that no tool writes.
  static func strangeText(_ generator: inout SeededGenerator) -> [UInt8] {
    let texts = [
      "\u{0}", "\n\u{1B}[31mred", "../../../../etc/passwd", "/dev/zero", "a\u{301}\u{202E}‮", "💥", "%s%n",
      "{}",
      String(repeating: "long", count: 20_000),
    ].map { Array($0.utf8) }
    return (texts + [[0xFF, 0xFE], [0xC3], [0xED, 0xA0, 0x80]]).randomElement(using: &generator)!
  }
}
