import Foundation

/// Tandem's one way of writing and reading JSON: sorted keys, so that equal values give equal bytes.
public enum JSONFile {
  /// Encodes `value` with sorted keys and indentation, ending in a newline.
  public static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value) + Data("\n".utf8)
  }

  /// Encodes `value` on one line with sorted keys, for logs and database columns.
  public static func encodeLine(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Decodes a value from JSON data; `source` names the file in errors.
  ///
  /// - Throws: ``JSONFileError`` with the source and the path of the key that was missing or wrong.
  public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data, source: String)
    throws(JSONFileError) -> Value
  {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as DecodingError {
      throw JSONFileError(source: source, reason: Self.describe(error))
    } catch {
      throw JSONFileError(source: source, reason: "\(error)")
    }
  }

  private static func describe(_ error: DecodingError) -> String {
    func path(_ keys: [any CodingKey]) -> String {
      keys.isEmpty
        ? "the top level"
        : keys.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "key '\(key.stringValue)' is missing at \(path(context.codingPath))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(path(context.codingPath)): \(context.debugDescription)"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "not valid JSON" : "\(path(context.codingPath)): \(context.debugDescription)"
    @unknown default: return "\(error)"
    }
  }
}

/// JSON that cannot be read as what it should be.
public struct JSONFileError: Error, Equatable, CustomStringConvertible {
  /// The file or stream that was read.
  public let source: String
  /// What is wrong, with the path of the key.
  public let reason: String

  /// One sentence that names the source and the key.
  public var description: String { "\(source): \(reason)" }

  /// Creates an error about `source`.
  public init(source: String, reason: String) {
    self.source = source
    self.reason = reason
  }
}
