import CoSearch
import Foundations

/// The sections of the report about one run.
struct RunSections {
  private let run: RunContent

  init(_ run: RunContent) { self.run = run }

  func all() -> [String] {
    summary() + front() + winners() + rejections()
      + [HTML.heading(2, "Configuration"), HTML.preformatted(run.configuration)]
      + [HTML.heading(2, "Environment"), HTML.preformatted(run.environment)]
  }

  private func summary() -> [String] {
    let counts = run.outcomeCounts
    var text =
      "Experiment \(run.experiment): \(run.trials.count) of \(run.trialBudget) trials, \(counts[.measured] ?? 0) measured, "
      + "\(counts[.rejected] ?? 0) rejected by every device before anything expensive, \(counts[.failed] ?? 0) failed."
    if run.winners.isEmpty, !run.trials.isEmpty { text += " No candidate fits any device." }
    if let estimate = run.trials.lazy.compactMap(\.measurement).first?.validation,
      let caution = EstimateText.caution(estimate)
    {
      text += " " + caution
    }
    return [HTML.paragraph(text)]
  }

  private func front() -> [String] {
    let measured = run.trials.compactMap { trial in trial.measurement.map { (trial, $0) } }
    guard !measured.isEmpty else { return [] }
    let points = measured.compactMap { trial, measurement -> FrontChart.Point? in
      guard let device = latencyOf(measurement) else { return nil }
      return FrontChart.Point(
        latencyMilliseconds: device.latency.medianMilliseconds,
        quality: measurement.validation.accuracy ?? measurement.validation.merit,
        tooltip: "trial \(trial.id): \(NumberFormat.estimate(measurement.validation)), "
          + "\(NumberFormat.milliseconds(device.latency.medianMilliseconds)), peak "
          + "\(ByteCount.describe(device.peak.bytes)); \(run.labels[trial.id] ?? "")",
        isOnFront: run.front.contains(trial.id), winnerOf: run.devicesWon(by: trial.id))
    }
    let example = measured[0].1
    let latency = latencyOf(example)?.latency
    let estimate = example.validation
    let note =
      "\(estimate.accuracy == nil ? "Score" : "Accuracy"): \(EstimateText.provenance(estimate))"
      + (Set(measured.map(\.1.validation.trainImages)).count > 1
        ? " (the first one measured; others differ)" : "")
      + ". Latency: batch 1, "
      + (latency.map {
        "\($0.threads) thread(s), median of \($0.repeats) repeats after \($0.warmup) warm-up runs"
      }
        ?? "not measured")
      + ". Points on the front of accuracy, latency and peak memory are blue, winners red; the front has three objectives, "
      + "so a point of it may look dominated in two."
    return [
      HTML.heading(2, "Accuracy against latency"),
      FrontChart(points: points, shows: estimate.accuracy == nil ? .score : .accuracy).svg(),
      HTML.paragraph(note, note: true),
      HTML.heading(3, "The front"),
      HTML.table(
        [
          ("trial", true), ("accuracy", true), ("latency", true), ("peak", true), ("weights", true),
          ("MACs", true),
          ("fits", false), ("architecture", false), ("policy", false),
        ],
        run.frontTrials.compactMap { trial in
          guard let measurement = trial.measurement else { return nil }
          return [
            "\(trial.id)", NumberFormat.estimate(measurement.validation),
            latencyOf(measurement).map { NumberFormat.milliseconds($0.latency.medianMilliseconds) } ?? "–",
            latencyOf(measurement).map { ByteCount.describe($0.peak.bytes) } ?? "–",
            ByteCount.describe(measurement.weightBytes),
            NumberFormat.short(measurement.macs), measurement.devices.keys.sorted().joined(separator: ", "),
            run.labels[trial.id] ?? "", PolicyText.describe(trial.candidate.policy),
          ]
        }),
    ]
  }

