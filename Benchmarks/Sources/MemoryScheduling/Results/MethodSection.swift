import MemoryPlanning

/// How the figures came about.
struct MethodSection {
  let results: ResultSet

  /// Heading and remarks.
  var paragraphs: [String] {
    [
      "## How it was measured", networks,
      """
      Every scheduler runs on one thread with a limit of \(number(results.options.timeLimitSeconds)) s a run. There are up to
      \(results.options.repeats) rounds; each visits all problems, and the schedulers of a problem in another rotation each time, so
      that whatever else the machine does hits all alike. A pair whose runs together took 2 s is not repeated any more. Times are
      wall-clock times of scheduling alone: reading the file and working out storages is not part of them, certificates, bounds and
      the evaluation of the order are. `OPENBLAS_CORETYPE` makes no difference: nothing here multiplies matrices.
      """,
      """
      While it runs, every order is evaluated again by the live-peak referee of the tests and every arena checked by the plan
      validator, which share no code with the planner, and every certificate by its verifier; no peak may be below a bound that any
      scheduler states or a known optimum, `exact` may not be above a known optimum, and a repeated run must give the same order.
      The first violation ends the run with the row's name, and nothing is written.
      """,
      """
      Memory models: `in-place` (an element-wise operator overwrites any dying input of its output's size and type), `no-in-place`,
      and for HMCOS's benchmark `hmcos` (the first such input only). Views share storage in all three; weights do not count; kernel
      workspace is not part of these figures.
      """,
    ]
  }

  private var networks: String {
    let counts = BenchmarkNetwork.Origin.allCases.map { origin in
      Set(results.problems([origin]).map(\.network)).count
    }
    let quick = results.options.isQuick ? " This is a `--quick` run: few networks and small ones." : ""
    let files =
      results.options.graphsFolder == nil
      ? "The folder of public graphs was not there: targets about it are not measured."
      : "\(counts[0]) public graphs and \(counts[1]) of HMCOS's benchmark (ONNX files, batch 1, weights left out)."
    return files
      + " \(counts[2]) networks and \(counts[3]) single cells are built from published cells by the package's own generators "
      + "(NASNet-A, AmoebaNet-A, DARTS-V2, PNASNet-5, RandWire WS(32, 4, 0.75) with seeds 0, 1, 2, NAS-Bench-201)."
      + quick
  }

  private func number(_ value: Double) -> String {
    value == value.rounded() ? "\(Int(value))" : "\(value)"
  }
}
