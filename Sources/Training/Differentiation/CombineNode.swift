import CMicrokernels

/// A sum of values and of normalised values, as it is and rectified:
/// plain = Σ term, rectified = max(plain, 0).
///
/// Batch norm, ReLU and addition are all of this form, alone and fused: the sum of two normalised convolutions
/// and a skip connection, followed by ReLU, is one pass over memory. In training a batch norm uses the mean and
/// variance of its chunk of images ("ghost" batch norm, Hoffer et al., arXiv 1705.08741), so that chunks need no
/// synchronisation and the result does not depend on the number of threads.
struct CombineNode: TapeNode {
  /// The parameters of a batch norm.
  struct BatchNorm: Sendable {
    /// In the parameters.
    let scaleOffset: Int
    let shiftOffset: Int
    /// In the statistics: means, then variances.
    let statisticsOffset: Int
    let epsilon: Float
  }

  /// One summand.
  struct Term: Sendable {
    let value: ActivationValue
    let norm: BatchNorm?
    var target: GradientTarget?
  }

  var terms: [Term]
  let plain: ActivationValue?
  let rectified: ActivationValue?

  var reads: [ActivationValue] { terms.map(\.value) }
  var writes: [ActivationValue] { [plain, rectified].compactMap { $0 } }
  var keeps: [ActivationValue] {
    terms.filter { $0.norm != nil }.map(\.value) + [rectified].compactMap { $0 }
  }

  var replaceable: [ActivationValue] { reads }

  private var channels: Int { terms[0].value.channels }
  private var plane: Int { terms[0].value.plane }

  mutating func bindGradients(_ plan: inout GradientPlan) {
    for index in terms.indices { terms[index].target = plan.target(terms[index].value) }
  }

  func forward(_ chunk: ChunkContext, mode: NormalizationMode) {
    let table = chunk.kernels.pointee
    let count = Int64(plane)
    withUnsafeTemporaryAllocation(of: tk_term.self, capacity: terms.count) { summands in
      for channel in 0..<channels {
        for (index, term) in terms.enumerated() {
          let values = chunk.values(term.value) + channel * plane
          var summand = tk_term(values: values, scale: 1, shift: 0)
          if let norm = term.norm {
            var mean = chunk.runningStatistics[norm.statisticsOffset + channel]
            var variance = chunk.runningStatistics[norm.statisticsOffset + channels + channel]
            if mode == .batch {
              table.moments(values, count, &mean, &variance)
              chunk.batchStatistics[norm.statisticsOffset + channel] = mean
              chunk.batchStatistics[norm.statisticsOffset + channels + channel] = variance
            }
            let scale = chunk.parameters[norm.scaleOffset + channel] / (variance + norm.epsilon).squareRoot()
            summand.scale = scale
            summand.shift = chunk.parameters[norm.shiftOffset + channel] - mean * scale
          }
          summands[index] = summand
        }
        table.combine(
          summands.baseAddress, Int32(terms.count), count, plain.map { chunk.values($0) + channel * plane },
          rectified.map { chunk.values($0) + channel * plane })
      }
    }
  }

  func backward(_ chunk: ChunkContext) {
    let table = chunk.kernels.pointee
    let count = Int64(plane)
    withUnsafeTemporaryAllocation(of: tk_normalized.self, capacity: terms.count) { sums in
      for channel in 0..<channels {
        let offset = channel * plane
        var normalized = 0
        for term in terms {
          guard let norm = term.norm else { continue }
          let mean = chunk.batchStatistics[norm.statisticsOffset + channel]
          sums[normalized] = tk_normalized(
            values: chunk.values(term.value) + offset, mean: mean, product_sum: 0)
          normalized += 1
        }
        let plainGradient = plain.map { chunk.gradient($0) + offset }
        let rectifiedGradient = rectified.map { chunk.gradient($0) + offset }
        let gradient = plainGradient ?? rectifiedGradient!
        let sum = table.combine_gradient(
          plainGradient, rectified.map { chunk.values($0) + offset }, rectifiedGradient, gradient,
          sums.baseAddress, Int32(normalized), count)
        var next = 0
        for term in terms {
          guard let norm = term.norm else {
            if let target = term.target {
              table.copy(gradient, chunk.gradient(target.value) + offset, target.accumulates ? 1 : 0, count)
            }
            continue
          }
          propagate(
            chunk, term: term, norm: norm, channel: channel, gradient: gradient, sum: sum,
            productSum: sums[next].product_sum)
          next += 1
        }
      }
    }
  }

  /// The gradients of one normalised summand in one channel. With the gradient g of the sum, n values per
  /// channel, r = 1 / √(variance + ε) and centred values c: dx = scale · r · (g − Σg / n − c · r² · Σ(g · c) / n).
  private func propagate(
    _ chunk: ChunkContext, term: Term, norm: BatchNorm, channel: Int, gradient: UnsafePointer<Float>,
    sum: Float,
    productSum: Float
  ) {
    let mean = chunk.batchStatistics[norm.statisticsOffset + channel]
    let variance = chunk.batchStatistics[norm.statisticsOffset + channels + channel]
    let inverse = 1 / (variance + norm.epsilon).squareRoot()
    chunk.parameterGradients[norm.scaleOffset + channel] += productSum * inverse
    chunk.parameterGradients[norm.shiftOffset + channel] += sum
    guard let target = term.target else { return }
    let factor = chunk.parameters[norm.scaleOffset + channel] * inverse
    let slope = -factor * inverse * inverse * productSum / Float(plane)
    let constant = -factor * sum / Float(plane) - slope * mean
    chunk.kernels.pointee.affine(
      factor, gradient, slope, chunk.values(term.value) + channel * plane, constant,
      chunk.gradient(target.value) + channel * plane, target.accumulates ? 1 : 0, Int64(plane))
  }
}
