import AccuracyEstimation

extension NumberFormat {
  /// What an estimator found; see ``estimate(accuracy:merit:)``.
  public static func estimate(_ estimate: AccuracyEstimate) -> String {
    self.estimate(accuracy: estimate.accuracy, merit: estimate.merit)
  }
}

/// Estimates in words, so that no figure stands without saying how it was made.
public enum EstimateText {
  /// How an estimate was made: `validation split, short-training, 8,000 training and 2,000 validation images, 2.0 epochs`.
  public static func provenance(_ estimate: AccuracyEstimate) -> String {
    var parts: [String]
    if comesFromTable(estimate) {
      parts = ["\(estimate.estimator), from the column '\(estimate.split)' of a table"]
    } else {
      parts = [
        "\(estimate.split) split", estimate.estimator,
        "\(NumberFormat.grouped(estimate.trainImages)) training and "
          + "\(NumberFormat.grouped(estimate.validationImages)) validation images, \(estimate.epochs) epochs",
      ]
    }
    if let deviation = estimate.standardDeviation {
      parts.append("standard deviation \(NumberFormat.percent(deviation))")
    }
    if let train = estimate.trainAccuracy {
      parts.append("\(NumberFormat.percent(train)) on the images trained on")
    }
    if let score = estimate.score, estimate.accuracy != nil {
      parts.append("ranked by the score \(NumberFormat.score(score))")
    }
    return parts.joined(separator: ", ")
  }

  /// What has to be said of a run whose accuracies are not those of the networks that were planned and timed; nil
  /// where there is nothing.
  public static func caution(_ estimate: AccuracyEstimate) -> String? {
    if comesFromTable(estimate) {
      return
        "Accuracies come from a table, which knows the searched cells only: widths and depths are those of "
        + "its own networks, not of the networks that were planned and timed. Winners are not trained."
    }
    if estimate.accuracy == nil {
      return
        "Candidates were ranked by a score of '\(estimate.estimator)' that is no accuracy: it says which is better, "
        + "not how good."
    }
    return nil
  }

  /// Whether an accuracy was looked up, or predicted from some that were.
  private static func comesFromTable(_ estimate: AccuracyEstimate) -> Bool {
    estimate.estimator.split(separator: ":").last.map(String.init) == TableEstimator.name
  }
}
