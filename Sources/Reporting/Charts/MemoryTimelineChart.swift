import Foundations
import MemoryPlanning

/// Live bytes step by step: an order as an area, another one of the same network before it as a line.
public struct MemoryTimelineChart: Sendable {
  private let title: String
  private let before: MemoryProfile?
  private let after: MemoryProfile
  private let scheduler: String
  private let boundBytes: Int?
  private let limitBytes: Int?

  /// Creates a chart.
  ///
  /// - Parameters:
  ///   - title: the model's name.
  ///   - before: the file's own order, if it is a valid one.
  ///   - after: the scheduled order; it may have more or fewer steps if the network was rewritten.
  ///   - scheduler: who found it.
  ///   - boundBytes: a proved lower bound of any order's peak, drawn as a line.
  ///   - limitBytes: the memory that is there, drawn as a line.
  public init(
    title: String, before: MemoryProfile?, after: MemoryProfile, scheduler: String, boundBytes: Int? = nil,
    limitBytes: Int? = nil
  ) {
    self.title = title
    self.before = before
    self.after = after
    self.scheduler = scheduler
    self.boundBytes = boundBytes
    self.limitBytes = limitBytes
  }

  /// The chart as the text of an SVG file.
  public func svg() -> String {
    let (width, height) = (960.0, 460.0)
    let (left, right, top, bottom) = (80.0, width - 20, 70.0, height - 60)
    let highest = max(after.peak.bytes, before?.peak.bytes ?? 0, limitBytes ?? 0, 1)
    let unit = Self.unit(of: highest)
    let vertical = AxisScale(
      values: [Double(highest) / unit.bytes], pixels: top...bottom, includesZero: true)
    func y(_ bytes: Int) -> Double { vertical.position(Double(bytes) / unit.bytes, flipped: true) }
    func x(_ step: Int, of count: Int) -> Double {
      left + (right - left) * Double(step) / Double(max(1, count))
    }
    func corners(_ profile: MemoryProfile) -> [(x: Double, y: Double)] {
      profile.liveBytes.enumerated().flatMap { step, bytes in
        [
          (x(step, of: profile.liveBytes.count), y(bytes)),
          (x(step + 1, of: profile.liveBytes.count), y(bytes)),
        ]
      }
    }

    var parts = SVG.verticalAxis(vertical, left: left, right: right, title: "live memory, \(unit.name)")
    parts.append(SVG.path([(left, bottom)] + corners(after) + [(right, bottom)], style: "area"))
    if let before, !before.liveBytes.isEmpty { parts.append(SVG.path(corners(before), style: "before")) }
    if let boundBytes {
      parts.append(SVG.line(left, y(boundBytes), right, y(boundBytes), style: "bound"))
    }
    if let limitBytes {
      parts.append(SVG.line(left, y(limitBytes), right, y(limitBytes), style: "limit"))
      parts.append(
        SVG.text(
          right, y(limitBytes) - 5, "limit \(ByteCount.describe(limitBytes))", style: "callout", anchor: "end"
        ))
    }
    parts += legend(left: left)
    let steps = AxisScale(values: [Double(after.liveBytes.count)], pixels: left...right, includesZero: true)
    for tick in steps.ticks where tick <= Double(after.liveBytes.count) {
      let place = x(Int(tick), of: after.liveBytes.count)
      parts.append(SVG.line(place, bottom, place, bottom + 4, style: "tick"))
      parts.append(SVG.text(place, bottom + 18, "\(Int(tick))", anchor: "middle"))
    }
    parts.append(
      SVG.text((left + right) / 2, bottom + 40, "step of the order", style: "axis", anchor: "middle"))
    return SVG.document(
      width: width, height: height, title: "Memory over time: \(title)", standalone: true, parts)
  }

  private func legend(left: Double) -> [String] {
    var saving = ""
    if let before, before.peak.bytes > 0 {
      let share = 1 - Double(after.peak.bytes) / Double(before.peak.bytes)
      saving = share < 0 ? ", \(NumberFormat.percent(-share)) more" : ", \(NumberFormat.percent(share)) saved"
    }
    var parts = [
      SVG.text(left, 22, title, style: "callout"),
      SVG.rectangle(left, 33, 14, 10, style: "area"),
      SVG.text(
        left + 20, 42,
        "\(scheduler): peak \(ByteCount.describe(after.peak.bytes)) at step \(after.peak.step) "
          + "(\(after.peak.operatorName.quoted))\(saving)"),
    ]
    if let before {
      parts.append(SVG.line(left, 55, left + 14, 55, style: "before"))
      parts.append(
        SVG.text(
          left + 20, 59,
          "file's own order: peak \(ByteCount.describe(before.peak.bytes)) at step \(before.peak.step) "
            + "(\(before.peak.operatorName.quoted))"))
    }
    if let boundBytes {
      parts.append(SVG.line(left + 480, 55, left + 494, 55, style: "bound"))
      parts.append(SVG.text(left + 500, 59, "no order is below \(ByteCount.describe(boundBytes))"))
    }
    return parts
  }

  private static func unit(of bytes: Int) -> (name: String, bytes: Double) {
    bytes >= 4 << 20 ? ("MiB", 1_048_576) : bytes >= 4096 ? ("KiB", 1024) : ("bytes", 1)
  }
}
