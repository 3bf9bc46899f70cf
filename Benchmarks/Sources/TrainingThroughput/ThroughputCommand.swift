import ArgumentParser
import BenchmarkSupport
import ComputationGraph
import Foundation
import Foundations
import Training

/// `training-throughput measure`.
struct ThroughputCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Trains and evaluates the NAS-Bench-201 skeleton in turns with PyTorch.")

  @Option(help: "The table to write.") var output = "Results/accuracy-estimation/throughput.csv"
  @Option(help: "Stem channels, separated by commas.") var channels = "8,16"
  @Option(help: "Rounds.") var rounds = 7
  @Option(help: "Steps of each side in each round.") var steps = 6
  @Option(help: "Images of a step.") var batch = 128
  @Option(help: "Worker threads of each side.") var threads = 2
  @Option(help: "The Python with PyTorch; 'none' measures without.") var python = ".venv-peers/bin/python"
  @Option(help: "Measure only cells whose name contains this.") var only = ""

  /// One network in one task.
  private struct Row {
    let task: String
    let cell: Cell
    let channels: Int
    let trainer: Trainer
    /// Seconds for a trainer of given weights, in memory that another has used.
    let preparation: Double
    var ours: [Double] = []
    var peers: [Double] = []
  }

  func run() throws {
    let data = try Self.images(count: batch * steps)
    let normalization = Normalization(of: data)
    let peer =
      python == "none"
      ? nil
      : try TorchPeer(
        python: python, script: "Benchmarks/Peers/train_throughput.py", threads: threads, batch: batch)
    var rows = try prepare()
    for round in 0...rounds {
      for index in rows.indices {
        let row = rows[index]
        let ours = { try Self.rate(of: row.trainer, task: row.task, data, normalization) }
        let theirs = { try peer?.run(row.task, channels: row.channels, cell: row.cell, steps: steps) }
        let first = round % 2 == 0
        let early = first ? try ours() : nil
        let other = try theirs()
        let own = try early ?? ours()
        // The first round warms up.
        guard round > 0 else { continue }
        rows[index].ours.append(own)
        if let other { rows[index].peers.append(other) }
      }
      Progress.note("round \(round) of \(rounds)")
    }
    try report(rows, peer: peer?.version)
  }

  private func prepare() throws -> [Row] {
    let clock = ContinuousClock()
    var rows: [Row] = []
    // Trainers here work one after the other.
    let memory = TrainingMemory()
    for width in try widths() {
      for cell in [Cell.full, .best, .mixed] where only.isEmpty || cell.name.contains(only) {
        let graph = try cell.network(channels: width)
        let configuration = TrainingConfiguration(
          epochs: 1, batchSize: batch, learningRate: 0.01, threads: threads)
        let weights = try Trainer(graph: graph, configuration: configuration, memory: memory).weights
        let start = clock.now
        let trainer = try Trainer(
          graph: graph, configuration: configuration, weights: weights, memory: memory)
        let seconds = (clock.now - start) / .seconds(1)
        for task in ["train", "infer"] {
          rows.append(
            Row(task: task, cell: cell, channels: width, trainer: trainer, preparation: seconds))
        }
      }
    }
    return rows
  }

  private func widths() throws -> [Int] {
    try channels.split(separator: ",").map { text in
      guard let width = Int(text), width > 0 else {
        throw ValidationError("--channels: '\(text)' is no positive number")
      }
      return width
    }
  }

  private static func rate(
    of trainer: Trainer, task: String, _ data: ImageDataset, _ normalization: Normalization
  ) throws -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    if task == "train" {
      _ = try trainer.train(on: data, normalization: normalization)
    } else {
      _ = try trainer.accuracy(on: data, normalization: normalization)
    }
    return Double(data.count) / ((clock.now - start) / .seconds(1))
  }

  /// Random images with random labels.
  private static func images(count: Int) throws -> ImageDataset {
    var generator = SeededGenerator(seed: 1)
    let pixels = (0..<count * 784).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let labels = (0..<count).map { _ in UInt8.random(in: 0..<10, using: &generator) }
    return try ImageDataset(
      name: "noise", channels: 1, height: 28, width: 28, classes: 10, images: pixels, labels: labels)
  }

  private func report(_ rows: [Row], peer: String?) throws {
    var csv =
      "task,cell,channels,batch,threads,preparation_ms,tandem_best,tandem_median,pytorch_best,pytorch_median,"
      + "ratio_best,ratio_median\n"
    var table = MarkdownTable(
      text: ["task", "cell"],
      numbers: ["channels", "prepare, ms", "Tandem, images/s", "PyTorch, images/s", "ratio", "of medians"])
    for row in rows {
      guard let ours = Spread(row.ours) else { continue }
      let theirs = Spread(row.peers)
      let ratios = theirs.map { (ours.maximum / $0.maximum, ours.median / $0.median) }
      let cells = [
        number(ours.maximum), number(ours.median), number(theirs?.maximum), number(theirs?.median),
        number(ratios?.0, 3), number(ratios?.1, 3),
      ]
      csv +=
        "\(row.task),\(row.cell.name),\(row.channels),\(batch),\(threads),"
        + "\(number(row.preparation * 1000, 2)),\(cells.joined(separator: ","))\n"
      table.append([
        row.task, row.cell.name, "\(row.channels)", number(row.preparation * 1000, 2), cells[0], cells[2],
        cells[4], cells[5],
      ])
    }
    let file = URL(fileURLWithPath: output)
    try AtomicFile.createFolder(file.deletingLastPathComponent())
    try AtomicFile.write(csv, to: file)
    print(table.text)
    print("\nBest of \(rounds) rounds in turns, \(threads) threads, \(batch) images a step.", terminator: "")
    print(" \(peer ?? "PyTorch was not measured"); \(Machine.current.text).")
  }

  private func number(_ value: Double?, _ digits: Int = 0) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? ""
  }
}
