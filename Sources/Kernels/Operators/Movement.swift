import ComputationGraph

/// Tensors one after the other along an axis. Threads share each source, or the repetitions where there are many. Nothing is
/// done for sources that the plan lets lie in their place already.
struct Concatenation: PreparedKernel {
  private struct Source {
    let values: UnsafePointer<Float>
    let run: Int
    let start: Int
  }

  private let sources: [Source]
  private let outer: Int
  private let outputRun: Int
  private let output: UnsafeMutablePointer<Float>

  init(inputs: [TensorShape], axis: Int, operands: KernelOperands) {
    let inner = inputs[0].dimensions[(axis + 1)...].reduce(1, *)
    self.init(
      runs: inputs.map { $0[axis] * inner }, outer: inputs[0].dimensions[..<axis].reduce(1, *),
      operands: operands)
  }

  /// Images along their channels, in a layout other than NCHW: blocks one after the other, or the channels of each pixel.
  init(blocks inputs: [Tensor], operands: KernelOperands) {
    let shape = inputs[0].shape
    let outer = inputs[0].layout == .nhwc ? shape[0] * shape[2] * shape[3] : shape[0]
    self.init(runs: inputs.map { $0.storedElementCount / outer }, outer: outer, operands: operands)
  }

  private init(runs: [Int], outer: Int, operands: KernelOperands) {
    var start = 0
    var sources: [Source] = []
    for (run, values) in zip(runs, operands.inputs) {
      sources.append(Source(values: UnsafePointer(values), run: run, start: start))
      start += run
    }
    self.sources = sources
    self.outer = outer
    outputRun = start
    output = operands.output
  }

  func run(part: Int, of parts: Int) {
    let repetitions = outer < parts ? 0..<outer : outer.share(part, of: parts)
    for source in sources where outer > 1 || source.values != UnsafePointer(output + source.start) {
      let share = outer < parts ? source.run.share(part, of: parts) : 0..<source.run
      for index in repetitions {
        (output + index * outputRun + source.start + share.lowerBound).update(
          from: source.values + index * source.run + share.lowerBound, count: share.count)
      }
    }
  }
}

/// The same elements under another shape: nothing to do where the plan lets both share a storage.
struct View: PreparedKernel {
  let count: Int
  let operands: KernelOperands

  func run(part: Int, of parts: Int) {
    if operands.inputs[0] != operands.output {
      let share = count.share(part, of: parts)
      (operands.output + share.lowerBound).update(
        from: operands.inputs[0] + share.lowerBound, count: share.count)
    }
  }
}
