import ComputationGraph

/// Tensors one after the other along an axis.
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
    var start = 0
    var sources: [Source] = []
    for (shape, values) in zip(inputs, operands.inputs) {
      let run = shape[axis] * inner
      sources.append(Source(values: UnsafePointer(values), run: run, start: start))
      start += run
    }
    self.sources = sources
    outer = inputs[0].dimensions[..<axis].reduce(1, *)
    outputRun = start
    output = operands.output
  }

  func run(part: Int, of parts: Int) {
    for source in sources {
      let share = source.run.share(part, of: parts)
      for index in 0..<outer {
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
