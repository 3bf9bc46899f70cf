import ConfigurationFiles

extension ConfigurationNode {
  /// Fails unless `name` can be part of a decision's name, a label and a file's name.
  func checkName(_ name: String, what: String) throws(ConfigurationError) {
    let isName =
      (1...64).contains(name.count) && name.first!.isLetter
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
    guard isName else {
      throw error(
        "\(what) must begin with a letter and consist of up to 64 letters, digits, '_' and '-', "
          + "found '\(name.prefix(80))'")
    }
  }

  /// A list of different values, at least one, each read by `read` and shown as text in errors.
  func distinctValues<Value: Hashable>(
    _ read: (ConfigurationNode) throws(ConfigurationError) -> Value
  ) throws(ConfigurationError) -> [Value] {
    var values: [Value] = []
    for item in try list(count: 1...256) {
      let value = try read(item)
      guard !values.contains(value) else { throw item.error("'\(item.name)' repeats the value \(value)") }
      values.append(value)
    }
    return values
  }
}
