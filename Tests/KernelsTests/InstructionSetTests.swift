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

    init(kernel: Int, stride: Int, _ generator: inout SeededGenerator) {
      func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
      let (height, width, padding) = (draw(kernel...20), draw(kernel...20), draw(0...kernel / 2))
      window = inference_window(
        height: height, width: width, outputHeight: (height + 2 * padding - kernel) / stride + 1,
        outputWidth: (width + 2 * padding - kernel) / stride + 1, kernelHeight: kernel, kernelWidth: kernel,
        strideHeight: stride, strideWidth: stride, paddingTop: padding, paddingLeft: padding,
        dilationHeight: 1, dilationWidth: 1)
      (batch, inputs, outputs) = (draw(1...2), draw(1...35), draw(1...40))
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
}
