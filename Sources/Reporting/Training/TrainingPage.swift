import Foundations
import Training

/// A self-contained HTML page about one training.
public struct TrainingPage: Sendable {
  private let report: TrainingReport

  /// Creates a page.
  public init(_ report: TrainingReport) { self.report = report }

  /// The page.
  public func html() -> String {
    let figures = report.accuracies.map {
      "\($0.split) accuracy \(NumberFormat.percent($0.accuracy)) on \(NumberFormat.grouped($0.images)) images"
    }
    var body = [
      HTML.heading(1, "Tandem: training of \(report.trial.map { "trial \($0)" } ?? "an architecture")"),
      HTML.paragraph(report.label),
      HTML.paragraph(
        "Experiment \(report.experiment), data set \(report.dataset): \(NumberFormat.grouped(report.trainImages)) images, "
          + "\(NumberFormat.decimal(report.configuration.epochs)) epochs, \(NumberFormat.grouped(report.steps)) steps in "
          + "\(NumberFormat.duration(seconds: report.seconds)); \(figures.joined(separator: ", "))."),
    ]
    if !report.history.isEmpty {
      body += [
        HTML.heading(2, "Learning curve"), LearningCurveChart(history: report.history).svg(),
        HTML.paragraph(
          "Loss and training accuracy are means over a pass, while the weights changed, of images as augmented. Validation "
            + "is on held-out training images after the pass; the test images were looked at once, at the end.",
          note: true),
        HTML.table(
          [
            ("epoch", true), ("train loss", true), ("train", true), ("validation", true), ("rate", true),
            ("time", true),
          ], report.history.map(TrainingReport.cells)),
      ]
    }
    let configuration = (try? JSONFile.encode(report.configuration)).map {
      String(decoding: $0, as: UTF8.self)
    }
    body += [HTML.heading(2, "Configuration"), HTML.preformatted(configuration ?? "")]
    return HTML.page(title: "Tandem: training", body)
  }
}
