import Foundation
import Foundations
import Yams

/// Turns YAML text into nodes: the only place, with ``ConfigurationWriter``, that knows the YAML library.
enum YAMLTree {
  /// Parses one YAML document.
  static func parse(_ data: Data, file: URL) throws(ConfigurationError) -> ConfigurationNode {
    func fail(_ reason: String, line: Int? = nil) -> ConfigurationError {
      ConfigurationError(file: file.relativePath, line: line, reason: reason)
    }
    if data.count > ConfigurationFile.largestFileBytes {
      throw fail("is larger than \(ByteCount.describe(ConfigurationFile.largestFileBytes))")
    }
    guard let text = String(validating: data, as: UTF8.self) else { throw fail("is not UTF-8 text") }
    if let alias = firstAlias(in: text) {
      throw fail("aliases (*\(alias.name)) are not supported; write the value out", line: alias.line)
    }
    let root: Node?
    do {
      // Without resolution rules the library leaves scalars alone; types are this module's business.
      root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch {
      let (line, reason) = describe(error, text: text)
      throw fail(reason, line: line)
    }
    guard let root else { throw fail("is empty") }
    return try Converter(file: file).convert(root, name: "", depth: 0)
  }

  /// The first `*name` whose `&name` is also written somewhere.
  ///
  /// Aliases can make a short file stand for an exponentially large value, and the library expands them, so they
  /// are refused before it sees the text. Looking for both marks, anywhere, can only err on the safe side.
  private static func firstAlias(in text: String) -> (name: String, line: Int)? {
    var anchors: Set<[UInt8]> = []
    var aliases: [(name: [UInt8], line: Int)] = []
    var line = 1
    var current: (isAlias: Bool, name: [UInt8])?
    func isNameByte(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        return true
      default: return false
      }
    }
    for byte in Array(text.utf8) + [0] {
      if let (isAlias, name) = current {
        if isNameByte(byte) {
          current = (isAlias, name + [byte])
          continue
        }
        if !name.isEmpty {
          if isAlias { aliases.append((name, line)) } else { anchors.insert(name) }
        }
        current = nil
      }
      if byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*") { current = (byte == UInt8(ascii: "*"), []) }
      if byte == UInt8(ascii: "\n") { line += 1 }
    }
    return aliases.first { anchors.contains($0.name) }
      .map { (String(decoding: $0.name.prefix(40), as: UTF8.self), $0.line) }
  }

  private static let tooDeep = "nested more than \(ConfigurationFile.deepestNesting) levels deep"

  private static func describe(_ error: any Error, text: String) -> (line: Int?, reason: String) {
    guard let error = error as? YamlError else { return (nil, "is not valid YAML") }
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      // The library's own limit, in the words of its programming interface.
      if problem.contains("nesting level") { return (mark.line, tooDeep) }
      let lead = context.map { "\($0.text.trimmingCharacters(in: .whitespaces)): " } ?? ""
      return (mark.line, "not valid YAML: \(lead)\(problem)")
    case .reader(let problem, let offset, _, _):
      let line = offset.map { text.prefix($0).reduce(into: 1) { $0 += $1.isNewline ? 1 : 0 } }
      return (line, "not valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      return (
        context.mark.line, "the key '\(duplicates[0].prefix(64))' is given more than once in one mapping"
      )
    case .memory: return (nil, "there is not enough memory to read it")
    default: return (nil, "not valid YAML")
    }
  }

  /// Copies the library's nodes, with their places.
  private struct Converter {
    let file: URL

    func convert(_ node: Node, name: String, depth: Int) throws(ConfigurationError) -> ConfigurationNode {
      let line = node.mark?.line ?? 1
      func fail(_ reason: String, line: Int) -> ConfigurationError {
        ConfigurationError(file: file.relativePath, line: line, reason: reason)
      }
      if depth > ConfigurationFile.deepestNesting {
        throw fail(tooDeep, line: line)
      }
      let value: ConfigurationNode.Value
      switch node {
      case .scalar(let scalar):
        let isPlain = scalar.style == .plain || scalar.style == .any
        if isPlain, !scalar.tag.rawValue.isEmpty { throw fail("tags (!…) are not supported", line: line) }
        value = .scalar(scalar.string, isPlain: isPlain)
      case .sequence(let sequence):
        if !sequence.tag.rawValue.isEmpty { throw fail("tags (!…) are not supported", line: line) }
        var items: [ConfigurationNode] = []
        for (index, item) in sequence.enumerated() {
          items.append(try convert(item, name: "\(name)[\(index)]", depth: depth + 1))
        }
        value = .list(items)
      case .mapping(let mapping):
        if !mapping.tag.rawValue.isEmpty { throw fail("tags (!…) are not supported", line: line) }
        var entries: [ConfigurationNode.Entry] = []
        for (key, item) in mapping {
          let keyLine = key.mark?.line ?? line
          guard case .scalar(let scalar) = key else {
            throw fail("keys must be text, not lists or mappings", line: keyLine)
          }
          let path = name.isEmpty ? scalar.string : "\(name).\(scalar.string)"
          entries.append(
            .init(
              key: scalar.string, line: keyLine, value: try convert(item, name: path, depth: depth + 1)))
        }
        value = .mapping(entries)
      case .alias: throw fail("aliases are not supported", line: line)
      }
      return ConfigurationNode(
        value: value, file: file, line: line, column: node.mark?.column ?? 1, name: name)
    }
  }
}
