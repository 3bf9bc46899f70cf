import Foundation

/// One value of a configuration file, with the place where it is written.
///
/// A file is a tree of scalars, lists and mappings. Nothing is converted until it is asked for, and whatever
/// does not convert is a ``ConfigurationError`` that names the file, the line and the value's ``name``.
public struct ConfigurationNode: Hashable, Sendable {
  /// What a node holds.
  public enum Value: Hashable, Sendable {
    /// Text; `isPlain` if it was not quoted, so that it may stand for a number.
    case scalar(String, isPlain: Bool)
    /// Items in order.
    case list([ConfigurationNode])
    /// Entries in the file's order; keys are unique.
    case mapping([Entry])
  }

  /// A key and its value.
  public struct Entry: Hashable, Sendable {
    /// The key.
    public let key: String
    /// The line of the key, counted from 1.
    public let line: Int
    /// The value.
    public let value: ConfigurationNode
  }

  /// What is written there.
  public let value: Value
  /// The file.
  public let file: URL
  /// The line, counted from 1.
  public let line: Int
  /// The column, counted from 1 in Unicode scalars.
  public let column: Int
  /// The keys and indices that lead here: `devices[1].memoryBytes`; empty for the whole file.
  public let name: String

  init(value: Value, file: URL, line: Int, column: Int, name: String) {
    self.value = value
    self.file = file
    self.line = line
    self.column = column
    self.name = name
  }

  /// The value as one line without layout and comments: equal for files that say the same in the same order.
  public var canonicalText: String {
    switch value {
    case .scalar(let text, let isPlain): isPlain ? text : "\"\(text)\""
    case .list(let items): "[\(items.map(\.canonicalText).joined(separator: ","))]"
    case .mapping(let entries):
      "{\(entries.map { "\($0.key):\($0.value.canonicalText)" }.joined(separator: ","))}"
    }
  }

  /// A mistake at this place.
  public func error(_ reason: String) -> ConfigurationError {
    ConfigurationError(file: file.relativePath, line: line, reason: reason)
  }

  /// The name in quotes, for errors; "the file" for the root.
  var quotedName: String { name.isEmpty ? "the file" : "'\(name)'" }

  /// What a person would call the value: "the number 5", "a list".
  var kindDescription: String {
    switch value {
    case .list: return "a list"
    case .mapping: return "a mapping"
    case .scalar(let text, let isPlain):
      let shown = text.count <= 40 ? text : text.prefix(40) + "…"
      if !isPlain { return "the text \"\(shown)\"" }
      if ScalarText.isNull(text) { return "nothing" }
      if ScalarText.double(text) != nil { return "the number \(shown)" }
      return "'\(shown)'"
    }
  }

  func mismatch(_ expected: String) -> ConfigurationError {
    error("\(quotedName) must be \(expected), found \(kindDescription)")
  }
}

/// How plain text is read as a value of another type.
enum ScalarText {
  static func isNull(_ text: String) -> Bool { ["", "~", "null", "Null", "NULL"].contains(text) }

  static func bool(_ text: String) -> Bool? {
    switch text {
    case "true": true
    case "false": false
    default: nil
    }
  }

  /// A finite decimal number. Words such as `nan` and hexadecimal digits are no numbers here.
  static func double(_ text: String) -> Double? {
    guard !text.isEmpty, text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }),
      let value = Double(text),
      value.isFinite
    else { return nil }
    return value
  }

  /// Whether a reader could take the unquoted text for something else than text.
  static func isAmbiguous(_ text: String) -> Bool {
    isNull(text) || double(text) != nil
      || ["true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
  }
}
