import AccuracyEstimation
import Foundation
import Foundations
import SearchSpaces
import Testing

@Suite struct PredictorTests {
  private let space: SearchSpace
  private let encoding: ArchitectureEncoding

  init() throws {
    space = try SearchSpace.load(from: packageFolder.appending(path: "SearchSpaces/nasbench201.yaml"))
    encoding = ArchitectureEncoding(space)
  }

  /// An accuracy that is a sum over the edges, with interactions: between edges 0-1 and 1-3, and with the width.
  private func truth(_ architecture: Architecture) -> Double {
    let worth = ["none": 0, "skip_connect": 0.3, "nor_conv_1x1": 0.6, "nor_conv_3x3": 1, "avg_pool_3x3": 0.2]
    func value(_ edge: String) -> Double { worth[architecture.choices["cell.edge\(edge)"]!]! }
    let width = log(Double(architecture.choices["stemChannels"]!)!)
    let additive =
      value("0-1") + 0.8 * value("0-2") + 1.2 * value("0-3") + 0.7 * value("1-2") + 0.5 * value("1-3")
      + 0.9 * value("2-3")
    return 0.5 + 0.05 * additive + 0.1 * value("0-1") * value("1-3") + 0.02 * width * value("2-3")
  }

  private func sample(_ count: Int, seed: UInt64, where keep: (Architecture) -> Bool = { _ in true })
    -> [AccuracyPredictor.Sample]
  {
    var generator = SeededGenerator(seed: seed)
    var result: [AccuracyPredictor.Sample] = []
    while result.count < count {
      let architecture = space.sample(using: &generator).architecture
      guard keep(architecture) else { continue }
      let width = Int(architecture.choices["stemChannels"]!)!
      let features = encoding.features(of: architecture, parameters: 100 * width, macs: 1000 * width)
      result.append(.init(features: features, accuracy: truth(architecture)))
    }
    return result
  }

  private func predictor(
    _ samples: [AccuracyPredictor.Sample], _ model: AccuracyPredictor.Model, folds: Int = 0
  ) -> AccuracyPredictor {
    AccuracyPredictor(
      samples: samples, encoding: encoding, model: model, members: 5, folds: folds, seed: 7)
  }

  @Test func theEncodingIsOneHot() throws {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<50 {
      let architecture = space.sample(using: &generator).architecture
      let features = encoding.features(of: architecture, parameters: 1000, macs: 1)
      #expect(features.count == 5 + 2 + 6 * 5 + 2 && encoding.count == features.count)
      #expect(features.dropLast(2).filter { $0 == 1 }.count == 8)
      #expect(features.dropLast(2).allSatisfy { $0 == 0 || $0 == 1 })
      #expect(abs(features[features.count - 2] - log(1000)) < 1e-12 && features.last == 0)
      var places: [Int] = []
      var start = 0
      for decision in space.architectureDecisions {
        places.append(start + decision.values.firstIndex(of: architecture.choices[decision.name]!)!)
        start += decision.values.count
      }
      #expect(features.dropLast(2).indices.filter { features[$0] == 1 } == places)
    }
  }

  @Test(arguments: AccuracyPredictor.Model.allCases)
  func additiveFunctionsWithInteractionsAreRecovered(model: AccuracyPredictor.Model) {
    let predictor = predictor(sample(700, seed: 1), model, folds: 4)
    let unseen = sample(300, seed: 2)
    let tau = RankCorrelation.kendall(
      unseen.map { predictor.predict($0.features).mean }, unseen.map(\.accuracy))
    #expect(tau > 0.9, "\(model): tau \(tau)")
    let validation = predictor.crossValidation!
    #expect(abs(validation.kendallTau - tau) < 0.08 && validation.folds == 4 && validation.samples == 700)
    let noise = sample(300, seed: 1).enumerated().map {
      AccuracyPredictor.Sample(features: $1.features, accuracy: Double($0 * 7919 % 300) / 300)
    }
    let luck = self.predictor(noise, model, folds: 4).crossValidation!.kendallTau
    #expect(abs(luck) < 0.2, "\(model): tau \(luck) on noise")
  }

