import Foundations

/// An ONNX file taken apart as a protocol buffer, without a schema library, for damaging it in well-formed ways.
///
/// Which fields hold messages is written down here by hand, so that damage reaches the names, dimensions and
/// attributes deep inside. What is not known stays bytes, and taking apart and putting together changes nothing.
package struct WireMessage: Sendable {
  /// The content of one field.
  package enum Value: Sendable {
    case varint(UInt64)
    case fixed([UInt8])
    case bytes([UInt8])
    case message(WireMessage)
    /// Bytes whose length is stated wrongly.
    case misstated(length: UInt64, [UInt8])
  }

  /// A field: its number in the message and its content.
  package struct Field: Sendable {
    package var number: UInt64
    package var value: Value

    package init(_ number: UInt64, _ value: Value) {
      self.number = number
      self.value = value
    }

    /// A field that holds text.
    package init(_ number: UInt64, _ text: String) { self.init(number, .bytes(Array(text.utf8))) }
  }

  /// The messages of an ONNX file that are known here.
  package enum Kind: Sendable {
    case model, graph, node, attribute, tensor, value, type, tensorType, shape, dimension, opset, pair

    /// The kind of message that a field holds, or nil if it holds none that is known here.
    func child(_ field: UInt64) -> Kind? {
      switch (self, field) {
      case (.model, 7): .graph
      case (.model, 8): .opset
      case (.model, 14): .pair
      case (.graph, 1): .node
      case (.graph, 5): .tensor
      case (.graph, 11), (.graph, 12), (.graph, 13): .value
      case (.node, 5): .attribute
      case (.attribute, 5): .tensor
      case (.attribute, 6): .graph
      case (.tensor, 13): .pair
      case (.value, 2): .type
      case (.type, 1): .tensorType
      case (.tensorType, 2): .shape
      case (.shape, 1): .dimension
      default: nil
      }
    }
  }

  package let kind: Kind
  package var fields: [Field] = []

  /// An empty message.
  package init(_ kind: Kind, fields: [Field] = []) {
    self.kind = kind
    self.fields = fields
  }

  /// Takes a message apart; bytes that are no protocol buffer give some message or other.
  package init(_ bytes: ArraySlice<UInt8>, kind: Kind = .model) {
    self.kind = kind
    var rest = bytes
    func varint() -> UInt64 {
      var result: UInt64 = 0
      var shift: UInt64 = 0
      while let byte = rest.popFirst() {
        result |= UInt64(byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 { break }
      }
      return result
    }
    while !rest.isEmpty {
      let tag = varint()
      let number = tag >> 3
      switch tag & 7 {
      case 0: fields.append(Field(number, .varint(varint())))
      case 1, 5:
        let count = tag & 7 == 1 ? 8 : 4
        fields.append(Field(number, .fixed(Array(rest.prefix(count)))))
        rest = rest.dropFirst(count)
      default:
        let count = Int(clamping: varint())
        let body = rest.prefix(count)
        rest = rest.dropFirst(count)
        if let child = kind.child(number) {
          fields.append(Field(number, .message(WireMessage(body, kind: child))))
        } else {
          fields.append(Field(number, .bytes(Array(body))))
        }
      }
    }
  }

  /// The message put together.
  package var encoded: [UInt8] {
    var result: [UInt8] = []
    func varint(_ value: UInt64) {
      var value = value
      while value >= 0x80 {
        result.append(UInt8(value & 0x7F) | 0x80)
        value >>= 7
      }
      result.append(UInt8(value))
    }
    func block(_ number: UInt64, length: UInt64? = nil, _ body: [UInt8]) {
      varint(number << 3 | 2)
      varint(length ?? UInt64(body.count))
      result += body
    }
    for field in fields {
      switch field.value {
      case .varint(let word):
        varint(field.number << 3)
        varint(word)
      case .fixed(let bytes):
        varint(field.number << 3 | (bytes.count == 8 ? 1 : 5))
        result += bytes
      case .bytes(let bytes): block(field.number, bytes)
      case .message(let message): block(field.number, message.encoded)
      case .misstated(let length, let bytes): block(field.number, length: length, bytes)
      }
    }
    return result
  }

  /// All strings in the message, values of weights among them.
  package var strings: [[UInt8]] {
    fields.flatMap { field -> [[UInt8]] in
      switch field.value {
      case .bytes(let bytes): [bytes]
      case .message(let message): message.strings
      default: []
      }
    }
  }

  /// The text of the first field of a number, or nil.
  package func text(_ number: UInt64) -> String? {
    for field in fields where field.number == number {
      if case .bytes(let bytes) = field.value { return String(decoding: bytes, as: UTF8.self) }
    }
    return nil
  }

  /// The positions of the fields of a number.
  package func positions(of number: UInt64) -> [Int] { fields.indices.filter { fields[$0].number == number } }

  /// Changes one message of a kind, each with the same chance; does nothing if there is none.
  package mutating func changeOne(
    _ kind: Kind, using generator: inout SeededGenerator,
    _ change: (inout WireMessage, inout SeededGenerator) -> Void
  ) {
    let count = count(of: kind)
    guard count > 0 else { return }
    var left = Int.random(in: 0..<count, using: &generator)
    descend(to: kind, &left, &generator, change)
  }

  private func count(of kind: Kind) -> Int {
    fields.reduce(self.kind == kind ? 1 : 0) { sum, field in
      if case .message(let message) = field.value { sum + message.count(of: kind) } else { sum }
    }
  }

  /// Changes the message that has `left` of its kind before it; `left` is negative once that is done.
  private mutating func descend(
    to kind: Kind, _ left: inout Int, _ generator: inout SeededGenerator,
    _ change: (inout WireMessage, inout SeededGenerator) -> Void
  ) {
    if self.kind == kind {
      if left == 0 { change(&self, &generator) }
      left -= 1
    }
    for index in fields.indices where left >= 0 {
      guard case .message(var message) = fields[index].value else { continue }
      message.descend(to: kind, &left, &generator, change)
      fields[index].value = .message(message)
    }
  }
}