  /// The measurement on the first device, in the experiment's order, that admits the candidate.
  private func latencyOf(_ measurement: Measurement) -> DeviceMeasurement? {
    run.devices.lazy.compactMap { measurement.devices[$0.name] }.first
  }

  private func winners() -> [String] {
    run.devices.flatMap { device -> [String] in
      guard let id = run.winners[device.name], let measurement = run.trials[id].measurement,
        let onDevice = measurement.devices[device.name]
      else { return [] }
      let peak = onDevice.peak
      var parts = [
        HTML.heading(2, "Winner of \(device.name)"),
        HTML.paragraph(
          "Trial \(id): \(run.labels[id] ?? ""); \(PolicyText.describe(run.trials[id].candidate.policy)). "
            + "\(measurement.validation.accuracy == nil ? "Estimate" : "Validation accuracy") "
            + "\(NumberFormat.estimate(measurement.validation)) at the search's fidelity"
            + (run.finalResult(of: run.trials[id]).map {
              "; trained from scratch for \($0.epochs) epochs on \(NumberFormat.grouped($0.trainImages)) images, test accuracy "
                + "\(NumberFormat.percent($0.testAccuracy)) on \(NumberFormat.grouped($0.testImages)) images used once"
            } ?? "")
            + ". Median latency \(NumberFormat.milliseconds(onDevice.latency.medianMilliseconds))"
            + (onDevice.latency.noisy ? " (the machine was noisy)" : "")
            + ". Arena \(ByteCount.describe(onDevice.arenaBytes)) of \(ByteCount.describe(device.arenaLimitBytes)) "
            + "(\(ByteCount.describe(device.memoryBytes)) less \(ByteCount.describe(device.reservedBytes)) reserved), weights "
            + "\(ByteCount.describe(measurement.weightBytes))."),
        HTML.heading(3, "The peak step"),
        HTML.paragraph(
          "The peak of \(ByteCount.describe(peak.bytes)) (in-place, views and workspace counted; "
            + "\(ByteCount.describe(onDevice.livePeakBytes)) without workspace) is reached at step \(peak.step), "
            + "\(peak.operatorName)."),
        StackedBar(parts: [
          ("inputs", peak.inputBytes, "input"), ("outputs", peak.outputBytes, "output"),
          ("other live", peak.otherLiveBytes, "other"), ("workspace", peak.workspaceBytes, "workspace"),
        ]).svg(),
      ]
      if let history = run.finalResult(of: run.trials[id])?.history, history.count > 1 {
        parts += [HTML.heading(3, "The final training"), LearningCurveChart(history: history).svg()]
      }
      if let plan = run.plans[device.name] {
        parts += [
          HTML.heading(3, "Memory over time"),
          MemoryMapChart(plan: plan, limitBytes: device.arenaLimitBytes, peakStep: peak.step).svg(),
          HTML.paragraph(
            "Each rectangle is a buffer at its planned offset, from the first to the last step that needs it; yellow is "
              + "kernel workspace. The shaded step is the peak.", note: true),
        ]
      }
      return parts
    }
  }

  private func rejections() -> [String] {
    guard !run.trials.isEmpty else { return [] }
    let counts = run.rejectionCounts
    return [
      HTML.heading(2, "What the devices rejected"),
      HTML.table(
        [("device", false), ("limit", true), ("admitted", true)]
          + Rejection.Reason.allCases.map { ($0.rawValue, true) },
        run.devices.map { device in
          [
            device.name, ByteCount.describe(device.arenaLimitBytes),
            "\(run.trials.filter { $0.isFeasible(on: device.name) }.count)",
          ] + Rejection.Reason.allCases.map { "\(counts[device.name]?[$0] ?? 0)" }
        }),
      HTML.paragraph(
        "memoryBound: one operator alone is over the limit, under every order. memoryPeak: the peak of the planned order "
          + "is. memoryArena: the arena with padding and gaps is. flash: the weights are. disconnected: no path from input to "
          + "output.", note: true),
    ]
  }
}
