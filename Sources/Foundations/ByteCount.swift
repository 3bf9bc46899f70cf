/// Reads and writes sizes in bytes as people write them: `64KiB`, `1MiB`, `1536`.
public enum ByteCount {
  private static let units: [(suffix: String, bytes: Int)] = [
    ("gib", 1 << 30), ("mib", 1 << 20), ("kib", 1 << 10), ("gb", 1_000_000_000), ("mb", 1_000_000),
    ("kb", 1_000), ("b", 1),
  ]

  /// The number of bytes that `text` names, or nil if it is no size, is negative, is not a whole number of
  /// bytes or does not fit an `Int`.
  ///
  /// Accepts plain bytes and the suffixes B, kB, MB, GB (powers of 1,000) and KiB, MiB, GiB (powers of 1,024)
  /// in any case, with a fraction where the result is whole: `1.5KiB` is 1,536.
  public static func parse(_ text: String) -> Int? {
    let trimmed = text.lowercased().filter { $0 != " " && $0 != "_" }
    let (number, scale) =
      units.lazy.filter { trimmed.hasSuffix($0.suffix) }.first
      .map { (String(trimmed.dropLast($0.suffix.count)), $0.bytes) } ?? (trimmed, 1)
    guard !number.isEmpty, number.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else { return nil }
    if let whole = Int(number) {
      let (bytes, overflow) = whole.multipliedReportingOverflow(by: scale)
      return overflow ? nil : bytes
    }
    guard let value = Double(number) else { return nil }
    return Int(exactly: value * Double(scale))
  }

  /// A size for people, in binary units with at most one decimal: `256 KiB`, `1.5 MiB`, `12 B`.
  public static func describe(_ bytes: Int) -> String {
    for (name, scale) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where abs(bytes) >= scale {
      let tenths = (Double(bytes) / Double(scale) * 10).rounded() / 10
      return tenths == tenths.rounded() ? "\(Int(tenths)) \(name)" : "\(tenths) \(name)"
    }
    return "\(bytes) B"
  }
}
