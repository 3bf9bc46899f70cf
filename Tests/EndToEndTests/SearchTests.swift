import CoSearch
import Deployment
import Foundation
import Foundations
import TestSupport
import Testing
import Training

/// The main job through the built executable: search, everything a run leaves, and every verb that reads it.
@Suite(.serialized) struct SearchTests {
  @Test func aSearchLeavesACompleteRun() throws {
    let small = try SmallExperiment()
    defer { small.scratch.remove() }
    let result = try small.search("run", ["--format", "json"])
    #expect(result.status == 0, "\(result.errors)")
    let status = try object(result.output)
    #expect(status["finishedTrials"] as? Int == 14)

    for name in [
      "experiment.resolved.yaml", "environment.json", "trials.sqlite", "lock", "front.csv", "report.html",
      "log.jsonl",
    ] {
      #expect(FileManager.default.fileExists(atPath: small.scratch.path("run/\(name)")), "\(name) is missing")
    }
    let trials = try small.trials("run")
    #expect(trials.map(\.id) == Array(0..<14))
    #expect(Set(trials.map(\.candidate)).count == 14, "a candidate was evaluated twice")
    for trial in trials {
      for rejection in trial.rejections.values where rejection.reason != .disconnected {
        #expect(rejection.peakBytes > rejection.limitBytes)
        #expect(rejection.reason == .flash || rejection.operatorName != nil)
      }
    }
    let devices = try #require(status["devices"] as? [[String: Any]])
    for device in devices {
      let name = try #require(device["name"] as? String)
      let limit = try #require(device["arenaLimitBytes"] as? Int)
      let winner = try #require(device["winner"] as? [String: Any], "no winner for \(name)")
      #expect(try #require(winner["arenaBytes"] as? Int) <= limit)
      let best = trials.filter { $0.isFeasible(on: name) }.compactMap { $0.measurement?.validation.accuracy }
        .max()
      #expect(winner["validationAccuracy"] as? Double == best)
      try checkBundle(small, device: name, winner: winner)
    }
    try checkReaders(small)
    try checkSchedule(small)
    try checkMeasurement(small)
  }

  /// `tandem measure` of the run: the bundle's network, in the arena that the bundle says.
  private func checkMeasurement(_ small: SmallExperiment) throws {
    let run = small.scratch.path("run")
    let brief = ["--repeat", "2", "--format", "json"]
    for device in ["mcu-128k", "mcu-256k"] {
      let bundle = small.scratch.path("run/best/\(device)")
      let result = try Executable.run(["measure", run, "--device", device] + brief)
      #expect(result.status == 0, "\(result.errors)")
      let report = try object(result.output)
      let manifest = try BundleVerifier.verify(URL(fileURLWithPath: bundle))
      #expect(report["arenaBytes"] as? Int == manifest.memory.arenaBytes)
      #expect(report["measuredArenaBytes"] as? Int == manifest.memory.arenaBytes)
      #expect(report["randomWeights"] as? Int == 0)
    }
    let ambiguous = try Executable.run(["measure", run] + brief)
    #expect(ambiguous.status == 2 && ambiguous.errors.contains("mcu-128k or mcu-256k"), "\(ambiguous.errors)")
    let unknown = try Executable.run(["measure", run, "--device", "mcu-1m"] + brief)
    #expect(unknown.status == 2 && unknown.errors.contains("mcu-1m"), "\(unknown.errors)")
  }

