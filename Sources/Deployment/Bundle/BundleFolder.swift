import Foundation
import Foundations

/// A bundle's folder: written under a temporary name beside its place, then renamed.
enum BundleFolder {
  /// The names of everything in a folder, sorted; hidden files too.
  static func entries(of folder: URL) throws(DeploymentError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    } catch {
      throw .file(.cannotRead(path: folder.path, reason: reason(error)))
    }
  }

  /// Whether a new bundle may be put there: nothing is there, or an empty folder, or an earlier bundle and nothing
  /// else.
  ///
  /// - Throws: ``DeploymentError/destinationInUse(path:entry:)`` naming what would be lost.
  static func checkReplaceable(_ destination: URL) throws(DeploymentError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: destination.path, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue else {
      throw .file(.cannotCreateFolder(path: destination.path, reason: "a file of that name exists"))
    }
    let entries = try entries(of: destination)
    guard let first = entries.first else { return }
    guard let manifest = try? BundleVerifier.manifest(of: destination) else {
      throw .destinationInUse(path: destination.path, entry: first)
    }
    if let foreign = entries.first(where: { $0 != BundleFile.manifest && manifest.files[$0] == nil }) {
      throw .destinationInUse(path: destination.path, entry: foreign)
    }
  }

  /// Calls `fill` with a new folder beside `destination` and renames it to `destination`. Whatever fails, the
  /// destination is as it was, and nothing is left beside it.
  static func replace(
    _ destination: URL, fill: (URL) throws(DeploymentError) -> BundleManifest
  ) throws(DeploymentError) -> BundleManifest {
    try checkReplaceable(destination)
    let parent = destination.deletingLastPathComponent()
    let unique = UUID().uuidString
    let temporary = parent.appendingPathComponent(".\(destination.lastPathComponent).\(unique)")
    let old = parent.appendingPathComponent(".\(destination.lastPathComponent).\(unique).old")
    let files = FileManager.default
    defer { try? files.removeItem(at: temporary) }
    do { try AtomicFile.createFolder(temporary) } catch { throw .file(error) }
    let manifest = try fill(temporary)
    // Checked again: filling takes time.
    try checkReplaceable(destination)
    do {
      guard files.fileExists(atPath: destination.path) else {
        try files.moveItem(at: temporary, to: destination)
        return manifest
      }
      try files.moveItem(at: destination, to: old)
      do {
        try files.moveItem(at: temporary, to: destination)
      } catch {
        try files.moveItem(at: old, to: destination)
        throw error
      }
    } catch {
      throw .file(.cannotWrite(path: destination.path, reason: reason(error)))
    }
    try? files.removeItem(at: old)
    return manifest
  }

  private static func reason(_ error: any Error) -> String {
    let inner = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    if let inner, inner.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(inner.code))) }
    return error.localizedDescription
  }
}
