import CMicrokernels
import ComputationGraph
import Kernels

/// A convolution by matrix products of the BLAS over panels of copied windows (im2col).
///
/// A panel holds some rows of the output: [inputs of a group · taps][rows · columns · images]. Each window tap of a
/// row is a run of whole vectors, so that a panel is made by `memcpy` where the stride is 1. A 1×1 convolution needs
/// no panel at all.
struct BLASConvolutionNode: TapeNode {
  let geometry: ConvolutionGeometry
  let weightOffset: Int
  let biasOffset: Int?
  private var target: GradientTarget?

  init(geometry: ConvolutionGeometry, weightOffset: Int, biasOffset: Int?) {
    self.geometry = geometry
    self.weightOffset = weightOffset
    self.biasOffset = biasOffset
  }

  var reads: [ActivationValue] { [geometry.input] }
  var writes: [ActivationValue] { [geometry.output] }
  var keeps: [ActivationValue] { [geometry.input] }
  var scratchCount: Int { geometry.isPointwise ? 0 : depth * panelRows * rowCount }

  /// Rows of a panel: the sum over inputs and taps of a product.
  private var depth: Int { geometry.groupInputs * geometry.taps }
  /// Floats of one row of the output.
  private var rowCount: Int { geometry.output.columns * ActivationValue.lanes }
  /// Rows of the output in a panel: what fits half a megabyte, at least one.
  private var panelRows: Int { min(geometry.output.rows, max(1, (1 << 17) / (depth * rowCount))) }

  mutating func bindGradients(_ plan: inout GradientPlan) { target = plan.target(geometry.input) }

  func forward(_ chunk: ChunkContext, mode: NormalizationMode) {
    let output = chunk.values(geometry.output)
    if let biasOffset {
      for channel in 0..<geometry.output.channels {
        (output + channel * geometry.output.plane).update(
          repeating: chunk.parameters[biasOffset + channel], count: geometry.output.plane)
      }
    }
    forEachPanel { group, rows in
      let count = rows.count * rowCount
      let panel = fillPanel(chunk, group: group, rows: rows)
      BLAS.sgemm(
        m: geometry.groupOutputs, n: count, k: depth, a: weight(chunk, group), lda: depth, b: panel.pointer,
        ldb: panel.stride, beta: biasOffset == nil ? 0 : 1,
        c: output + group * geometry.groupOutputs * geometry.output.plane + rows.lowerBound * rowCount,
        ldc: geometry.output.plane)
    }
  }

  func backward(_ chunk: ChunkContext) {
    let gradient = UnsafePointer(chunk.gradient(geometry.output))
    if let target, !target.accumulates, !geometry.isPointwise {
      chunk.gradient(target.value).update(repeating: 0, count: target.value.count)
    }
    forEachPanel { group, rows in
      let count = rows.count * rowCount
      let slice =
        gradient + group * geometry.groupOutputs * geometry.output.plane + rows.lowerBound * rowCount
      let panel = fillPanel(chunk, group: group, rows: rows)
      BLAS.sgemm(
        transposeB: true, m: geometry.groupOutputs, n: depth, k: count, a: slice, lda: geometry.output.plane,
        b: panel.pointer, ldb: panel.stride, beta: 1,
        c: chunk.parameterGradients + weightOffset + group * geometry.groupOutputs * depth, ldc: depth)
      guard let target else { return }
      let inputs = chunk.gradient(target.value) + group * geometry.groupInputs * geometry.input.plane
      BLAS.sgemm(
        transposeA: true, m: depth, n: count, k: geometry.groupOutputs, a: weight(chunk, group), lda: depth,
        b: slice, ldb: geometry.output.plane, beta: geometry.isPointwise && target.accumulates ? 1 : 0,
        c: geometry.isPointwise ? inputs + rows.lowerBound * rowCount : chunk.scratch,
        ldc: geometry.isPointwise ? geometry.input.plane : count)
      if !geometry.isPointwise {
        let table = chunk.kernels.pointee
        forEachRun(group: group, rows: rows) { panelOffset, inputOffset, length in
          table.copy(chunk.scratch + panelOffset, inputs + inputOffset, 1, Int64(length))
        }
      }
    }
    addBiasGradient(chunk, geometry: geometry, biasOffset: biasOffset)
  }

  private func weight(_ chunk: ChunkContext, _ group: Int) -> UnsafePointer<Float> {
    chunk.parameters + weightOffset + group * geometry.groupOutputs * depth
  }

  private func forEachPanel(_ body: (_ group: Int, _ rows: Range<Int>) -> Void) {
    let step = geometry.isPointwise ? geometry.output.rows : panelRows
    for group in 0..<geometry.groups {
      for start in stride(from: 0, to: geometry.output.rows, by: step) {
        body(group, start..<min(start + step, geometry.output.rows))
      }
    }
  }

  /// The windows of some rows of the output; the input itself for a 1×1 convolution.
  private func fillPanel(_ chunk: ChunkContext, group: Int, rows: Range<Int>)
    -> (pointer: UnsafePointer<Float>, stride: Int)
  {
    let input = chunk.values(geometry.input) + group * geometry.groupInputs * geometry.input.plane
    if geometry.isPointwise {
      return (UnsafePointer(input + rows.lowerBound * rowCount), geometry.input.plane)
    }
    let count = rows.count * rowCount
    chunk.scratch.update(repeating: 0, count: depth * count)
    forEachRun(group: group, rows: rows) { panelOffset, inputOffset, length in
      (chunk.scratch + panelOffset).update(from: input + inputOffset, count: length)
    }
    return (UnsafePointer(chunk.scratch), count)
  }

  /// The contiguous runs of a panel that lie inside the input: offset in the panel, offset in the group's input,
  /// floats.
  private func forEachRun(group: Int, rows: Range<Int>, _ body: (Int, Int, Int) -> Void) {
    let window = geometry.window
    let lanes = ActivationValue.lanes
    let input = geometry.input
    let columns = geometry.output.columns
    let count = rows.count * rowCount
    for channel in 0..<geometry.groupInputs {
      for tapRow in 0..<window.kernel.height {
        for tapColumn in 0..<window.kernel.width {
          let panelRow = (channel * window.kernel.height + tapRow) * window.kernel.width + tapColumn
          let columnOffset = tapColumn * window.dilation.width - window.padding.left
          let first = columnOffset >= 0 ? 0 : (-columnOffset + window.stride.width - 1) / window.stride.width
          let reach = input.columns - 1 - columnOffset
          let last = reach < 0 ? 0 : min(columns, reach / window.stride.width + 1)
          guard first < last else { continue }
          for row in rows {
            let source = row * window.stride.height + tapRow * window.dilation.height - window.padding.top
            guard (0..<input.rows).contains(source) else { continue }
            let panelOffset = panelRow * count + (row - rows.lowerBound) * rowCount
            let inputOffset = channel * input.plane + (source * input.columns + columnOffset) * lanes
            if window.stride.width == 1 {
              body(panelOffset + first * lanes, inputOffset + first * lanes, (last - first) * lanes)
            } else {
              for column in first..<last {
                body(panelOffset + column * lanes, inputOffset + column * window.stride.width * lanes, lanes)
              }
            }
          }
        }
      }
    }
  }
}
