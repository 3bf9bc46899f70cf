import Foundation
import Foundations

/// The bundle's way of writing and reading JSON: only the exact bytes that encoding gives are accepted back, so that
/// no unknown key can hide in a file.
enum BundleJSON {
  private struct Version: Decodable {
    let schemaVersion: Int
  }

  static func encode(_ value: some Encodable, file: String) throws(DeploymentError) -> Data {
    do {
      return try JSONFile.encode(value)
    } catch {
      throw .json(JSONFileError(source: file, reason: "cannot be encoded: \(error)"))
    }
  }

  /// Decodes a file of format version 1.
  static func decode<Value: Codable>(_ type: Value.Type, from data: Data, file: String)
    throws(DeploymentError)
    -> Value
  {
    let value: Value
    do throws(JSONFileError) {
      let version = try JSONFile.decode(Version.self, from: data, source: file).schemaVersion
      guard version == 1 else {
        throw JSONFileError(
          source: file, reason: ".schemaVersion: version \(version) is unknown; this program reads 1")
      }
      value = try JSONFile.decode(type, from: data, source: file)
    } catch {
      throw .json(error)
    }
    guard try encode(value, file: file) == data else { throw .notCanonical(file: file) }
    return value
  }
}
