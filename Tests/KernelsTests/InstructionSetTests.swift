import CMicrokernels
import Foundations
import Testing

/// The micro-kernels of every instruction set that this processor has, not only those of the widest, and shared among
/// several parts, against plain loops.
struct InstructionSetTests {
  /// A random convolution of one group with its expected result.
  private struct Case {
    var window: inference_window
    let batch: Int
    let inputs: Int
    let outputs: Int
    let inputRelu: Bool
    let outputRelu: Bool
    let x: [Float]
    let weight: [Float]
    let bias: [Float]

    init(
      kernel: Int, stride: Int, outputs most: ClosedRange<Int> = 1...40, _ generator: inout SeededGenerator
    ) {
      func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
      let (height, width, padding) = (draw(kernel...20), draw(kernel...20), draw(0...kernel / 2))
      window = inference_window(
        height: height, width: width, outputHeight: (height + 2 * padding - kernel) / stride + 1,
        outputWidth: (width + 2 * padding - kernel) / stride + 1, kernelHeight: kernel, kernelWidth: kernel,
        strideHeight: stride, strideWidth: stride, paddingTop: padding, paddingLeft: padding,
        dilationHeight: 1, dilationWidth: 1)
      (batch, inputs, outputs) = (draw(1...2), draw(1...35), draw(most))
      (inputRelu, outputRelu) = (draw(0...1) == 0, draw(0...1) == 0)
      x = randomValues(batch * inputs * height * width, &generator)
      weight = randomValues(outputs * inputs * kernel * kernel, &generator)
      bias = randomValues(outputs, &generator)
    }

    var outputCount: Int { batch * outputs * window.outputHeight * window.outputWidth }

    func expected() -> [Float] {
      var y: [Float] = []
      for image in 0..<batch {
        for output in 0..<outputs {
          for row in 0..<window.outputHeight {
            for column in 0..<window.outputWidth { y.append(value(image, output, row, column)) }
          }
        }
      }
      return y
    }

    private func value(_ image: Int, _ output: Int, _ row: Int, _ column: Int) -> Float {
      let kernel = window.kernelHeight
      var sum = Double(bias[output])
      for input in 0..<inputs {
        for i in 0..<kernel {
          for j in 0..<kernel {
            let h = row * window.strideHeight + i - window.paddingTop
            let w = column * window.strideWidth + j - window.paddingLeft
            guard h >= 0, h < window.height, w >= 0, w < window.width else { continue }
            let read = x[((image * inputs + input) * window.height + h) * window.width + w]
            let factor = weight[((output * inputs + input) * kernel + i) * kernel + j]
            sum += Double(inputRelu ? max(read, 0) : read) * Double(factor)
          }
        }
      }
      return Float(outputRelu ? max(sum, 0) : sum)
    }
  }

  @Test func winogradIsRightWithEveryInstructionSet() {
    var generator = SeededGenerator(seed: 61)
    var names: Set<String> = []
    for round in 0..<120 {
      let item = Case(kernel: 3, stride: 1, &generator)
      let expected = item.expected()
      var plan = winograd_plan(
        batch: item.batch, inputChannels: item.inputs, outputChannels: item.outputs,
        height: item.window.height, width: item.window.width, outputHeight: item.window.outputHeight,
        outputWidth: item.window.outputWidth, paddingTop: item.window.paddingTop,
        paddingLeft: item.window.paddingLeft, inputRelu: item.inputRelu ? 1 : 0,
        outputActivation: item.outputRelu ? 1 : 0, tile: round % 2 == 0 ? 2 : 4,
        tileRows: Int.random(in: 1...5, using: &generator),
        channelGroups: Int.random(in: 1...3, using: &generator))
      let parts = Int.random(in: 1...3, using: &generator)
      var packed = [Float](repeating: .nan, count: winograd_weight_floats(&plan))
      winograd_transform_weights(&plan, item.weight, &packed)
      for variant in 0..<winograd_variants() {
        names.insert(String(cString: winograd_variant_name(variant)))
        var workspace = [Float](repeating: .nan, count: winograd_workspace_floats(&plan, parts))
        var y = [Float](repeating: .nan, count: item.outputCount)
        for part in 0..<parts {
          winograd_run_variant(
            variant, &plan, nil, item.x, packed, item.bias, nil, &y, &workspace, part, parts)
        }
        #expect(relativeError(y, expected) <= 3e-5)
      }
    }
    #expect(names.contains("portable"))
  }