  /// `tandem schedule` on an exported model: every scheduler's peak is what the independent referee computes for the
  /// file that was written, and the exact one's is the lowest.
  private func checkSchedule(_ small: SmallExperiment) throws {
    let model = small.scratch.path("run/best/mcu-256k/model.onnx")
    let reordered = small.scratch.path("reordered.onnx")
    var peaks: [String: Int] = [:]
    for scheduler in ["file", "kahn", "rpo", "hmcos", "exact"] {
      let result = try Executable.run([
        "schedule", model, "--scheduler", scheduler, "--output", reordered, "--plan",
        small.scratch.path("plan.json"),
        "--format", "json",
      ])
      #expect(result.status == 0, "\(result.errors)")
      let report = try object(result.output)
      let peak = try #require(report["peakBytes"] as? Int)
      let referee = String(decoding: try PythonEnvironment.run("live_peak.py", [reordered]), as: UTF8.self)
      #expect(Int(referee.trimmingCharacters(in: .whitespacesAndNewlines)) == peak, "\(scheduler)")
      #expect(try #require(report["arenaBytes"] as? Int) >= peak)
      #expect(try #require(report["lowerBoundBytes"] as? Int) <= peak)
      peaks[scheduler] = peak
      if scheduler == "exact" { #expect(report["provedOptimal"] as? Bool == true) }
    }
    #expect(peaks.values.min() == peaks["exact"])
    let tight = try Executable.run(["schedule", model, "--memory-limit", "\(peaks["exact"]! - 1)"])
    #expect(tight.status == 3 && tight.errors.contains("no order can fit"), "\(tight.errors)")
  }

  /// The bundle against ONNX Runtime and the second implementation of the live peak, on real test images.
  private func checkBundle(_ small: SmallExperiment, device: String, winner: [String: Any]) throws {
    let folder = URL(fileURLWithPath: small.scratch.path("run/best/\(device)"))
    let manifest = try BundleVerifier.verify(folder)
    #expect(manifest.accuracy.map(\.split) == ["validation", "test"])
    #expect(manifest.accuracy[1].accuracy == winner["testAccuracy"] as? Double)

    let test = try FashionMNIST.load(from: FashionMNIST.locate(), split: .test)
    let pixels = test.imageSize
    let (scale, mean, deviation) = (
      manifest.preprocessing.scale, manifest.preprocessing.mean[0],
      manifest.preprocessing.standardDeviation[0]
    )
    let images = test.images.prefix(200 * pixels).map { Float((Double($0) * scale - mean) / deviation) }
    let imagesFile = URL(fileURLWithPath: small.scratch.path("images.f32"))
    try images.withUnsafeBytes { Data($0) }.write(to: imagesFile)
    let logitsFile = URL(fileURLWithPath: small.scratch.path("logits.f32"))
    let report = try object(
      String(
        decoding: PythonEnvironment.run(
          "check_bundle.py",
          [folder.path, "--images", imagesFile.path, "--count", "200", "--logits", logitsFile.path]),
        as: UTF8.self))
    #expect(report["livePeakBytes"] as? Int == manifest.memory.modelOrderPeakBytes, "\(report)")

    let theirs = try Data(contentsOf: logitsFile).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    #expect(theirs.count == 2000)
    let ours = try TandemLogits(
      run: small.scratch.path("run"), device: device, database: small.database
    ).logits(images: images, count: 200)
    let largest = theirs.map(abs).max()!
    #expect(zip(ours, theirs).map { abs($0 - $1) }.max()! <= 1e-4 * largest)
    func correct(_ logits: [Float]) -> Int {
      (0..<200).filter { image in
        let row = logits[image * 10..<image * 10 + 10]
        return row.firstIndex(of: row.max()!)! - row.startIndex == Int(test.labels[image])
      }.count
    }
    #expect(correct(ours) == correct(theirs))
    #expect(abs(Double(correct(ours)) / 200 - manifest.accuracy[1].accuracy) < 0.15)
  }

  /// status, report, export and evaluate on the finished run.
  private func checkReaders(_ small: SmallExperiment) throws {
    let run = small.scratch.path("run")
    let text = try Executable.run(["status", run])
    #expect(text.status == 0 && text.output.contains("14 of 14 trials"))
    for id in 0..<14 {
      let trial = try Executable.run(["status", run, "--trial", "\(id)", "--format", "json"])
      #expect(trial.status == 0, "\(trial.errors)")
      let verdicts = try object(trial.output)["verdicts"] as? [Any]
      #expect(verdicts?.count == 2)
    }
    let page = small.scratch.path("page.html")
    #expect(try Executable.run(["report", run, run, "--output", page]).status == 0)
    let html = try small.text("page.html")
    for wanted in [
      "Winners side by side", "Memory over time", "What the devices rejected", "Configuration", "<svg",
    ] {
      #expect(html.contains(wanted), "the report lacks '\(wanted)'")
    }
    #expect(!html.contains("http://") || html.contains("http://www.w3.org/2000/svg"))
    #expect(!html.contains("<script") && !html.contains("src="), "the report loads something")

    let bundle = small.scratch.path("bundle")
    let exported = try Executable.run([
      "export", run, "--device", "mcu-256k", "--output", bundle, "--database", small.database,
    ])
    #expect(exported.status == 0, "\(exported.errors)")
    #expect(try Executable.run(["export", "--verify", bundle]).status == 0)
    #expect(
      try small.text("bundle/model.onnx".replacing("model.onnx", with: "schedule.json"))
        == small.text("run/best/mcu-256k/schedule.json"))
    try Data("x".utf8).write(to: URL(fileURLWithPath: bundle + "/model.onnx"))
    let tampered = try Executable.run(["export", "--verify", bundle])
    #expect(tampered.status == 2 && tampered.errors.contains("model.onnx"))

    let measured = try #require(try small.trials("run").first { $0.measurement != nil })
    let candidate = try small.scratch.write(
      try JSONFile.encodeLine(CandidateDocument(measured.candidate)), to: "candidate.json")
    let evaluated = try Executable.run([
      "evaluate", "--candidate", candidate, "--experiment", small.file, "--output",
      small.scratch.path("out.json"),
      "--database", small.database,
    ])
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    let answer = try JSONFile.decode(
      CandidateEvaluation.self, from: Data(contentsOf: URL(fileURLWithPath: small.scratch.path("out.json"))),
      source: "out.json")
    let again = Trial(id: measured.id, candidate: measured.candidate, outcome: answer.outcome, seconds: 0)
    #expect(
      again.withoutWallClock == measured, "the same candidate, experiment and database gave another outcome")
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }
}
