import CRoofline
import Foundation
import ScheduleTuning
import SearchSpaces

/// `kernel-server`: runs networks for `Peers/compare.py`, which asks over standard input, a line of JSON at a time, and
/// reads a line of JSON for each from standard output. Ends with its input.
@main
struct KernelServer {
  private let latencies = InMemoryLatencyDatabase()
  private var networks: [LoadedNetwork] = []
  /// A tenth of a second, and some milliseconds.
  private static let longTrials: Int32 = 2000
  private static let shortTrials: Int32 = 100

  static func main() throws {
    var server = KernelServer()
    let encoder = JSONEncoder()
    while let line = readLine() {
      let response = server.answer(line)
      FileHandle.standardOutput.write(try encoder.encode(response) + Data("\n".utf8))
    }
  }

  private mutating func answer(_ line: String) -> Response {
    do {
      return try carryOut(JSONDecoder().decode(Request.self, from: Data(line.utf8)))
    } catch {
      return Response(error: String(describing: error))
    }
  }

  private mutating func carryOut(_ request: Request) throws -> Response {
    switch request {
    case .describe:
      // The version of Tandem is part of a run's record, which is not kept here.
      return Response(environment: .current(threads: 1, packageVersion: ""))
    case .roofline(let threads):
      return Response(
        roofline: Roofline(
          flops: roofline_flops(Int32(clamping: threads), Self.longTrials),
          bandwidth: roofline_bandwidth(Int32(clamping: threads)),
          vectorExtension: String(cString: roofline_vector_extension())))
    case .peak(let threads):
      return Response(flops: roofline_flops(Int32(clamping: threads), Self.shortTrials))
    case .load(
      let model, let threads, let rowTile, let layout, let convertsBoundary, let onlyDirect):
      guard threads > 0, let rowTile = RowTile(text: rowTile) else {
        throw ServerError("load: no such number of threads or row tile")
      }
      networks.append(
        try LoadedNetwork(
          model: model, threads: threads, rowTile: rowTile, layout: layout,
          convertsBoundary: convertsBoundary, onlyDirect: onlyDirect, database: latencies))
      return Response(plan: networks[networks.count - 1].description(number: networks.count - 1))
    case .time(let network, let runs):
      guard runs > 0 else { throw ServerError("time: \(runs) runs") }
      return Response(milliseconds: try self.network(network).time(runs: runs))
    case .compute(let network, let input, let output):
      try self.network(network).compute(input).encoded.write(to: URL(fileURLWithPath: output))
      return Response()
    case .clear:
      networks = []
      return Response()
    }
  }

  private func network(_ number: Int) throws -> LoadedNetwork {
    guard networks.indices.contains(number) else { throw ServerError("there is no network \(number)") }
    return networks[number]
  }
}
