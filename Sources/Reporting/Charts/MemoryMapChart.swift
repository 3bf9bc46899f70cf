import Foundations
import MemoryPlanning

/// The arena over time: every buffer is a rectangle from its first to its last step, at its offset; the device's
/// limit is a line.
public struct MemoryMapChart: Sendable {
  private let plan: ArenaPlan
  private let limitBytes: Int?
  private let peakStep: Int?

  /// Creates a chart of `plan`.
  ///
  /// - Parameters:
  ///   - limitBytes: the device's limit for the arena, drawn as a line.
  ///   - peakStep: the step of the peak, marked.
  public init(plan: ArenaPlan, limitBytes: Int? = nil, peakStep: Int? = nil) {
    self.plan = plan
    self.limitBytes = limitBytes
    self.peakStep = peakStep
  }

  /// The chart as SVG text.
  public func svg() -> String {
    let (width, height) = (760.0, 360.0)
    let steps = (plan.buffers.map(\.lastStep).max() ?? 0) + 1
    let highest = Double(max(plan.arenaBytes, limitBytes ?? 0)) / 1024
    let vertical = AxisScale(values: [highest], pixels: 20...(height - 60), includesZero: true)
    let left = 70.0
    let right = width - 20
    func x(_ step: Int) -> Double { left + (right - left) * Double(step) / Double(steps) }
    func y(_ bytes: Int) -> Double { vertical.position(Double(bytes) / 1024, flipped: true) }

    var parts = SVG.verticalAxis(vertical, left: left, right: right, title: "arena, KiB")
    if let peakStep {
      parts.append(SVG.rectangle(x(peakStep), 20, x(peakStep + 1) - x(peakStep), height - 80, style: "peak"))
    }
    for buffer in plan.buffers where buffer.kind == .tensor || buffer.kind == .workspace {
      parts.append(
        SVG.rectangle(
          x(buffer.firstStep), y(buffer.offset + buffer.bytes), x(buffer.lastStep + 1) - x(buffer.firstStep),
          y(buffer.offset) - y(buffer.offset + buffer.bytes),
          style: buffer.kind == .workspace ? "workspace" : "tensor",
          tooltip: "\(buffer.name): \(ByteCount.describe(buffer.bytes)) at \(buffer.offset), steps "
            + "\(buffer.firstStep)–\(buffer.lastStep)\(buffer.kind == .workspace ? " (workspace)" : "")"))
    }
    if let limitBytes {
      parts.append(SVG.line(left, y(limitBytes), right, y(limitBytes), style: "limit"))
      parts.append(
        SVG.text(
          right, y(limitBytes) - 5, "limit \(ByteCount.describe(limitBytes))", style: "callout", anchor: "end"
        ))
    }
    let stride = max(1, (steps + 9) / 10)
    for step in Swift.stride(from: 0, to: steps, by: stride) {
      parts.append(SVG.text(x(step), height - 42, "\(step)", anchor: "start"))
    }
    parts.append(
      SVG.text((left + right) / 2, height - 20, "step of the operator order", style: "axis", anchor: "middle")
    )
    return SVG.document(width: width, height: height, title: "Memory over time", parts)
  }
}
