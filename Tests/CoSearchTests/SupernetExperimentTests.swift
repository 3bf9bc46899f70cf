import AccuracyEstimation
import ConfigurationFiles
import CoSearch
import Foundation
import Testing

@Suite struct SupernetExperimentTests {
  private let files: TinyExperiment

  init() throws { files = try TinyExperiment() }

  private static func text(_ keys: String = "") -> String {
    TinyExperiment.text().replacing(
      "accuracy: {estimator: shortTraining, trainImages: 100, validationImages: 50, epochs: 1}",
      with: "accuracy: {estimator: supernet, trainImages: 2000, validationImages: 50, epochs: 20\(keys)}")
  }

  @Test func defaultsAreThoseOfTheSettings() throws {
    let experiment = try files.load(Self.text())
    #expect(experiment.accuracy.estimator == .supernet)
    #expect(experiment.accuracy.supernet == SupernetSettings())
    #expect(experiment.accuracy.training.epochs == 20)
    #expect(try files.load().accuracy.supernet == nil)
    let small = try files.load(
      Self.text().replacing("trainImages: 2000", with: "trainImages: 50, batchSize: 32"))
    #expect(small.accuracy.supernet?.recalibrationImages == 32)
  }

  @Test(arguments: [
    "", ", recalibrationImages: 64, refitClassifier: false",
    ", sampling: sandwich, subnetsPerStep: 3, distillation: false",
    ", sampling: independent, subnetsPerStep: 1, operationEmphasis: 2.5",
    ", phases: [{share: 1, widths: [6], depths: [1]}, {share: 2.5, widths: [6, 4]}, {share: 1}]",
  ])
  func theResolvedFileIsTheSameExperiment(keys: String) throws {
    let experiment = try files.load(Self.text(keys))
    let text = experiment.resolvedYAML(spacePath: "tiny.yaml", devicePath: { "Devices/\($0).yaml" })
    #expect(try files.load(text) == experiment)
    #expect(text.contains("recalibrationImages:"))
  }

  @Test func everyKeyArrives() throws {
    let settings = try #require(
      try files.load(
        Self.text(
          ", recalibrationImages: 64, refitClassifier: false, sampling: sandwich, subnetsPerStep: 3, "
            + "phases: [{share: 0.5, widths: [6, 2]}, {share: 1, depths: [1]}]")
      ).accuracy.supernet)
    #expect(
      settings
        == SupernetSettings(
          recalibrationImages: 64, refitsClassifier: false, sampling: .sandwich(subnets: 3),
          distillation: true,
          phases: [.init(share: 0.5, widths: [6, 2]), .init(share: 1, depths: [1])]))
  }

  @Test func networksOfAStepAreIndependentUnlessSaidOtherwise() throws {
    let settings = try #require(
      try files.load(Self.text(", subnetsPerStep: 1, operationEmphasis: 1")).accuracy.supernet)
    #expect(settings == SupernetSettings(sampling: .independent(subnets: 1), operationEmphasis: 1))
  }

  @Test(arguments: [
    (", recalibrationImages: 33", "multiple of 32"), (", recalibrationImages: 2048", "between 32 and 2000"),
    (", sampling: sandwhich", "sandwich"), (", subnetsPerStep: 0", "between 1 and 64"),
    (", operationEmphasis: 0.5", "operationEmphasis"), (", operationEmphasis: .inf", "operationEmphasis"),
    (", distillation: true", "sandwich"), (", sampling: sandwich, subnetsPerStep: 1", "between 2 and 64"),
    (", phases: [{share: 0}]", "share"), (", phases: [{share: 1, widths: [5]}]", "2, 4, 6"),
    (", phases: [{share: 1, widhts: [2]}]", "widths"), (", recalibratonImages: 64", "recalibrationImages"),
  ])
  func mistakesAreNamedWithTheirLine(keys: String, hint: String) throws {
    #expect {
      _ = try files.load(Self.text(keys))
    } throws: { error in
      let text = "\(error)"
      return text.contains(":10:") && text.contains(hint)
    }
  }

  /// The keys are the supernet's alone.
  @Test func otherEstimatorsRefuseTheKeys() throws {
    let text = TinyExperiment.text().replacing(
      "validationImages: 50", with: "validationImages: 50, refitClassifier: true")
    #expect(throws: ConfigurationError.self) { try files.load(text) }
  }

  @Test func otherSettingsAreAnotherExperiment() throws {
    let stored = try files.load(Self.text())
    #expect(try files.load(Self.text(", refitClassifier: false")).difference(from: stored) != nil)
  }
}
