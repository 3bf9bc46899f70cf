import Foundation

/// What this machine is.
package enum Processor {
  /// The processor's name; on x86 with family and model, because some hypervisors show one name for several.
  package static let name: String = {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
      return architecture
    }
    return name(fromCPUInfo: text) ?? architecture
  }()

  /// Reads the first processor of a `/proc/cpuinfo`; nil if it names none.
  package static func name(fromCPUInfo text: String) -> String? {
    var fields: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2, fields[parts[0]] == nil { fields[parts[0]] = parts[1] }
    }
    if let model = fields["model name"] ?? fields["Model"] ?? fields["Hardware"] {
      guard let family = fields["cpu family"], let number = fields["model"] else { return model }
      return "\(model), family \(family), model \(number)"
    }
    guard let part = fields["CPU part"] else { return nil }
    return "CPU implementer \(fields["CPU implementer"] ?? "unknown"), part \(part)"
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "unknown processor"
    #endif
  }
}
