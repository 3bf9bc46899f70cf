import Yams

/// A value to be written to a configuration file; mappings keep the order of their entries.
public indirect enum ConfigurationValue: Hashable, Sendable {
  /// Text; quoted where a reader could take it for something else.
  case string(String)
  /// An integer.
  case int(Int)
  /// A number. - Precondition: finite.
  case double(Double)
  /// `true` or `false`.
  case bool(Bool)
  /// Items in order.
  case list([ConfigurationValue])
  /// Entries in order.
  case mapping([(key: String, value: ConfigurationValue)])

  /// Whether two values would be written alike.
  public static func == (a: ConfigurationValue, b: ConfigurationValue) -> Bool {
    switch (a, b) {
    case (.string(let x), .string(let y)): x == y
    case (.int(let x), .int(let y)): x == y
    case (.double(let x), .double(let y)): x == y
    case (.bool(let x), .bool(let y)): x == y
    case (.list(let x), .list(let y)): x == y
    case (.mapping(let x), .mapping(let y)): x.elementsEqual(y) { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }

  /// Hashes the text of the value.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .string(let x): hasher.combine(x)
    case .int(let x): hasher.combine(x)
    case .double(let x): hasher.combine(x)
    case .bool(let x): hasher.combine(x)
    case .list(let items): hasher.combine(items)
    case .mapping(let entries):
      for entry in entries {
        hasher.combine(entry.key)
        hasher.combine(entry.value)
      }
    }
  }
}

/// Writes configuration files that ``ConfigurationFile`` reads back.
public enum ConfigurationWriter {
  /// The YAML text of a value, keys in the order given, ending in a newline. Lists of scalars stand on one line.
  ///
  /// - Precondition: numbers are finite and keys of a mapping are distinct.
  public static func text(_ value: ConfigurationValue) -> String {
    do {
      return try serialize(node: node(value), width: -1, allowUnicode: true)
    } catch {
      preconditionFailure("a tree of scalars, lists and mappings can always be written: \(error)")
    }
  }

  private static func node(_ value: ConfigurationValue) -> Node {
    switch value {
    case .string(let text): scalar(text)
    case .int(let number): Node("\(number)", Tag(.int), .plain)
    case .double(let number): Node("\(number)", Tag(.float), .plain)
    case .bool(let flag): Node("\(flag)", Tag(.bool), .plain)
    case .list(let items): Node(items.map(node), Tag(.seq), items.allSatisfy(isScalar) ? .flow : .block)
    case .mapping(let entries):
      Node(entries.map { (scalar($0.key), node($0.value)) }, Tag(.map), entries.isEmpty ? .flow : .block)
    }
  }

  private static func scalar(_ text: String) -> Node {
    Node(text, Tag(.str), ScalarText.isAmbiguous(text) ? .doubleQuoted : .any)
  }

  private static func isScalar(_ value: ConfigurationValue) -> Bool {
    switch value {
    case .list, .mapping: false
    default: true
    }
  }
}
