import Foundation
import Foundations

/// A protocol buffer taken apart without a schema library, for damaging it in well-formed ways.
///
/// Which fields of an ONNX file hold messages is written down here by hand, so that the mutations reach the names,
/// dimensions and attributes deep inside.
struct WireMessage {
  enum Value {
    case varint(UInt64)
    case fixed([UInt8])
    case bytes([UInt8])
    case message(WireMessage)
  }

  enum Kind {
    case model, graph, node, attribute, tensor, value, type, tensorType, shape, dimension, opset, pair

    /// The message kind of a field, or nil if it holds no message that is known here.
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

  var fields: [(number: UInt64, value: Value)] = []

  init(_ bytes: ArraySlice<UInt8>, kind: Kind = .model) {
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
      case 0: fields.append((number, .varint(varint())))
      case 1, 5:
        let count = tag & 7 == 1 ? 8 : 4
        fields.append((number, .fixed(Array(rest.prefix(count)))))
        rest = rest.dropFirst(count)
      default:
        let count = Int(varint())
        let body = rest.prefix(count)
        rest = rest.dropFirst(count)
        if let child = kind.child(number) {
          fields.append((number, .message(WireMessage(body, kind: child))))
        } else {
          fields.append((number, .bytes(Array(body))))
        }
      }
    }
  }

  var encoded: [UInt8] {
    var result: [UInt8] = []
    func varint(_ value: UInt64) {
      var value = value
      while value >= 0x80 {
        result.append(UInt8(value & 0x7F) | 0x80)
        value >>= 7
      }
      result.append(UInt8(value))
    }
    for (number, value) in fields {
      switch value {
      case .varint(let word):
        varint(number << 3)
        varint(word)
      case .fixed(let bytes):
        varint(number << 3 | (bytes.count == 8 ? 1 : 5))
        result += bytes
      case .bytes(let bytes):
        varint(number << 3 | 2)
        varint(UInt64(bytes.count))
        result += bytes
      case .message(let message):
        let body = message.encoded
        varint(number << 3 | 2)
        varint(UInt64(body.count))
        result += body
      }
    }
    return result
  }

  /// All strings in the message.
  var strings: [[UInt8]] {
    fields.flatMap { field -> [[UInt8]] in
      switch field.value {
      case .bytes(let bytes): [bytes]
      case .message(let message): message.strings
      default: []
      }
    }
  }

  /// Changes one field somewhere: removes it, doubles it, swaps it with another, or gives it an unlikely value.
  mutating func mutate(strings: [[UInt8]], using generator: inout SeededGenerator) {
    guard let index = fields.indices.randomElement(using: &generator) else { return }
    if case .message(var message) = fields[index].value, !message.fields.isEmpty,
      Int.random(in: 0..<5, using: &generator) > 0
    {
      message.mutate(strings: strings, using: &generator)
      fields[index].value = .message(message)
      return
    }
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: fields.remove(at: index)
    case 1: fields.insert(fields[index], at: fields.indices.randomElement(using: &generator)!)
    case 2: fields.swapAt(index, fields.indices.randomElement(using: &generator)!)
    case 3: fields[index].number = UInt64.random(in: 1...20, using: &generator)
    default:
      switch fields[index].value {
      case .varint:
        let extremes: [UInt64] = [
          0, 1, 2, 1 << 31, 1 << 40, 1 << 62, UInt64(Int64.max), UInt64.max, 1 << 63, 8, 10,
        ]
        fields[index].value = .varint(extremes.randomElement(using: &generator)!)
      case .bytes: fields[index].value = .bytes(strings.randomElement(using: &generator) ?? [])
      case .fixed, .message: fields.remove(at: index)
      }
    }
  }
}
