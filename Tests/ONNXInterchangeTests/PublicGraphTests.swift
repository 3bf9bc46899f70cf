import ComputationGraph
import Foundation
import Foundations
import MemoryPlanning
import ONNXInterchange
import TestSupport
import Testing

/// Real networks, in the folder `shared/data/graphs` beside the package.
enum PublicGraphs {
  static let shared = PythonEnvironment.packageRoot.deletingLastPathComponent().appendingPathComponent(
    "shared")
  static let folder = shared.appendingPathComponent("data/graphs")
  static let referee = shared.appendingPathComponent("tools/peak_oracle.py")
  static var arePresent: Bool { FileManager.default.fileExists(atPath: referee.path) && !files.isEmpty }

  /// All models in the folder and the folders in it, sorted by path.
  static let files: [URL] = {
    let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "onnx" }.sorted {
      $0.path < $1.path
    }
  }()
}

@Suite(
  .enabled(
    if: PublicGraphs.arePresent,
    "the folder ../shared/data/graphs with the public graphs is not beside this package"))
struct PublicGraphTests {
  struct Optimum: Decodable {
    let fileOrder: Int
    let lowerBound: Int
    let optimum: Int
  }

  struct Question: Encodable {
    let model: String
    let orders: [[Int]]
    let inPlace: Bool
  }

  /// Peaks of the file's, the reverse post- and HMCOS's order, in the default memory model and without in-place.
  @Test func peaksAreTheReferees() throws {
    let optima = try JSONDecoder().decode(
      [String: [String: Optimum]].self,
      from: Data(contentsOf: PublicGraphs.folder.appendingPathComponent("optimum.json")))
    #expect(optima.count == PublicGraphs.files.count)
    var questions: [Question] = []
    var claims: [(label: String, peaks: [Int], optimum: Optimum)] = []
    for file in PublicGraphs.files {
      let (graph, nodeIndices) = try ONNXModel.load(from: file).schedulingGraph()
      #expect(nodeIndices == nodeIndices.sorted())
      for inPlace in [true, false] {
        let problem = MemoryProblem(graph: graph, model: MemoryModel(inPlace: inPlace))
        let schedules = try [SchedulerName.file, .rpo, .hmcos].map { try $0.scheduler.schedule(problem) }
        questions.append(
          Question(model: file.path, orders: schedules.map { $0.order.map(\.index) }, inPlace: inPlace))
        let name = file.deletingPathExtension().lastPathComponent
        let optimum = try #require(optima[name]?[inPlace ? "inplace" : "noInplace"])
        claims.append(("\(name), in-place \(inPlace)", schedules.map(\.peak.bytes), optimum))
        #expect(schedules[0].order == graph.operatorIDs)
      }
    }
    let scratch = try PythonEnvironment.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: scratch) }
    let list = scratch.appendingPathComponent("questions.json")
    try JSONFile.encode(questions).write(to: list)
    let answers = try JSONDecoder().decode(
      [[Int]].self,
      from: PythonEnvironment.run(
        "referee_peaks.py", [PublicGraphs.referee.path, list.path]))
    #expect(answers.count == claims.count)
    for (claim, answer) in zip(claims, answers) {
      #expect(claim.peaks == answer, "\(claim.label)")
      #expect(claim.peaks[0] == claim.optimum.fileOrder, "\(claim.label)")
      #expect(
        claim.peaks.allSatisfy { $0 >= claim.optimum.optimum }, "\(claim.label): below the proved optimum")
    }
  }

  /// A reordered file has the peak of its order, by the referee's reckoning of the file as written.
  @Test func reorderedFilesHaveThePeakOfTheirOrder() throws {
    let scratch = try PythonEnvironment.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: scratch) }
    var questions: [Question] = []
    var peaks: [Int] = []
    for (index, file) in PublicGraphs.files.enumerated() {
      let model = try ONNXModel.load(from: file)
      let graph = try model.schedulingGraph().graph
      let schedule = try ReversePostOrderScheduler().schedule(
        MemoryProblem(graph: graph, model: MemoryModel()))
      let url = scratch.appendingPathComponent("\(index).onnx")
      try model.reordered(by: schedule.order).write(to: url)
      questions.append(
        Question(model: url.path, orders: [Array(graph.operators.indices)], inPlace: true))
      peaks.append(schedule.peak.bytes)
    }
    let list = scratch.appendingPathComponent("questions.json")
    try JSONFile.encode(questions).write(to: list)
    let answers = try JSONDecoder().decode(
      [[Int]].self,
      from: PythonEnvironment.run(
        "referee_peaks.py", [PublicGraphs.referee.path, list.path]))
    #expect(answers.flatMap { $0 } == peaks)
  }
}