  @Test(arguments: AccuracyPredictor.Model.allCases)
  func theSpreadIsLargerOffTheTrainingSet(model: AccuracyPredictor.Model) {
    func isKnown(_ architecture: Architecture) -> Bool {
      architecture.choices["cell.edge0-1"] != "nor_conv_3x3"
        && architecture.choices["cell.edge1-3"] != "nor_conv_3x3"
    }
    let samples = sample(200, seed: 3, where: isKnown)
    let predictor = predictor(samples, model)
    func spread(_ samples: [AccuracyPredictor.Sample]) -> Double {
      samples.reduce(0) { $0 + predictor.predict($1.features).standardDeviation } / Double(samples.count)
    }
    let far = sample(200, seed: 4) {
      $0.choices["cell.edge0-1"] == "nor_conv_3x3" && $0.choices["cell.edge1-3"] == "nor_conv_3x3"
    }
    let near = sample(200, seed: 5, where: isKnown)
    for (name, others) in [("near", near), ("far", far)] {
      let ratio = spread(others) / spread(samples)
      #expect(ratio > 1.05, "\(model), \(name): \(ratio)")
    }
  }

  @Test(arguments: AccuracyPredictor.Model.allCases)
  func filesAndSeedsGiveThePredictorAgain(model: AccuracyPredictor.Model) throws {
    let samples = sample(60, seed: 5)
    let predictor = predictor(samples, model, folds: 3)
    #expect(self.predictor(samples, model, folds: 3) == predictor)
    let data = try JSONFile.encode(predictor)
    let read = try JSONFile.decode(AccuracyPredictor.self, from: data, source: "memory")
    #expect(read == predictor)
    #expect(try JSONFile.encode(read) == data)
    for sample in samples { #expect(read.predict(sample.features) == predictor.predict(sample.features)) }
    let other = AccuracyPredictor(
      samples: samples, encoding: encoding, model: model, members: 5, folds: 0, seed: 8)
    #expect(other.predict(samples[0].features) != predictor.predict(samples[0].features))
  }

  @Test func damagedFilesAreRefused() throws {
    let predictor = predictor(sample(20, seed: 5), .boostedTrees)
    let text = String(decoding: try JSONFile.encode(predictor), as: UTF8.self)
    func read(_ text: String) throws {
      _ = try JSONFile.decode(AccuracyPredictor.self, from: Data(text.utf8), source: "memory")
    }
    try read(text)
    let damages: [(String, String)] = [
      ("\"schemaVersion\" : 1", "\"schemaVersion\" : 2"),
      ("\"model\" : \"boostedTrees\"", "\"model\" : \"mlp\""),
      ("\"feature\" : ", "\"feature\" : 99"), ("\"below\" : 1,", "\"below\" : 0,"),
      ("\"below\" : 1,", "\"below\" : 9999,"), ("\"nor_conv_1x1\",", ""),
    ]
    for (old, new) in damages {
      let damaged = text.replacing(old, with: new, maxReplacements: 1)
      #expect(damaged != text, "\(old)")
      #expect(throws: JSONFileError.self, "\(old) → \(new)") { try read(damaged) }
    }
  }

  @Test func theGoldenExampleReadsAndWritesBackIdentically() throws {
    let url = packageFolder.appending(
      path: "Sources/AccuracyEstimation/Formats/AccuracyPredictor.golden.json")
    let data = try Data(contentsOf: url)
    let predictor = try JSONFile.decode(AccuracyPredictor.self, from: data, source: url.path)
    #expect(try JSONFile.encode(predictor) == data)
    #expect(predictor.encoding.decisions.map(\.name) == ["stemChannels", "cell.edge0-1"])
    let features = predictor.encoding.features(
      of: Architecture(space: "tiny", choices: ["stemChannels": "8", "cell.edge0-1": "conv"]), parameters: 1,
      macs: 1)
    let prediction = predictor.predict(features)
    // Two members: 0.5 + 0.5 · 0.2 and 0.6.
    #expect(abs(prediction.mean - 0.6) < 1e-12 && prediction.standardDeviation < 1e-12)
  }
}
