import Foundation
import Foundations

/// README.md of a bundle: what is in it and what its figures mean, for whoever gets it without Tandem.
enum BundleReadme {
  static func text(for manifest: BundleManifest) -> String {
    let sections = [
      introduction(manifest), files(manifest), use(manifest), memory(manifest), figures(manifest),
      runtimes(manifest),
    ]
    return sections.joined(separator: "\n\n") + "\n"
  }

  private static func introduction(_ manifest: BundleManifest) -> String {
    let origin = manifest.origin
    var text =
      "# A network and its schedule for `\(manifest.device.name)`\n\nWritten by Tandem \(manifest.producer.version)"
    if let experiment = origin.experiment { text += " from the experiment `\(experiment)`" }
    if let trial = origin.trial { text += ", trial \(trial)" }
    return text + ". Search space: `\(origin.space)`. Every figure below is also in `manifest.json`."
  }

  private static func files(_ manifest: BundleManifest) -> String {
    let descriptions = [
      BundleFile.model: "the trained network, weights inside, nodes in the planned order (ONNX)",
      BundleFile.architecture: "the choices that define the network",
      BundleFile.schedule: "operator order, fusion, and the kernel schedule of every operator",
      BundleFile.memoryPlan: "offset, size and lifetime of every buffer in the arena",
    ]
    let rows = manifest.files.sorted { $0.key < $1.key }.compactMap { name, file in
      descriptions[name].map { "| `\(name)` | \(ByteCount.describe(file.bytes)) | \($0) |" }
    }
    return "| file | size | content |\n|---|---|---|\n" + rows.joined(separator: "\n")
      + "\n| `\(BundleFile.manifest)` | | hashes of all files, figures, limits, preprocessing |\n\n"
      + "`tandem export --verify DIR` checks that nothing was changed and that the files agree with each other."
  }

  private static func use(_ manifest: BundleManifest) -> String {
    let input = manifest.preprocessing
    let output = manifest.output
    func list(_ values: [Double]) -> String { values.map { "\($0)" }.joined(separator: ", ") }
    return """
      ## Feeding it

      Input `\(input.inputName)`: \(input.shape), \(input.layout), \(input.dataType.rawValue). For every channel:
      `(byte * \(input.scale) - mean) / standardDeviation`, with mean \(list(input.mean)) and standard deviation
      \(list(input.standardDeviation)).

      Output `\(output.outputName)`: \(output.shape), one logit for each of \(output.classes) classes\(
        output.classNames.isEmpty ? "" : " (\(output.classNames.joined(separator: ", ")))"). The largest wins.
      """
  }

  private static func memory(_ manifest: BundleManifest) -> String {
    let memory = manifest.memory
    let device = manifest.device
    return """
      ## Memory

      | | bytes | what it is |
      |---|---|---|
      | arena | \(memory.arenaBytes) | all activations and kernel workspace at the offsets of `memory-plan.json`, padded to \(device.alignment) bytes |
      | limit | \(device.arenaLimitBytes) | \(device.memoryBytes) bytes of RAM less \(device.reservedBytes) reserved |
      | peak of the plan | \(memory.peakBytes) | most bytes in use at once, kernel workspace included; at operator `\(memory.peakStep.operatorName)` |
      | its live peak: the same order without workspace | \(memory.livePeakBytes) | |
      | live peak of the node order of `model.onnx` | \(memory.modelOrderPeakBytes) | fused activations counted as nodes and tensors of their own, no workspace |
      | weights | \(memory.weightBytes) | stored apart from the arena |

      The peaks let reshapes share their input's bytes and element-wise operators overwrite an input that is not
      needed any more.
      """
  }

  private static func figures(_ manifest: BundleManifest) -> String {
    var lines = ["## Accuracy and latency", ""]
    if manifest.accuracy.isEmpty { lines.append("No accuracy was measured.") }
    for figure in manifest.accuracy {
      let use =
        figure.purpose == .search ? "during the search, at reduced fidelity" : "after the final training"
      lines.append(
        "- \(figure.accuracy) on the \(figure.split) split (\(figure.images) images), \(use): \(figure.estimator), "
          + "\(figure.epochs) epochs on \(figure.trainImages) images")
    }
    lines.append("")
    if let latency = manifest.latencyMilliseconds {
      lines.append(
        "Latency of one inference by Tandem's own kernels: median \(latency.medianMilliseconds) ms, minimum "
          + "\(latency.minMilliseconds) ms, 90th percentile \(latency.p90Milliseconds) ms (\(latency.repeats) repeats "
          + "after \(latency.warmup) for warm-up, threads: \(latency.threads), "
          + "\(latency.noisy ? "the machine was noisy" : "the machine was quiet")"
          + "\(manifest.latencyTarget.map { "; \($0.cpu), \($0.vectorExtension), \($0.blas)" } ?? "")).")
    } else {
      lines.append("Latency was not measured.")
    }
    return lines.joined(separator: "\n")
  }

  private static func runtimes(_ manifest: BundleManifest) -> String {
    """
    ## Other runtimes

    The arena and the peaks are those of the plan, as Tandem's executor runs it. A runtime that loads `model.onnx`
    has an allocator and kernels of its own: it may reorder, fuse or copy, and its memory is not promised here. ONNX
    Runtime runs another order by default; these settings of its `SessionOptions` keep the nodes and their order:

    ```python
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.execution_order = onnxruntime.ExecutionOrder.PRIORITY_BASED
    ```

    Without them the results are the same up to rounding.
    """
  }
}
