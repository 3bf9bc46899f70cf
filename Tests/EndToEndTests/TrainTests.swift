import Foundation
import Testing

/// `tandem train`, run as a user runs it.
@Suite(.serialized) struct TrainTests {
  @Test func trainsToTheEndAndWritesEverything() throws {
    let tiny = try TinyTraining(epochs: 40)
    defer { tiny.scratch.remove() }
    let result = try tiny.train("out", ["--format", "json", "--validation-share", "0.2"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(!result.errors.contains("\u{1B}"), "a bar went to something that is no terminal")
    #expect(result.errors.contains("epoch 40: loss"))
    let report = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(report["trainImages"] as? Int == 128)
    let history = try #require(report["history"] as? [[String: Any]])
    #expect(history.count == 40 && history.allSatisfy { $0["validationAccuracy"] is Double })
    let accuracies = try #require(report["accuracies"] as? [[String: Any]])
    #expect(accuracies.map { $0["split"] as? String } == ["validation", "test"])
    #expect(accuracies.map { $0["images"] as? Int } == [32, 64])
    for figure in accuracies { #expect(figure["accuracy"] as? Double ?? 0 > 0.6, "\(figure)") }
    #expect(tiny.bytes("out/training.json") == Data(result.output.utf8))
    let curve = String(decoding: try #require(tiny.bytes("out/curve.csv")), as: UTF8.self)
    #expect(curve.split(separator: "\n").count == 41)
    let page = String(decoding: try #require(tiny.bytes("out/report.html")), as: UTF8.self)
    #expect(page.contains("<svg") && !page.contains("<script"))
    #expect(tiny.bytes("out/architecture.json") != nil && tiny.bytes("out/checkpoint") == nil)

    // Once more: nothing is trained or tested again. And again elsewhere: the same weights.
    let again = try tiny.train("out", ["--format", "json", "--validation-share", "0.2", "--resume"])
    #expect(again.status == 0 && again.output == result.output)
    #expect(try tiny.train("other", ["--validation-share", "0.2", "--quiet"]).status == 0)
    #expect(tiny.bytes("other/network.weights") == tiny.bytes("out/network.weights"))
    let shorter = try tiny.train("out", ["--validation-share", "0.2", "--epochs", "39", "--resume"])
    #expect(shorter.status == 2 && shorter.errors.contains("other settings"), "\(shorter.errors)")
  }

  /// Killed at several moments and continued, a training ends with the bytes of an uninterrupted one.
  @Test func killedTrainingsContinueBitIdentically() throws {
    let tiny = try TinyTraining(
      epochs: 1200,
      more: """
          optimizer: {name: adamW}
          schedule: {name: oneCycle}
          gradientClipping: 1
          averaging: {decay: 0.99}
        """)
    defer { tiny.scratch.remove() }
    let options = ["--quiet", "--checkpoint-every", "20ms"]
    let whole = try tiny.train("whole", options)
    #expect(whole.status == 0, "\(whole.errors)")

    var kills = 0
    var checkpoints: Set<Data> = []
    for attempt in 0..<60 {
      let begun = tiny.bytes("killed/architecture.json") != nil
      let process = try Executable.start(
        tiny.arguments("killed", options + (begun ? ["--resume"] : [])), output: FileHandle.nullDevice,
        errors: FileHandle.nullDevice)
      // Later attempts get more time, so that the test ends on any machine.
      Thread.sleep(forTimeInterval: 0.15 + 0.05 * Double(attempt))
      if process.isRunning {
        kill(process.processIdentifier, SIGKILL)
        kills += 1
      }
      process.waitUntilExit()
      if process.terminationReason == .exit {
        #expect(process.terminationStatus == 0)
        break
      }
      if let checkpoint = tiny.bytes("killed/checkpoint") { checkpoints.insert(checkpoint) }
    }
    #expect(kills > 0 && checkpoints.count > 0, "the training was hardly interrupted")
    #expect(tiny.bytes("killed/network.weights") != nil)
    #expect(tiny.bytes("killed/network.weights") == tiny.bytes("whole/network.weights"))
  }

  @Test func interruptedTrainingsSayHowToContinue() throws {
    let tiny = try TinyTraining(epochs: 100_000)
    defer { tiny.scratch.remove() }
    let errors = try tiny.scratch.write("", to: "errors.txt")
    let process = try Executable.start(
      tiny.arguments("run", ["--quiet"]), output: FileHandle.nullDevice,
      errors: FileHandle(forWritingTo: URL(fileURLWithPath: errors)))
    while process.isRunning, tiny.bytes("run/checkpoint") == nil { Thread.sleep(forTimeInterval: 0.02) }
    let rival = try tiny.train("run", ["--resume"])
    #expect(rival.status == 2 && rival.errors.contains("another process"), "\(rival.errors)")
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    let text = try String(contentsOfFile: errors, encoding: .utf8)
    #expect(text.contains("Continue with: tandem train") && text.contains("--resume"), "\(text)")
    let other = try tiny.train("run", ["--resume", "--epochs", "7"])
    #expect(other.status == 2 && other.errors.contains("100000.0 epochs, not 7.0"), "\(other.errors)")
  }

  @Test func winnersOfARunAreTrainedAndExported() throws {
    let tiny = try TinyTraining(epochs: 10)
    defer { tiny.scratch.remove() }
    let (run, database) = (tiny.scratch.path("run"), tiny.scratch.path("schedules.sqlite"))
    let search = try Executable.run(
      ["search", tiny.experiment, "--output", run, "--database", database, "--quiet"])
    #expect(search.status == 0, "\(search.errors)")
    let page = String(decoding: try #require(tiny.bytes("run/report.html")), as: UTF8.self)
    #expect(page.contains("Learning curve"))
    // What the run is known to hold is in it, so that it can be read without the images.
    try FileManager.default.moveItem(atPath: tiny.scratch.path("images"), toPath: tiny.scratch.path("gone"))
    #expect(try Executable.run(["status", run]).status == 0)
    let missing = try Executable.run(["train", run, "--output", tiny.scratch.path("none")])
    #expect(missing.status == 2 && missing.errors.contains("train_images.npy"), "\(missing.errors)")
    #expect(tiny.bytes("none") == nil && !FileManager.default.fileExists(atPath: tiny.scratch.path("none")))
    try FileManager.default.moveItem(atPath: tiny.scratch.path("gone"), toPath: tiny.scratch.path("images"))

    // The final training of the search, done again.
    let trained = tiny.scratch.path("trained")
    let same = try Executable.run(["train", run, "--output", trained, "--quiet"])
    #expect(same.status == 0, "\(same.errors)")
    let stored = try FileManager.default.contentsOfDirectory(atPath: run + "/checkpoint")
    #expect(stored.count == 1)
    #expect(tiny.bytes("trained/network.weights") == tiny.bytes("run/checkpoint/\(stored[0])"))

    let longer = tiny.scratch.path("longer")
    #expect(try Executable.run(["train", run, "--epochs", "30", "--output", longer, "--quiet"]).status == 0)
    let bundle = tiny.scratch.path("bundle")
    let export = try Executable.run(
      ["export", run, "--trained", longer, "--database", database, "--output", bundle, "--quiet"])
    #expect(export.status == 0, "\(export.errors)")
    #expect(try Executable.run(["export", "--verify", bundle]).status == 0)
    let manifest = String(decoding: try #require(tiny.bytes("bundle/manifest.json")), as: UTF8.self)
    #expect(manifest.contains("\"epochs\" : 30"), "\(manifest)")
    #expect(tiny.bytes("bundle/model.onnx") != tiny.bytes("run/best/board/model.onnx"))

    // A bundle and the folder of a training name an architecture as well.
    for source in [bundle, trained] {
      let output = tiny.scratch.path("from-\(URL(fileURLWithPath: source).lastPathComponent)")
      let result = try Executable.run(
        ["train", source, "--experiment", tiny.experiment, "--output", output, "--quiet"])
      #expect(result.status == 0, "\(result.errors)")
      let weights = FileManager.default.contents(atPath: output + "/network.weights")
      #expect(weights == tiny.bytes("trained/network.weights"))
    }
    let trial = try Executable.run(["train", run, "--trial", "99", "--output", tiny.scratch.path("x")])
    #expect(trial.status == 2 && trial.errors.contains("no trial 99"))
    let device = try Executable.run(["train", run, "--device", "bord", "--output", tiny.scratch.path("x")])
    #expect(device.status == 2 && device.errors.contains("it has board"))
  }

  @Test func mistakesEndWithCode2AndWriteNothing() throws {
    let tiny = try TinyTraining(epochs: 1)
    defer { tiny.scratch.remove() }
    func failure(_ arguments: [String], _ hint: String) throws {
      let result = try Executable.run(arguments + ["--output", tiny.scratch.path("new")])
      #expect(result.status == 2 && result.errors.contains(hint), "\(arguments): \(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: tiny.scratch.path("new")), "\(arguments)")
    }
    let usual = ["train", tiny.architecture, "--experiment", tiny.experiment]
    try failure(["train", tiny.architecture], "needs --experiment")
    try failure(["train", "nowhere.json", "--experiment", tiny.experiment], "nowhere.json")
    try failure(
      ["train", tiny.scratch.path("Devices"), "--experiment", tiny.experiment], "architecture.json")
    try failure(usual + ["--trial", "1"], "--trial")
    try failure(usual + ["--epochs", "0"], "--epochs")
    try failure(usual + ["--epochs", "1e9"], "epochs")
    try failure(usual + ["--validation-share", "1"], "--validation-share")
    try failure(usual + ["--validation-share", "0.9999"], "161 images are needed")
    try failure(usual + ["--checkpoint-every", "soon"], "--checkpoint-every")
    try failure(usual + ["--resume"], "holds no training")
    let wrong = try tiny.scratch.write(
      #"{"schemaVersion": 1, "space": "tiny", "choices": {"cell.edge0-1": "cnv"}}"#, to: "wrong.json")
    try failure(["train", wrong, "--experiment", tiny.experiment], "wrong.json")
    let dead = try tiny.scratch.write(
      """
      {"schemaVersion": 1, "space": "tiny", "choices": {"cell.edge0-1": "none", "cell.edge0-2": "none",
       "cell.edge1-2": "none", "stemChannels": "2", "cellsPerStage": "1"}}
      """, to: "dead.json")
    try failure(["train", dead, "--experiment", tiny.experiment], "no path leads")

    _ = try tiny.scratch.write("mine", to: "full/notes.txt")
    let full = try tiny.train("full")
    #expect(full.status == 2 && full.errors.contains("is not empty"))
    #expect(tiny.bytes("full/notes.txt") == Data("mine".utf8) && tiny.bytes("full/lock") == nil)

    // Files of the data set that are damaged, missing or of another size.
    let labels = tiny.scratch.path("images/test_labels.npy")
    let original = try #require(tiny.bytes("images/test_labels.npy"))
    try original.dropLast(5).write(to: URL(fileURLWithPath: labels))
    try failure(usual, "test_labels.npy: truncated")
    try Data("no array".utf8).write(to: URL(fileURLWithPath: labels))
    try failure(usual, "test_labels.npy: not a readable .npy file")
    try FileManager.default.removeItem(atPath: labels)
    try failure(usual, "test_labels.npy: no such file")
    try FileManager.default.removeItem(atPath: tiny.scratch.path("images/train_images.npy"))
    try failure(usual, "tiny-experiment.yaml:4:")
  }

  @Test func damagedCheckpointsAreNamed() throws {
    let tiny = try TinyTraining(epochs: 100_000)
    defer { tiny.scratch.remove() }
    let process = try Executable.start(
      tiny.arguments("run", ["--quiet"]), output: FileHandle.nullDevice, errors: FileHandle.nullDevice)
    while process.isRunning, tiny.bytes("run/checkpoint") == nil { Thread.sleep(forTimeInterval: 0.02) }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let checkpoint = try #require(tiny.bytes("run/checkpoint"))
    try checkpoint.dropLast(9).write(to: URL(fileURLWithPath: tiny.scratch.path("run/checkpoint")))
    let result = try tiny.train("run", ["--resume"])
    #expect(
      result.status == 2 && result.errors.contains("run/checkpoint: the checksum is wrong"),
      "\(result.errors)")
  }
}
