import CMicrokernels
import ComputationGraph

/// A maximum or average over windows.
struct PoolNode: TapeNode {
  /// What is taken of the values under the window.
  enum Reduction: Sendable {
    case maximum
    case average(countsPadding: Bool)
  }

  let window: Window2D
  let reduction: Reduction
  let input: ActivationValue
  let output: ActivationValue
  private let taps: TapTable
  private var target: GradientTarget?

  init(window: Window2D, reduction: Reduction, input: ActivationValue, output: ActivationValue) {
    self.window = window
    self.reduction = reduction
    self.input = input
    self.output = output
    taps = TapTable(
      window: window, source: Size2D(height: input.rows, width: input.columns),
      result: Size2D(height: output.rows, width: output.columns), backward: false)
  }

  var reads: [ActivationValue] { [input] }
  var writes: [ActivationValue] { [output] }
  var keeps: [ActivationValue] {
    if case .maximum = reduction { [input, output] } else { [] }
  }

  var scratchCount: Int { input.columns * ActivationValue.lanes }

  private var plan: tk_pool {
    var divisor = 0
    if case .average(countsPadding: true) = reduction { divisor = window.kernel.height * window.kernel.width }
    return tk_pool(
      channels: Int32(input.channels), source_columns: Int32(input.columns), rows: Int32(output.rows),
      columns: Int32(output.columns), source_plane: Int64(input.plane), result_plane: Int64(output.plane),
      row_starts: taps.rowStarts, row_taps: taps.rowTaps, column_starts: taps.columnStarts,
      column_taps: taps.columnTaps, fixed_divisor: Int32(divisor))
  }

  mutating func bindGradients(_ plan: inout GradientPlan) { target = plan.target(input) }

  func forward(_ chunk: ChunkContext, mode: NormalizationMode) {
    var plan = plan
    switch reduction {
    case .maximum: chunk.kernels.pointee.max_pool(&plan, chunk.values(input), chunk.values(output))
    case .average:
      chunk.kernels.pointee.average_pool(&plan, chunk.values(input), chunk.values(output), chunk.scratch)
    }
  }

  func backward(_ chunk: ChunkContext) {
    guard let target else { return }
    let result = chunk.gradient(target.value)
    if !target.accumulates { result.update(repeating: 0, count: input.count) }
    var plan = plan
    switch reduction {
    case .maximum:
      chunk.kernels.pointee.max_pool_gradient(
        &plan, chunk.values(input), chunk.values(output), chunk.gradient(output), result)
    case .average: chunk.kernels.pointee.average_pool_gradient(&plan, chunk.gradient(output), result)
    }
  }
}

/// The mean over all pixels of a channel.
struct GlobalAverageNode: TapeNode {
  let input: ActivationValue
  let output: ActivationValue
  private var target: GradientTarget?

  init(input: ActivationValue, output: ActivationValue) {
    self.input = input
    self.output = output
  }

  var reads: [ActivationValue] { [input] }
  var writes: [ActivationValue] { [output] }
  var keeps: [ActivationValue] { [] }

  mutating func bindGradients(_ plan: inout GradientPlan) { target = plan.target(input) }

  func forward(_ chunk: ChunkContext, mode: NormalizationMode) {
    chunk.kernels.pointee.global_average(
      chunk.values(input), Int32(input.channels), Int64(input.pixels), chunk.values(output))
  }

  func backward(_ chunk: ChunkContext) {
    guard let target else { return }
    chunk.kernels.pointee.global_average_gradient(
      chunk.gradient(output), Int32(input.channels), Int64(input.pixels), chunk.gradient(target.value),
      target.accumulates ? 1 : 0)
  }
}

/// Values one after the other along the channels.
struct ConcatenationNode: TapeNode {
  let inputs: [ActivationValue]
  let output: ActivationValue
  private var targets: [GradientTarget?] = []

  init(inputs: [ActivationValue], output: ActivationValue) {
    self.inputs = inputs
    self.output = output
  }

  var reads: [ActivationValue] { inputs }
  var writes: [ActivationValue] { [output] }
  var keeps: [ActivationValue] { [] }

  mutating func bindGradients(_ plan: inout GradientPlan) {
    targets = []
    for input in inputs { targets.append(plan.target(input)) }
  }

  func forward(_ chunk: ChunkContext, mode: NormalizationMode) {
    var destination = chunk.values(output)
    for input in inputs {
      chunk.kernels.pointee.copy(chunk.values(input), destination, 0, Int64(input.count))
      destination += input.count
    }
  }

  func backward(_ chunk: ChunkContext) {
    var source = chunk.gradient(output)
    for (input, target) in zip(inputs, targets) {
      if let target {
        chunk.kernels.pointee.copy(
          source, chunk.gradient(target.value), target.accumulates ? 1 : 0, Int64(input.count))
      }
      source += input.count
    }
  }
}
