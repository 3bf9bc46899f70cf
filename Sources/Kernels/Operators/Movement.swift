import ComputationGraph

/// Tensors one after the other along an axis.
struct Concatenation: PreparedKernel {
  private struct Part {
    let source: UnsafePointer<Float>
    let run: Int
    let start: Int
  }

  private let parts: [Part]
  private let outer: Int
  private let outputRun: Int
  private let output: UnsafeMutablePointer<Float>

  init(inputs: [TensorShape], axis: Int, operands: KernelOperands) {
    let inner = inputs[0].dimensions[(axis + 1)...].reduce(1, *)
    var start = 0
    var parts: [Part] = []
    for (shape, source) in zip(inputs, operands.inputs) {
      let run = shape[axis] * inner
      parts.append(Part(source: UnsafePointer(source), run: run, start: start))
      start += run
    }
    self.parts = parts
    outer = inputs[0].dimensions[..<axis].reduce(1, *)
    outputRun = start
    output = operands.output
  }

  func run() {
    for part in parts {
      for index in 0..<outer {
        (output + index * outputRun + part.start).update(
          from: part.source + index * part.run, count: part.run)
      }
    }
  }
}

/// The same elements under another shape: nothing to do where the plan lets both share a storage.
struct View: PreparedKernel {
  let count: Int
  let operands: KernelOperands

  func run() {
    if operands.inputs[0] != operands.output {
      operands.output.update(from: operands.inputs[0], count: count)
    }
  }
}
