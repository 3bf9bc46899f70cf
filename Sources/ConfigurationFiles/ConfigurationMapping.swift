import Foundation

/// Reads a mapping key by key and refuses what nobody asked for.
///
///     var reader = try node.mapping()
///     let trials = try reader.int("trials", in: 1...)
///     let title = try reader.optionalString("title")
///     try reader.finish()
///
/// Every key that is read, or looked for, counts as valid; ``finish()`` fails on any other and suggests the
/// nearest valid one.
public struct ConfigurationMapping {
  /// The mapping itself, for errors that concern it as a whole.
  public let node: ConfigurationNode
  /// The entries in the file's order.
  public let entries: [ConfigurationNode.Entry]
  private let values: [String: ConfigurationNode]
  private var asked: [String] = []

  init(node: ConfigurationNode, entries: [ConfigurationNode.Entry]) {
    self.node = node
    self.entries = entries
    values = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
  }

  /// The value of a key that may be left out.
  public mutating func optionalNode(_ key: String) -> ConfigurationNode? {
    if !asked.contains(key) { asked.append(key) }
    return values[key]
  }

  /// The value of a key.
  ///
  /// - Throws: ``ConfigurationError`` if it is missing; if a key that nobody asked for yet looks like a slip of
  ///   it, the error is about that one.
  public mutating func node(_ key: String) throws(ConfigurationError) -> ConfigurationNode {
    if let value = optionalNode(key) { return value }
    let unread = entries.filter { !asked.contains($0.key) }
    if let slip = unread.first(where: { NearestName.suggestion(for: $0.key, among: [key]) != nil }) {
      throw unknown(slip, valid: [key])
    }
    throw node.error("the key '\(key)' is missing\(node.name.isEmpty ? "" : " in '\(node.name)'")")
  }

  /// Fails if the mapping has a key that was not asked for.
  public func finish() throws(ConfigurationError) {
    if let entry = entries.first(where: { !asked.contains($0.key) }) {
      throw unknown(entry, valid: asked)
    }
  }

  private func unknown(_ entry: ConfigurationNode.Entry, valid: [String]) -> ConfigurationError {
    let place = node.name.isEmpty ? "" : " in '\(node.name)'"
    return ConfigurationError(
      file: node.file.relativePath, line: entry.line,
      reason: "unknown key '\(entry.key.prefix(64))'\(place)" + NearestName.hint(for: entry.key, among: valid)
    )
  }
}

extension ConfigurationMapping {
  /// An integer; see ``ConfigurationNode/int(in:)``.
  public mutating func int(_ key: String, in range: some ConfigurationRange<Int> = Int.min...Int.max)
    throws(ConfigurationError) -> Int
  { try node(key).int(in: range) }

  /// An integer, or nil if the key is left out.
  public mutating func optionalInt(_ key: String, in range: some ConfigurationRange<Int> = Int.min...Int.max)
    throws(ConfigurationError) -> Int?
  { try optionalNode(key)?.int(in: range) }

  /// A number; see ``ConfigurationNode/double(in:)``.
  public mutating func double(
    _ key: String,
    in range: some ConfigurationRange<Double> = -Double
      .greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  ) throws(ConfigurationError) -> Double { try node(key).double(in: range) }

  /// A number, or nil if the key is left out.
  public mutating func optionalDouble(
    _ key: String,
    in range: some ConfigurationRange<Double> = -Double
      .greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  ) throws(ConfigurationError) -> Double? { try optionalNode(key)?.double(in: range) }

  /// A truth value.
  public mutating func bool(_ key: String) throws(ConfigurationError) -> Bool { try node(key).bool() }

  /// A truth value, or nil if the key is left out.
  public mutating func optionalBool(_ key: String) throws(ConfigurationError) -> Bool? {
    try optionalNode(key)?.bool()
  }

  /// Text; see ``ConfigurationNode/string()``.
  public mutating func string(_ key: String) throws(ConfigurationError) -> String { try node(key).string() }

  /// Text, or nil if the key is left out.
  public mutating func optionalString(_ key: String) throws(ConfigurationError) -> String? {
    try optionalNode(key)?.string()
  }

  /// A case of an enumeration.
  public mutating func choice<Choice>(_ key: String, of type: Choice.Type) throws(ConfigurationError)
    -> Choice
  where Choice: CaseIterable & RawRepresentable, Choice.RawValue == String {
    try node(key).choice(of: type)
  }

  /// A case of an enumeration, or nil if the key is left out.
  public mutating func optionalChoice<Choice>(_ key: String, of type: Choice.Type)
    throws(ConfigurationError) -> Choice?
  where Choice: CaseIterable & RawRepresentable, Choice.RawValue == String {
    try optionalNode(key)?.choice(of: type)
  }

  /// One of the names given.
  public mutating func choice(_ key: String, among names: [String]) throws(ConfigurationError) -> String {
    try node(key).choice(among: names)
  }

  /// A size in bytes.
  public mutating func bytes(_ key: String, in range: some ConfigurationRange<Int> = 0...)
    throws(ConfigurationError) -> Int
  { try node(key).bytes(in: range) }

  /// A size in bytes, or nil if the key is left out.
  public mutating func optionalBytes(_ key: String, in range: some ConfigurationRange<Int> = 0...)
    throws(ConfigurationError) -> Int?
  { try optionalNode(key)?.bytes(in: range) }

  /// A list; see ``ConfigurationNode/list(count:)``.
  public mutating func list(_ key: String, count range: some ConfigurationRange<Int> = 0...)
    throws(ConfigurationError) -> [ConfigurationNode]
  { try node(key).list(count: range) }

  /// A list, or nil if the key is left out.
  public mutating func optionalList(_ key: String, count range: some ConfigurationRange<Int> = 0...)
    throws(ConfigurationError) -> [ConfigurationNode]?
  { try optionalNode(key)?.list(count: range) }

  /// A nested mapping.
  public mutating func mapping(_ key: String) throws(ConfigurationError) -> ConfigurationMapping {
    try node(key).mapping()
  }

  /// A nested mapping, or nil if the key is left out.
  public mutating func optionalMapping(_ key: String) throws(ConfigurationError) -> ConfigurationMapping? {
    try optionalNode(key)?.mapping()
  }

  /// A file or folder; a relative path starts at the folder of the configuration file.
  public mutating func path(_ key: String) throws(ConfigurationError) -> URL { try node(key).path() }

  /// A file or folder, or nil if the key is left out.
  public mutating func optionalPath(_ key: String) throws(ConfigurationError) -> URL? {
    try optionalNode(key)?.path()
  }
}

extension ConfigurationNode {
  /// A file or folder; a relative path starts at the folder of the file that names it.
  public func path() throws(ConfigurationError) -> URL {
    let text = try text()
    if text.contains("\0") { throw error("\(quotedName) must be a path, found a NUL character") }
    return URL(fileURLWithPath: text, relativeTo: file.absoluteURL.deletingLastPathComponent())
      .standardizedFileURL
  }
}
