import ConfigurationFiles

/// A JSON key of any name.
struct AnyCodingKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// Fails if the current object has a key that is not in `allowed`, naming it and the nearest one allowed.
  func refuseUnknownKeys(_ allowed: [String]) throws {
    let container = try container(keyedBy: AnyCodingKey.self)
    guard let unknown = container.allKeys.map(\.stringValue).sorted().first(where: { !allowed.contains($0) })
    else { return }
    throw DecodingError.dataCorrupted(
      .init(
        codingPath: codingPath + [AnyCodingKey(stringValue: unknown)],
        debugDescription: "unknown key" + NearestName.hint(for: unknown, among: allowed)))
  }
}
