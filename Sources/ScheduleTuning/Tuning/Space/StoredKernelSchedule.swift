import Kernels

/// A kernel schedule as the schedule database stores it: `{"algorithm": "winograd4x4", "rowTile": 2, "threads": 2}`, knobs at
/// their standard left out.
public struct StoredKernelSchedule: Hashable, Sendable, Codable {
  /// The kernel schedule.
  public let schedule: KernelSchedule

  /// Wraps a kernel schedule.
  public init(_ schedule: KernelSchedule) { self.schedule = schedule }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
    static let algorithm = Key(stringValue: "algorithm")
    init(_ knob: ScheduleKnob) { stringValue = knob.rawValue }
  }

  /// Reads a schedule; a knob that this version does not know is an error, because without it the schedule is another.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    var schedule = KernelSchedule(algorithm: try container.decode(KernelAlgorithm.self, forKey: .algorithm))
    for key in container.allKeys where key.stringValue != Key.algorithm.stringValue {
      guard let knob = ScheduleKnob(rawValue: key.stringValue) else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "'\(key.stringValue)' is no knob of a kernel schedule"
        )
      }
      if let names = knob.names {
        let name = try container.decode(String.self, forKey: key)
        guard let place = names.firstIndex(of: name) else {
          throw DecodingError.dataCorruptedError(
            forKey: key, in: container,
            debugDescription: "'\(name)' is none of \(names.joined(separator: ", "))")
        }
        knob.set(place + 1, in: &schedule)
        continue
      }
      let value = try container.decode(Int.self, forKey: key)
      guard value > 0 else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "\(value) is not positive")
      }
      knob.set(value, in: &schedule)
    }
    self.schedule = schedule
  }

  /// Writes the algorithm, and the knobs that are not at their standard.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(schedule.algorithm, forKey: .algorithm)
    for knob in ScheduleKnob.allCases {
      guard let value = knob.value(in: schedule) else { continue }
      if let names = knob.names {
        try container.encode(names[value - 1], forKey: Key(knob))
      } else {
        try container.encode(value, forKey: Key(knob))
      }
    }
  }
}
