import BenchmarkSupport
import MemoryPlanning
import Reporting

/// The figures of the results' page.
struct ResultFigures {
  let results: ResultSet

  /// File names and SVG texts.
  var files: [(name: String, svg: String)] {
    [
      ("peaks.svg", peaks.svg()), ("times.svg", times.svg()), ("arenas.svg", arenas.svg()),
      ("cells.svg", cells.svg()),
    ]
  }

  private var peaks: DotChart {
    let problems = results.problems()
    let rows = results.schedulers.map { name in
      let dots = problems.compactMap { problem in
        problem.ratio(name).map { DotChart.Dot(value: $0, tooltip: "\(label(problem)): \(ratioText($0))") }
      }
      let lowest = dots.count { $0.value == 1 }
      return DotChart.Row(
        label: name.rawValue, dots: dots, note: "lowest on \(lowest) of \(dots.count)")
    }
    return DotChart(
      title: "Peak of each scheduler's order, relative to the lowest peak known",
      axisTitle: "peak / lowest peak; a dot per network and memory model", axis: .linear, rows: rows)
  }

  private var times: DotChart {
    let problems = results.problems()
    let rows = results.schedulers.map { name in
      let dots = problems.compactMap { problem -> DotChart.Dot? in
        guard let row = problem.rows[name], row.outcome != nil else { return nil }
        return DotChart.Dot(
          value: row.time.median,
          tooltip: "\(label(problem)): \(NumberFormat.milliseconds(row.time.median * 1000))")
      }
      let median = Spread(dots.map(\.value))?.median ?? 0
      return DotChart.Row(
        label: name.rawValue, dots: dots, note: "median \(NumberFormat.milliseconds(median * 1000))")
    }
    return DotChart(
      title: "Scheduling time", axisTitle: "median of the runs; a dot per network and memory model",
      axis: .logarithmicSeconds, rows: rows)
  }

  private var arenas: DotChart {
    let problems = results.problems()
    let rows = results.schedulers.map { name in
      let dots = problems.compactMap { problem in
        problem.rows[name]?.outcome.map {
          DotChart.Dot(value: $0.arenaRatio, tooltip: "\(label(problem)): \(ratioText($0.arenaRatio))")
        }
      }
      let tight = dots.count { $0.value == 1 }
      return DotChart.Row(label: name.rawValue, dots: dots, note: "1.00 on \(tight) of \(dots.count)")
    }
    return DotChart(
      title: "Arena, relative to the live peak of the same order",
      axisTitle: "arena without alignment / peak; a dot per network and memory model", axis: .linear,
      rows: rows)
  }

  /// Every scheduler side by side on the networks of HMCOS's benchmark; without its files, on the generated ones.
  private var cells: DotChart {
    let published = results.problems([.hmcos], [.hmcos])
    let problems = published.isEmpty ? results.problems([.generated], [.inPlace]) : published
    let rows = problems.map { problem in
      var dots = results.schedulers.enumerated().compactMap { color, name in
        problem.ratio(name).map {
          DotChart.Dot(value: $0, color: color, tooltip: "\(name.rawValue): \(ratioText($0))")
        }
      }
      if let reference = published.isEmpty ? nil : HMCOSReference.entries[problem.network]?.peakBytes {
        let value = Double(reference) / Double(max(1, problem.bestBytes))
        dots.append(
          DotChart.Dot(
            value: value, color: results.schedulers.count, tooltip: "HMCOS's own code: \(ratioText(value))"))
      }
      return DotChart.Row(
        label: problem.network, dots: dots, note: "\(NumberFormat.grouped(problem.bestBytes)) B")
    }
    return DotChart(
      title: published.isEmpty
        ? "Cell networks, in-place" : "Cell networks of HMCOS's benchmark, in its memory model",
      axisTitle: "peak / lowest peak (right)", axis: .linear, rows: rows,
      legend: results.schedulers.map(\.rawValue) + (published.isEmpty ? [] : ["HMCOS's own code"]),
      rowHeight: 34)
  }

  private func label(_ problem: ResultSet.Problem) -> String {
    "\(problem.network), \(problem.rules.rawValue)"
  }
}
