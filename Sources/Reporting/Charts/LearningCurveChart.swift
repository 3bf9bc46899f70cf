import Training

/// Accuracy and loss after every pass of a training, one above the other.
public struct LearningCurveChart: Sendable {
  private let history: [EpochRecord]

  /// Creates a chart. - Precondition: there is at least one record.
  public init(history: [EpochRecord]) {
    precondition(!history.isEmpty, "a learning curve needs a record")
    self.history = history
  }

  /// The chart as SVG text.
  public func svg() -> String {
    let (width, height, left) = (760.0, 440.0, 70.0)
    let right = width - 110
    let held = history.compactMap { record in record.validationAccuracy.map { (record, $0 * 100) } }
    let horizontal = AxisScale(
      values: history.map(\.epoch), pixels: left...right, includesZero: true)
    let accuracy = AxisScale(
      values: history.map { $0.trainAccuracy * 100 } + held.map(\.1), pixels: 15...205)
    let loss = AxisScale(
      values: history.map(\.trainLoss), pixels: 235...(height - 60), includesZero: true, desiredTicks: 4)
    var parts = SVG.verticalAxis(accuracy, left: left, right: right, title: "accuracy, %")
    parts += SVG.verticalAxis(loss, left: left, right: right, title: "loss")
    parts += SVG.horizontalAxis(horizontal, bottom: height - 60, title: "passes over the images")
    parts += curve(
      history.map { ($0.epoch, $0.trainAccuracy * 100) }, "training", "learnt", horizontal, accuracy)
    parts += curve(held.map { ($0.0.epoch, $0.1) }, "validation", "held", horizontal, accuracy)
    parts += curve(history.map { ($0.epoch, $0.trainLoss) }, "training", "learnt", horizontal, loss)
    return SVG.document(width: width, height: height, title: "Learning curve", parts)
  }

  /// A line with its name at the end; of one value only, a mark.
  private func curve(
    _ values: [(epoch: Double, value: Double)], _ name: String, _ style: String, _ horizontal: AxisScale,
    _ vertical: AxisScale
  ) -> [String] {
    let points = values.map {
      (x: horizontal.position($0.epoch), y: vertical.position($0.value, flipped: true))
    }
    guard let last = points.last else { return [] }
    let line =
      points.count > 1
      ? SVG.path(points, style: style) : SVG.line(last.x - 6, last.y, last.x + 6, last.y, style: style)
    return [line, SVG.text(last.x + 8, last.y + 4, name, style: "callout")]
  }
}
