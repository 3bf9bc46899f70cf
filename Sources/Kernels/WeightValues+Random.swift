import ComputationGraph
import Foundations

extension WeightValues {
  /// Random weights for every operator of `graph`, as a network has them before training.
  ///
  /// Weights of convolutions and fully connected layers are normal with variance 2 / fan-in (He et al.,
  /// doi 10.1109/ICCV.2015.123), biases normal with deviation 0.01, batch norms neutral: scale 1, shift 0,
  /// mean 0, variance 1; layer norms likewise. Other constants that are added or joined have deviation 0.02, those that
  /// are multiplied by are 1, and indices any on their axis. A weight that no executable operator reads is zero.
  ///
  /// - Complexity: linear in the number of weights; the sequence depends on the generator and the order of the
  ///   graph's tensors alone.
  public static func random(for graph: Graph, using generator: inout SeededGenerator) -> WeightValues {
    var fills = [WeightFill](repeating: .constant(0), count: graph.tensors.count)
    for node in graph.operators {
      switch node.kind {
      case .convolution, .fullyConnected:
        let weight = graph[node.inputs[1]].shape
        let fanIn = max(1, weight.elementCount / max(1, weight[0]))
        fills[node.inputs[1].index] = .normal((2 / Double(fanIn)).squareRoot())
        if node.inputs.count > 2 { fills[node.inputs[2].index] = .normal(0.01) }
      case .batchNormalization:
        for (input, value) in zip(node.inputs[1...], [1, 0, 0, 1] as [Float]) {
          fills[input.index] = .constant(value)
        }
      case .layerNormalization:
        for (input, value) in zip(node.inputs[1...], [1, 0] as [Float]) {
          fills[input.index] = .constant(value)
        }
      case .matrixProduct:
        for (position, axisFromEnd) in [(0, 1), (1, 2)] {
          let shape = graph[node.inputs[position]].shape
          fills[node.inputs[position].index] = .normal(
            (2 / Double(max(1, shape[shape.rank - axisFromEnd]))).squareRoot())
        }
      case .arithmetic(.multiply), .arithmetic(.divide):
        for input in node.inputs { fills[input.index] = .constant(1) }
      case .arithmetic, .concat: for input in node.inputs { fills[input.index] = .normal(0.02) }
      case .gather(let axis):
        fills[node.inputs[1].index] = .index(extent: max(1, graph[node.inputs[0]].shape[axis]))
      default: break
      }
    }
    var result = WeightValues()
    for id in graph.weights {
      let tensor = graph[id]
      result[tensor.name] = (0..<tensor.shape.elementCount).map { _ in
        switch fills[id.index] {
        case .constant(let value): value
        case .normal(let deviation): Float(generator.nextNormal() * deviation)
        case .index(let extent): Float(Int.random(in: 0..<extent, using: &generator))
        }
      }
    }
    return result
  }
}

/// How one weight is filled.
private enum WeightFill {
  case constant(Float)
  case normal(Double)
  case index(extent: Int)
}
