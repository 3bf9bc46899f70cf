import CMicrokernels
import ComputationGraph

/// Convolutions 3×3 of one input, computed together by Winograd's F(4×4, 3×3) (Lavin and Gray, arXiv 1509.09308), in
/// all three directions: 36 products instead of 144 for 4×4 pixels and a pair of channels.
///
/// Edges of a cell often read the same value. Together they transform it once, and the gradient with respect to it is
/// written once instead of added up convolution by convolution.
struct WinogradConvolutionNode: TapeNode {
  let input: ActivationValue
  /// The results, one per convolution.
  let outputs: [ActivationValue]
  /// Their weights in the parameters.
  let weightOffsets: [Int]
  private let forwardPackedOffset: Int
  private let kernels: KernelTable
  private var target: GradientTarget?

  init(
    input: ActivationValue, outputs: [ActivationValue], weightOffsets: [Int], packedOffset: Int,
    kernels: KernelTable
  ) {
    self.input = input
    self.outputs = outputs
    self.weightOffsets = weightOffsets
    forwardPackedOffset = packedOffset
    self.kernels = kernels
  }

  /// Whether a convolution can be computed so, and is faster than directly: from 8 channels and 6 pixels on, the
  /// transforms and the overhang of the last tiles cost less than they save.
  static func applies(to geometry: ConvolutionGeometry, hasBias: Bool) -> Bool {
    geometry.window
      == Window2D(
        kernel: Size2D(3), stride: Size2D(1), padding: Padding2D(1), dilation: Size2D(1))
      && geometry.groups == 1 && !hasBias && min(geometry.input.channels, geometry.output.channels) >= 8
      && min(geometry.output.rows, geometry.output.columns) >= 6
  }

  /// Floats of packed weights.
  var packedCount: Int { 2 * pointCount }

  var reads: [ActivationValue] { [input] }
  var writes: [ActivationValue] { outputs }
  var keeps: [ActivationValue] { [input] }
  var scratchCount: Int {
    [forwardPlan, backwardPlan, weightPlan].map { plan in
      var plan = plan
      return Int(tk_winograd_scratch(&plan))
    }.max()!
  }

  mutating func bindGradients(_ plan: inout GradientPlan) { target = plan.target(input) }

  func pack(parameters: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>) {
    withOperands { weights in
      for index in outputs.indices {
        // Kernels only read weights; the pointer is that of any operand.
        weights[index] = tk_operand(
          values: UnsafeMutablePointer(mutating: parameters + weightOffsets[index]),
          channels: Int32(outputs[index].channels), accumulate: 0)
      }
      var plan = forwardPlan
      kernels.table.pointee.winograd_pack(
        &plan, weights.baseAddress, Int32(outputs.count), 0, packed + forwardPackedOffset)
      guard target != nil else { return }
      plan = backwardPlan
      kernels.table.pointee.winograd_pack(
        &plan, weights.baseAddress, Int32(outputs.count), 1, packed + forwardPackedOffset + pointCount)
    }
  }

  func forward(_ chunk: ChunkContext, mode: NormalizationMode) {
    var plan = forwardPlan
    var source = operand(chunk.values(input), input)
    withOperands { results in
      for index in outputs.indices {
        results[index] = operand(chunk.values(outputs[index]), outputs[index])
      }
      chunk.kernels.pointee.winograd(
        &plan, &source, 1, chunk.packedWeights + forwardPackedOffset, results.baseAddress,
        Int32(outputs.count), chunk.scratch)
    }
  }

  func backward(_ chunk: ChunkContext) {
    withOperands { gradients in
      for index in outputs.indices {
        gradients[index] = operand(chunk.gradient(outputs[index]), outputs[index])
      }
      var source = operand(chunk.values(input), input)
      withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>?.self, capacity: outputs.count) {
        weights in
        for index in outputs.indices { weights[index] = chunk.parameterGradients + weightOffsets[index] }
        var plan = weightPlan
        chunk.kernels.pointee.winograd_weight_gradient(
          &plan, &source, 1, gradients.baseAddress, Int32(outputs.count), chunk.scratch, weights.baseAddress)
      }
      guard let target else { return }
      var plan = backwardPlan
      var result = operand(chunk.gradient(target.value), input)
      result.accumulate = target.accumulates ? 1 : 0
      chunk.kernels.pointee.winograd(
        &plan, gradients.baseAddress, Int32(outputs.count),
        chunk.packedWeights + forwardPackedOffset + pointCount, &result, 1, chunk.scratch)
    }
  }

  private var outputChannels: Int { outputs.reduce(0) { $0 + $1.channels } }
  /// Floats of the transformed weights in one direction.
  private var pointCount: Int { 36 * input.channels * outputChannels }

  private var forwardPlan: tk_winograd { plan(from: input.channels, to: outputChannels) }
  private var backwardPlan: tk_winograd { plan(from: outputChannels, to: input.channels) }

  /// Groups of tiles whose transformed values stay in the second-level cache.
  private func plan(from sources: Int, to results: Int) -> tk_winograd {
    let bytes = 36 * (sources + results) * ActivationValue.lanes * 4
    return tk_winograd(
      sources: Int32(sources), results: Int32(results), rows: Int32(input.rows),
      columns: Int32(input.columns), group: Int32(max(1, min(8, 300_000 / bytes))))
  }

  /// Larger groups: sums over all lanes, or transpositions, are spread over more products.
  private var weightPlan: tk_winograd {
    var plan = plan(from: input.channels, to: outputChannels)
    plan.group = input.channels < 32 ? 8 : 4
    return plan
  }

  private func operand(_ pointer: UnsafeMutablePointer<Float>, _ value: ActivationValue) -> tk_operand {
    tk_operand(values: pointer, channels: Int32(value.channels), accumulate: 0)
  }

  private func withOperands(_ body: (UnsafeMutableBufferPointer<tk_operand>) -> Void) {
    withUnsafeTemporaryAllocation(of: tk_operand.self, capacity: outputs.count, body)
  }
}
