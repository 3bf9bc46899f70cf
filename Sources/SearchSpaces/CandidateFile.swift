import Foundation
import Foundations

/// Reads and writes candidates as JSON files: `{schemaVersion, architecture {space, choices}, policy}`
/// (`Formats/Candidate.schema.json`).
public enum CandidateFile {
  private struct Document: Codable {
    let schemaVersion: Int
    let architecture: Architecture
    let policy: SchedulingPolicy

    enum CodingKeys: String, CodingKey, CaseIterable { case schemaVersion, architecture, policy }

    init(_ candidate: Candidate) {
      schemaVersion = VersionedFile.supportedVersion
      architecture = candidate.architecture
      policy = candidate.policy
    }

    init(from decoder: any Decoder) throws {
      try decoder.refuseUnknownKeys(CodingKeys.allCases.map(\.rawValue))
      let container = try decoder.container(keyedBy: CodingKeys.self)
      schemaVersion = try VersionedFile.version(in: container, forKey: .schemaVersion)
      architecture = try container.decode(Architecture.self, forKey: .architecture)
      policy = try container.decode(SchedulingPolicy.self, forKey: .policy)
    }
  }

  /// The file's content; equal candidates give equal bytes.
  public static func encode(_ candidate: Candidate) throws -> Data {
    try JSONFile.encode(Document(candidate))
  }

  /// Reads a candidate and checks it against a space.
  ///
  /// - Parameter source: the file's name, for errors.
  /// - Throws: ``SearchSpaceError/invalidFile(path:reason:)`` for unreadable JSON, unknown or missing keys, another
  ///   version, and choices that are not the space's.
  public static func decode(_ data: Data, source: String, in space: SearchSpace) throws(SearchSpaceError)
    -> Candidate
  {
    let document = try VersionedFile.decode(Document.self, from: data, source: source)
    let candidate = Candidate(architecture: document.architecture, policy: document.policy)
    do {
      try space.validate(candidate)
    } catch {
      throw .invalidFile(path: source, reason: error.description)
    }
    return candidate
  }

  /// Reads a file; see ``decode(_:source:in:)``.
  public static func read(_ url: URL, in space: SearchSpace) throws(SearchSpaceError) -> Candidate {
    try decode(VersionedFile.contents(of: url), source: url.relativePath, in: space)
  }
}

/// Reads and writes architectures as JSON files: `{schemaVersion, space, choices}`
/// (`Formats/Architecture.schema.json`).
public enum ArchitectureFile {
  private struct Document: Codable {
    let schemaVersion: Int
    let space: String
    let choices: [String: String]

    enum CodingKeys: String, CodingKey, CaseIterable { case schemaVersion, space, choices }

    init(_ architecture: Architecture) {
      schemaVersion = VersionedFile.supportedVersion
      space = architecture.space
      choices = architecture.choices
    }

    init(from decoder: any Decoder) throws {
      try decoder.refuseUnknownKeys(CodingKeys.allCases.map(\.rawValue))
      let container = try decoder.container(keyedBy: CodingKeys.self)
      schemaVersion = try VersionedFile.version(in: container, forKey: .schemaVersion)
      space = try container.decode(String.self, forKey: .space)
      choices = try container.decode([String: String].self, forKey: .choices)
    }
  }

  /// The file's content; equal architectures give equal bytes.
  public static func encode(_ architecture: Architecture) throws -> Data {
    try JSONFile.encode(Document(architecture))
  }

  /// Reads an architecture and checks it against a space.
  ///
  /// - Parameter source: the file's name, for errors.
  /// - Throws: ``SearchSpaceError/invalidFile(path:reason:)``.
  public static func decode(_ data: Data, source: String, in space: SearchSpace) throws(SearchSpaceError)
    -> Architecture
  {
    let document = try VersionedFile.decode(Document.self, from: data, source: source)
    let architecture = Architecture(space: document.space, choices: document.choices)
    do {
      try space.validate(architecture)
    } catch {
      throw .invalidFile(path: source, reason: error.description)
    }
    return architecture
  }

  /// Reads a file; see ``decode(_:source:in:)``.
  public static func read(_ url: URL, in space: SearchSpace) throws(SearchSpaceError) -> Architecture {
    try decode(VersionedFile.contents(of: url), source: url.relativePath, in: space)
  }
}

/// What the two formats share.
private enum VersionedFile {
  static let supportedVersion = 1

  static func version<Key>(in container: KeyedDecodingContainer<Key>, forKey key: Key) throws -> Int {
    let version = try container.decode(Int.self, forKey: key)
    guard version == supportedVersion else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container, debugDescription: "expected \(supportedVersion), found \(version)")
    }
    return version
  }

  static func decode<Document: Decodable>(_ type: Document.Type, from data: Data, source: String)
    throws(SearchSpaceError) -> Document
  {
    do {
      return try JSONFile.decode(type, from: data, source: source)
    } catch {
      throw .invalidFile(path: error.source, reason: error.reason)
    }
  }

  static func contents(of url: URL) throws(SearchSpaceError) -> Data {
    do {
      return try AtomicFile.read(url)
    } catch {
      throw .invalidFile(path: url.relativePath, reason: error.description)
    }
  }
}
