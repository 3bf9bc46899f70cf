import CMicrokernels

/// A convolution (or fully connected layer) by register-blocked vector kernels, without any copy of its input.
struct DirectConvolutionNode: TapeNode {
  let geometry: ConvolutionGeometry
  /// Offsets in the parameters.
  let weightOffset: Int
  let biasOffset: Int?
  /// Offsets in the packed weights.
  let forwardPackedOffset: Int
  let backwardPackedOffset: Int
  private let kernels: KernelTable
  private let forwardTaps: TapTable
  private let backwardTaps: TapTable
  private var target: GradientTarget?

  init(
    geometry: ConvolutionGeometry, weightOffset: Int, biasOffset: Int?, packedOffset: Int,
    kernels: KernelTable
  ) {
    self.geometry = geometry
    self.weightOffset = weightOffset
    self.biasOffset = biasOffset
    self.kernels = kernels
    forwardPackedOffset = packedOffset
    backwardPackedOffset = packedOffset + geometry.weightCount
    forwardTaps = TapTable(
      window: geometry.window, source: geometry.inputSize, result: geometry.outputSize, backward: false)
    backwardTaps = TapTable(
      window: geometry.window, source: geometry.inputSize, result: geometry.outputSize, backward: true)
  }

  /// Floats of packed weights that a convolution needs.
  static func packedCount(_ geometry: ConvolutionGeometry) -> Int { 2 * geometry.weightCount }

  var reads: [ActivationValue] { [geometry.input] }
  var writes: [ActivationValue] { [geometry.output] }
  var keeps: [ActivationValue] { [geometry.input] }
  var scratchCount: Int {
    var plan = geometry.cConvolution
    return Int(tk_weight_gradient_scratch(&plan))
  }

  mutating func bindGradients(_ plan: inout GradientPlan) { target = plan.target(geometry.input) }

  func pack(parameters: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>) {
    let taps = geometry.taps
    let inputs = geometry.groupInputs
    let outputs = geometry.groupOutputs
    let groupCount = inputs * outputs * taps
    for group in 0..<geometry.groups {
      let weight = parameters + weightOffset + group * groupCount
      kernels.table.pointee.pack(
        weight, Int64(inputs * taps), Int64(taps), Int32(taps), Int32(outputs), Int32(inputs),
        packed + forwardPackedOffset + group * groupCount)
      if target != nil {
        kernels.table.pointee.pack(
          weight, Int64(taps), Int64(inputs * taps), Int32(taps), Int32(inputs), Int32(outputs),
          packed + backwardPackedOffset + group * groupCount)
      }
    }
  }

  func forward(_ chunk: ChunkContext, mode: NormalizationMode) {
    var plan = geometry.cGather(forwardTaps, backward: false)
    chunk.kernels.pointee.gather(
      &plan, chunk.values(geometry.input), chunk.packedWeights + forwardPackedOffset,
      biasOffset.map { chunk.parameters + $0 }, chunk.values(geometry.output), 0)
  }

  func backward(_ chunk: ChunkContext) {
    let gradient = chunk.gradient(geometry.output)
    if let target {
      var plan = geometry.cGather(backwardTaps, backward: true)
      chunk.kernels.pointee.gather(
        &plan, gradient, chunk.packedWeights + backwardPackedOffset, nil, chunk.gradient(target.value),
        target.accumulates ? 1 : 0)
    }
    var plan = geometry.cConvolution
    chunk.kernels.pointee.weight_gradient(
      &plan, chunk.values(geometry.input), gradient, chunk.scratch, chunk.parameterGradients + weightOffset)
    addBiasGradient(chunk, geometry: geometry, biasOffset: biasOffset)
  }
}

/// Adds the sums of the output's gradient to the bias's, where there is one.
func addBiasGradient(_ chunk: ChunkContext, geometry: ConvolutionGeometry, biasOffset: Int?) {
  guard let biasOffset else { return }
  let gradient = chunk.gradient(geometry.output)
  for channel in 0..<geometry.output.channels {
    chunk.parameterGradients[biasOffset + channel] += chunk.kernels.pointee.sum(
      gradient + channel * geometry.output.plane, Int64(geometry.output.plane))
  }
}
