extension ConfigurationNode {
  /// The value as ``ConfigurationWriter`` would write it again: plain scalars as the number, truth value or text that
  /// they are; comments and layout are lost.
  public var configurationValue: ConfigurationValue {
    switch value {
    case .list(let items): return .list(items.map(\.configurationValue))
    case .mapping(let entries): return .mapping(entries.map { ($0.key, $0.value.configurationValue) })
    case .scalar(let text, let isPlain):
      guard isPlain else { return .string(text) }
      if let number = Int(text) { return .int(number) }
      if let number = ScalarText.double(text) { return .double(number) }
      if let flag = ScalarText.bool(text) { return .bool(flag) }
      return .string(text)
    }
  }
}