  @Test func directConvolutionIsRightWithEveryInstructionSet() {
    var generator = SeededGenerator(seed: 62)
    let sets = [DIRECT_PORTABLE, DIRECT_AVX2, DIRECT_AVX512].map { Int32($0) }.filter {
      direct_supports($0) != 0
    }
    for round in 0..<120 {
      let item = Case(kernel: [1, 3, 5][round % 3], stride: round % 4 == 0 ? 2 : 1, &generator)
      let expected = item.expected()
      for set in sets {
        var plan = direct_plan_for(
          direct_layer(
            window: item.window, batch: item.batch, groups: 1, inputs: item.inputs, outputs: item.outputs,
            inputRelu: item.inputRelu ? 1 : 0, outputActivation: item.outputRelu ? 1 : 0), set)
        var packed = [Float](repeating: .nan, count: direct_weight_floats(&plan))
        direct_pack_weights(&plan, item.weight, &packed)
        let parts = Int.random(in: 1...3, using: &generator)
        let rows =
          direct_runs_in_place(&plan) != 0 && round % 2 == 0 ? 0 : Int.random(in: 1...6, using: &generator)
        var workspace = [Float](repeating: .nan, count: direct_workspace_floats(&plan, rows, parts))
        var y = [Float](repeating: .nan, count: item.outputCount)
        for part in 0..<parts {
          direct_run(&plan, item.x, packed, item.bias, nil, &y, rows, &workspace, part, parts)
        }
        #expect(relativeError(y, expected) <= 1e-5)
      }
    }
    #expect(sets.contains(Int32(DIRECT_PORTABLE)))
  }

  @Test func blockedConvolutionIsRightWithEveryInstructionSet() {
    var generator = SeededGenerator(seed: 63)
    let sets = [BLOCKED_PORTABLE, BLOCKED_AVX2, BLOCKED_AVX512].map { Int32($0) }.filter {
      blocked_supports($0) != 0
    }
    for round in 0..<160 {
      let item = Case(
        kernel: [1, 3, 5, 7][round % 4], stride: round % 3 == 0 ? 2 : 1, outputs: 2...140, &generator)
      let expected = item.expected()
      let window = item.window
      let (inputPlane, outputPlane) = (
        window.height * window.width, window.outputHeight * window.outputWidth
      )
      let inputBlock = [1, 16, item.inputs].randomElement(using: &generator)!
      let outputBlock = [16, item.outputs].randomElement(using: &generator)!
      let x = blocked(item.x, item.batch, item.inputs, inputPlane, by: inputBlock)
      for set in sets {
        var layer = blocked_layer(
          window: window, batch: item.batch, inputs: item.inputs, outputs: item.outputs,
          inputBlock: inputBlock, outputBlock: outputBlock, inputRelu: item.inputRelu ? 1 : 0,
          outputActivation: item.outputRelu ? 1 : 0, instructionSet: set)
        var packed = [Float](repeating: .nan, count: blocked_weight_floats(&layer))
        blocked_pack_weights(&layer, item.weight, &packed)
        let parts = Int.random(in: 1...3, using: &generator)
        let stored = blocked_floats(item.outputs, outputBlock, outputPlane)
        var y = [Float](repeating: .nan, count: item.batch * stored)
        for part in 0..<parts {
          blocked_convolution(&layer, x, packed, item.bias, nil, &y, part, parts)
        }
        let found = plain(y, item.batch, item.outputs, outputPlane, from: outputBlock)
        #expect(relativeError(found, expected) <= 1e-5)
      }
    }
    #expect(sets.contains(Int32(BLOCKED_PORTABLE)))
  }

  /// Images [batch][channels][plane] with their channels in blocks; what fills up the last block is no number.
  private func blocked(
    _ values: [Float], _ batch: Int, _ channels: Int, _ plane: Int, by block: Int
  ) -> [Float] {
    let stored = blocked_floats(channels, block, plane)
    var result = [Float](repeating: .nan, count: batch * stored)
    forEachElement(batch, channels, plane, block) { result[$0 * stored + $2] = values[$1] }
    return result
  }

  /// The reverse.
  private func plain(
    _ values: [Float], _ batch: Int, _ channels: Int, _ plane: Int, from block: Int
  ) -> [Float] {
    let stored = blocked_floats(channels, block, plane)
    var result = [Float](repeating: .nan, count: batch * channels * plane)
    forEachElement(batch, channels, plane, block) { result[$1] = values[$0 * stored + $2] }
    return result
  }

  /// The image of each element, its place in plain images, and its place in its blocked image.
  private func forEachElement(
    _ batch: Int, _ channels: Int, _ plane: Int, _ block: Int, _ body: (Int, Int, Int) -> Void
  ) {
    for image in 0..<batch {
      for channel in 0..<channels {
        for pixel in 0..<plane {
          let place = (channel / block * plane + pixel) * block + channel % block
          body(image, (image * channels + channel) * plane + pixel, place)
        }
      }
    }
  }
}
