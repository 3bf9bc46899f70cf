import Foundation
import Foundations
import Reporting
import Testing
import Training

@Suite struct LearningCurveTests {
  @Test func learningCurvesShowEveryPass() {
    func record(_ epoch: Double, _ validation: Double?) -> EpochRecord {
      EpochRecord(
        epoch: epoch, trainLoss: 2 / epoch, trainAccuracy: 1 - 0.5 / epoch, learningRate: 0.1, seconds: 1,
        validationAccuracy: validation)
    }
    func corners(_ svg: String, _ style: String) -> [Int] {
      svg.matches(of: #/<path d="([^"]*)" class="(\w+)"/#).filter { $0.2 == style }.map {
        $0.1.split(separator: "L").count
      }
    }
    let plain = LearningCurveChart(history: (1...5).map { record(Double($0), nil) }).svg()
    #expect(corners(plain, "learnt") == [5, 5] && corners(plain, "held").isEmpty)
    #expect(!plain.contains("validation"))
    let held = LearningCurveChart(history: (1...5).map { record(Double($0), 0.8) }).svg()
    #expect(corners(held, "held") == [5] && held.contains("validation"))
    let single = LearningCurveChart(history: [record(0.5, 0.1)]).svg()
    #expect(corners(single, "learnt").isEmpty && single.contains("class=\"held\""))
  }

  @Test func trainingPagesAreSelfContained() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .appendingPathComponent("Sources/Reporting/Formats/TrainingReport.golden.json")
    let report = try JSONFile.decode(TrainingReport.self, from: Data(contentsOf: url), source: "golden")
    let page = TrainingPage(report).html()
    #expect(page.contains("<svg") && page.contains("test accuracy 25.00 % on 64 images"))
    #expect(!page.contains("<script") && !page.contains("href="))
    #expect(report.csv.split(separator: "\n").count == 4)
    #expect(report.text(width: nil).contains("validation accuracy 25.00 % on 32 images"))
  }
}
