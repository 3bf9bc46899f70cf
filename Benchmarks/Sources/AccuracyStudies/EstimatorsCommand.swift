import AccuracyEstimation
import ArgumentParser
import BenchmarkSupport
import CoSearch
import Foundation
import Foundations
import SearchSpaces
import Training

/// `accuracy-estimation estimators`.
struct EstimatorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "estimators",
    abstract: "Ranks sampled networks of the stock space by every estimator and by training them alone.")

  @Option(help: "Where to write README.md, estimators.csv, networks.csv and the figure.")
  var output = "Results/accuracy-estimation"
  @Option(help: "The experiment whose space, data set and short training are studied.")
  var experiment = "Experiments/fashion-mnist.yaml"
  @Option(help: "How many networks.") var networks = 80
  @Option(help: "Images on which each network is trained alone.") var trainImages = 8000
  @Option(help: "Other images on which it is validated.") var validationImages = 10_000
  @Option(help: "Passes over them.") var epochs = 4.0
  @Option(help: "Seeds of the trainings alone, separated by commas.") var seeds = "1"
  @Option(help: "Passes of the supernet over the experiment's training images.") var supernetEpochs = 8.0
  @Option(help: "Its learning rate.") var supernetRate = 0.05
  @Option(help: "Short trainings that the predictor learns from; 0 to leave it out.") var predictorSamples =
    60
  @Option(help: "Networks from which successive halving learns its thresholds; 0 to leave it out.")
  var halvingSamples = 16
  @Option(help: "Only estimators whose name begins so, for a look at one of them.") var only: String?
  @Option(
    help:
      "A networks.csv of the same sample, whose accuracies of training alone are taken instead of training again."
  )
  var reference: String?
  @Option(help: "NAS-Bench-201 as a CSV file, for the proxies that need no images.")
  var table = "../shared/data/nasbench201/nasbench201.csv.gz"
  @Option(help: "Cells of the table that are looked at.") var tableNetworks = 200
  @Option(help: "The seed of the samples. Those of seeds 1 and 2 served to choose the supernet's settings.")
  var seed: UInt64 = 3

  func run() throws {
    let experiment = try Experiment.load(from: URL(fileURLWithPath: experiment))
    let images = try experiment.dataset.load(.train)
    let sample = try StudyNetworks(file: experiment.spaceFile.path, count: networks, seed: seed)
    let contenders = Contender.all(
      of: experiment, supernetEpochs: supernetEpochs, supernetRate: supernetRate,
      predictorSamples: predictorSamples, halvingSamples: halvingSamples
    ).filter { only == nil || $0.name.hasPrefix(only!) }
    let results = try contenders.map { try $0.judge(sample, in: experiment, images: images) }
    var training = experiment.accuracy.training
    training.epochs = epochs
    var reference = Reference(
      training: training, trainImages: trainImages, validationImages: validationImages,
      seeds: seeds.split(separator: ",").compactMap { UInt64($0) })
    if let file = self.reference {
      try reference.read(URL(fileURLWithPath: file), of: sample)
    } else {
      try reference.train(sample, on: images, splitSeed: 2)
    }
    let published = try publishedProxies(contenders.filter(\.isDataFree), experiment, images)

    let folder = URL(fileURLWithPath: output)
    try AtomicFile.createFolder(folder)
    try writeTables(sample, results, reference, in: folder)
    let best = results.filter { $0.preparationSeconds + $0.secondsPerNetwork > 0.1 }.sorted {
      $0.kendall(reference.means) > $1.kendall(reference.means)
    }
    try AtomicFile.write(
      chart(Array(best.prefix(2)), reference).svg(), to: folder.appending(path: "ranking.svg"))
    try AtomicFile.write(
      page(results, reference, published, threads: training.threads), to: folder.appending(path: "README.md"))
    Progress.note("wrote \(output)/README.md")
  }

  /// Proxies against the published accuracies of NAS-Bench-201; empty without the table.
  private func publishedProxies(
    _ contenders: [Contender], _ experiment: Experiment, _ images: ImageDataset
  ) throws -> [(name: String, kendall: Double, spearman: Double, seconds: Double)] {
    guard FileManager.default.fileExists(atPath: table) else { return [] }
    let table = try AccuracyTable.read(URL(fileURLWithPath: table), column: "c10_test")
    let input = InputSpecification(channels: 3, height: 32, width: 32, classes: 10)
    var generator = SeededGenerator(seed: seed, stream: 7)
    var entries: [StudyNetworks.Entry] = []
    var accuracies: [Double] = []
    var seen: Set<String> = []
    while entries.count < tableNetworks {
      var choices = experiment.space.sample(using: &generator).architecture.choices
      choices["stemChannels"] = "16"
      choices["cellsPerStage"] = "1"
      let architecture = Architecture(space: experiment.space.name, choices: choices)
      guard seen.insert(architecture.key).inserted,
        let accuracy = table.accuracies[experiment.space.label(architecture)],
        let graph = try? experiment.space.trainingGraph(for: architecture, input: input)
      else { continue }
      entries.append(.init(label: architecture.key, architecture: architecture, training: graph))
      accuracies.append(accuracy)
    }
    let networks = StudyNetworks(space: experiment.space, entries: entries)
    return try contenders.map { contender in
      let result = try contender.judge(networks, in: experiment, images: images)
      return (
        result.name, result.kendall(accuracies), result.spearman(accuracies), result.secondsPerNetwork
      )
    }
  }

  private func writeTables(
    _ sample: StudyNetworks, _ results: [Contender.Result], _ reference: Reference, in folder: URL
  ) throws {
    var networks = CSV(
      ["network", "parameters", "macs", "alone"] + results.map { $0.name.replacing(",", with: ";") })
    for (index, entry) in sample.entries.enumerated() {
      networks.append(
        [
          entry.cell, "\(entry.training.parameterCount)", "\(entry.training.macs)",
          decimal(reference.means[index], 4),
        ] + results.map { String(format: "%.6g", $0.merits[index]) })
    }
    try networks.write(to: folder.appending(path: "networks.csv"))
    var table = CSV(["estimator", "kendall", "spearman", "preparation_seconds", "seconds_per_network"])
    for result in results {
      table.append([
        result.name.replacing(",", with: ";"), decimal(result.kendall(reference.means)),
        decimal(result.spearman(reference.means)), decimal(result.preparationSeconds, 1),
        decimal(result.secondsPerNetwork, 4),
      ])
    }
    try table.write(to: folder.appending(path: "estimators.csv"))
  }

  private func chart(_ results: [Contender.Result], _ reference: Reference) -> ScatterChart {
    func ranks(_ values: [Double]) -> [Double] {
      values.map { value in Double(values.count { $0 < value }) + 1 }
    }
    let alone = ranks(reference.means)
    return ScatterChart(
      title: "Ranks of \(alone.count) networks: estimators against training alone (1 is the worst)",
      xTitle: "rank, trained alone", yTitle: "rank, estimated",
      series: results.map {
        .init(name: $0.name, points: Array(zip(alone, ranks($0.merits)).map { ($0, $1) }))
      }
        + [.init(name: "equal", points: [], line: [(1, 1), (Double(alone.count), Double(alone.count))])])
  }

  private func page(
    _ results: [Contender.Result], _ reference: Reference,
    _ published: [(name: String, kendall: Double, spearman: Double, seconds: Double)], threads: Int
  ) -> String {
    var table = MarkdownTable(
      text: ["estimator"],
      numbers: ["Kendall's τ", "Spearman's ρ", "preparation, s", "seconds a network"])
    for result in results.sorted(by: { $0.kendall(reference.means) > $1.kendall(reference.means) }) {
      table.append([
        result.name, decimal(result.kendall(reference.means), 2),
        decimal(result.spearman(reference.means), 2),
        decimal(result.preparationSeconds, 1), decimal(result.secondsPerNetwork, 3),
      ])
    }
    var proxies = MarkdownTable(
      text: ["proxy"], numbers: ["Kendall's τ", "Spearman's ρ", "seconds a network"])
    for row in published {
      proxies.append([row.name, decimal(row.kendall, 2), decimal(row.spearman, 2), decimal(row.seconds, 3)])
    }
    let agreement =
      reference.agreement.map {
        "Trained alone twice, with different seeds, the networks agree with τ = \(decimal($0, 2))."
      }
      ?? reference.file.map { "The accuracies of training alone were taken from `\($0)`." }
      ?? "Each network was trained alone once, so that the reference has noise of its own."
    let cost =
      reference.file == nil
      ? "Trainings alone took \(decimal(reference.seconds / Double(networks * reference.seeds.count), 1)) s each. "
      : ""
    let publishedText =
      published.isEmpty
      ? "Not measured: the table was not there."
      : """
      \(tableNetworks) cells with 16 channels and one cell a stage, 3×32×32, against `c10_test` of the benchmark's networks (16 channels, five cells a stage,
      200 epochs). Proxies that look at images are left out: the images of the benchmark are not here.

      \(proxies.text)
      """
    return """
      # Estimators of accuracy: how well each ranks networks

          \((["swift run -c release --package-path Benchmarks accuracy-estimation"] + CommandLine.arguments.dropFirst()).joined(separator: " "))

      draws \(networks) networks of `\(experiment)`'s space, asks every estimator about them, trains each of them alone (\(reference.trainImages) images of the
      training set, \(reference.training.epochs) epochs, batch \(reference.training.batchSize), rate \(reference.training.learningRate), seeds \(seeds)) and validates it on \(reference.validationImages) other images of the training set.
      The test set is not touched. Sample seed \(seed); \(threads) threads. \(agreement)
      With n = \(networks) the standard error of τ is about \(decimal((2 * (2 * Double(networks) + 5) / (9 * Double(networks) * Double(networks - 1))).squareRoot(), 2)).

      ![Ranks of the networks](ranking.svg)

      \(table.text)

      Preparation is paid once in a search. \(cost)`networks.csv` has all values, `estimators.csv` this table.

      ## Proxies against NAS-Bench-201's published accuracies

      \(publishedText)

      ## Networks of a supernet a second

      `accuracy-estimation subnets` writes `subnets.csv`: how many networks are judged in a second, recalibration and fit included.

      ## Throughput of the training engine

      `make training-results` writes `throughput.csv`: images per second beside PyTorch, in one run.

      Measured on \(Machine.current.text).

      """
  }
}
