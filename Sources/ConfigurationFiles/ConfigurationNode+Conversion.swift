import Foundations

extension ConfigurationNode {
  /// An integer in `range`, written in decimal without quotes.
  ///
  /// - Throws: ``ConfigurationError`` naming the value and the range.
  public func int(in range: some ConfigurationRange<Int> = Int.min...Int.max) throws(ConfigurationError)
    -> Int
  {
    guard case .scalar(let text, isPlain: true) = value, let number = Int(text) else {
      throw mismatch("an integer\(range.isEverything ? "" : " \(range.text)")")
    }
    guard range.contains(number) else { throw error("\(quotedName) must be \(range.text), found \(number)") }
    return number
  }

  /// A finite number in `range`, written in decimal without quotes.
  ///
  /// - Throws: ``ConfigurationError`` naming the value and the range.
  public func double(
    in range: some ConfigurationRange<Double> = -Double
      .greatestFiniteMagnitude...Double.greatestFiniteMagnitude
  ) throws(ConfigurationError) -> Double {
    guard case .scalar(let text, isPlain: true) = value, let number = ScalarText.double(text) else {
      throw mismatch("a number\(range.isEverything ? "" : " \(range.text)")")
    }
    guard range.contains(number) else { throw error("\(quotedName) must be \(range.text), found \(text)") }
    return number
  }

  /// `true` or `false`.
  public func bool() throws(ConfigurationError) -> Bool {
    guard case .scalar(let text, isPlain: true) = value, let flag = ScalarText.bool(text) else {
      throw mismatch("true or false")
    }
    return flag
  }

  /// Text that is not empty and that, unless quoted, nobody could take for a number, a truth value or nothing.
  public func string() throws(ConfigurationError) -> String {
    guard case .scalar(let text, let isPlain) = value else { throw mismatch("text") }
    if isPlain, ScalarText.isNull(text) { throw error("\(quotedName) has no value") }
    if text.isEmpty { throw error("\(quotedName) must not be empty") }
    if isPlain, ScalarText.double(text) != nil || ScalarText.bool(text) != nil {
      throw error("\(quotedName) must be text, found \(kindDescription); quote it if it is meant as text")
    }
    return text
  }

  /// A scalar as it is written, whatever its type: for values that may be numbers or words.
  public func text() throws(ConfigurationError) -> String {
    guard case .scalar(let text, let isPlain) = value, !(isPlain && ScalarText.isNull(text)), !text.isEmpty
    else {
      throw mismatch("a single value")
    }
    return text
  }

  /// One of `names`.
  ///
  /// - Throws: ``ConfigurationError`` with the nearest name.
  public func choice(among names: [String]) throws(ConfigurationError) -> String {
    let text = try text()
    guard names.contains(text) else {
      throw error("\(quotedName) cannot be '\(text.prefix(40))'" + NearestName.hint(for: text, among: names))
    }
    return text
  }

  /// A case of an enumeration, by its raw value.
  public func choice<Choice>(of type: Choice.Type) throws(ConfigurationError) -> Choice
  where Choice: CaseIterable & RawRepresentable, Choice.RawValue == String {
    let text = try choice(among: Choice.allCases.map(\.rawValue))
    guard let choice = Choice(rawValue: text) else { throw mismatch("one of the names above") }
    return choice
  }

  /// A size in bytes: `64KiB`, `1MiB` or plain bytes.
  public func bytes(in range: some ConfigurationRange<Int> = 0...) throws(ConfigurationError) -> Int {
    guard case .scalar(let text, _) = value, let count = ByteCount.parse(text) else {
      throw mismatch("a size such as 64KiB, 1MiB or a number of bytes")
    }
    guard range.contains(count) else {
      throw error("\(quotedName) must be \(range.text) bytes, found \(count)")
    }
    return count
  }

  /// The items of a list with a number of items in `range`.
  public func list(count range: some ConfigurationRange<Int> = 0...) throws(ConfigurationError)
    -> [ConfigurationNode]
  {
    guard case .list(let items) = value else { throw mismatch("a list") }
    guard range.contains(items.count) else {
      let found = items.count == 1 ? "1 item" : "\(items.count) items"
      throw error("\(quotedName) must have \(range.text) items, found \(found)")
    }
    return items
  }

  /// A reader of this mapping's keys.
  public func mapping() throws(ConfigurationError) -> ConfigurationMapping {
    guard case .mapping(let entries) = value else { throw mismatch("a mapping") }
    return ConfigurationMapping(node: self, entries: entries)
  }
}
