import Foundation
import Foundations

/// A Markdown page of several sections, each written by a run of its own: a run replaces its section and leaves the others.
struct SectionedPage {
  /// The page's text before the first section.
  let head: String
  /// The names of all sections, in the page's order.
  let sections: [String]

  /// Writes one section into `README.md` of a folder.
  ///
  /// - Throws: `FileError`.
  func write(_ section: String, _ text: String, in folder: URL) throws {
    let file = folder.appendingPathComponent("README.md")
    let old =
      FileManager.default.fileExists(atPath: file.path)
      ? String(decoding: try AtomicFile.read(file), as: UTF8.self) : ""
    let parts = sections.compactMap { name -> String? in
      let content = name == section ? text : Self.content(of: name, in: old)
      return content.map { "\(Self.begin(name))\n\n\($0)\n\n\(Self.end(name))" }
    }
    try AtomicFile.createFolder(folder)
    try AtomicFile.write(([head] + parts).joined(separator: "\n\n") + "\n", to: file)
  }

  private static func content(of section: String, in page: String) -> String? {
    guard let start = page.range(of: begin(section)), let stop = page.range(of: end(section)),
      start.upperBound <= stop.lowerBound
    else { return nil }
    return page[start.upperBound..<stop.lowerBound].trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func begin(_ section: String) -> String { "<!-- begin \(section) -->" }
  private static func end(_ section: String) -> String { "<!-- end \(section) -->" }
}
