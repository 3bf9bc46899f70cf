import Foundations

/// Gradient-boosted regression trees for the squared error (Friedman, doi 10.1214/aos/1013203451): each tree is fitted to
/// what the trees before it leave over, and counts only by a small factor.
///
/// Trees are grown level by level with exact splits; every tree sees a random part of the features. Double precision;
/// equal samples and generators give equal trees.
struct BoostedTrees: Codable, Hashable, Sendable {
  /// How the trees are grown.
  struct Parameters: Sendable {
    var rounds = 200
    var depth = 4
    var shrinkage = 0.1
    var featureShare = 0.7
    /// The smallest weight of samples in a leaf.
    var minimumLeafWeight = 2.0
  }

  /// A node of a tree: a leaf's value, or a question about one feature.
  struct Node: Codable, Hashable, Sendable {
    /// The feature that is compared; nil for a leaf.
    var feature: Int?
    var threshold = 0.0
    /// The node for values up to the threshold; the one for larger values follows it.
    var below = 0
    var value = 0.0
  }

  let base: Double
  let shrinkage: Double
  private(set) var trees: [[Node]] = []

  /// Fits trees.
  ///
  /// - Parameters:
  ///   - features: one row per sample.
  ///   - targets: what is to be predicted.
  ///   - weights: how often each sample counts; not all 0.
  /// - Complexity: O(rounds · depth · features · samples).
  init(
    features: [[Double]], targets: [Double], weights: [Double], parameters: Parameters = Parameters(),
    using generator: inout SeededGenerator
  ) {
    let total = weights.reduce(0, +)
    base = zip(targets, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
    shrinkage = parameters.shrinkage
    let columns = (features.first?.indices ?? 0..<0).map { column in features.map { $0[column] } }
    let orders = columns.map { column in
      column.indices.filter { weights[$0] > 0 }.sorted { (column[$0], $0) < (column[$1], $1) }
    }
    let wanted = max(1, Int((Double(columns.count) * parameters.featureShare).rounded()))
    var residuals = targets.map { $0 - base }
    for _ in 0..<parameters.rounds {
      let chosen = columns.indices.shuffled(using: &generator).prefix(wanted).sorted()
      let tree = TreeGrowth(
        columns: columns, orders: orders, chosen: chosen, targets: residuals, weights: weights,
        parameters: parameters
      ).nodes
      trees.append(tree)
      for sample in residuals.indices {
        residuals[sample] -= shrinkage * Self.value(of: features[sample], tree)
      }
    }
  }

  /// The prediction for one row of features.
  func predict(_ row: [Double]) -> Double {
    trees.reduce(base) { $0 + shrinkage * Self.value(of: row, $1) }
  }

  /// Whether every question is about one of `features` and leads to later nodes.
  func isConsistent(features: Int) -> Bool {
    trees.allSatisfy { tree in
      !tree.isEmpty
        && tree.indices.allSatisfy { index in
          guard let feature = tree[index].feature else { return true }
          return (0..<features).contains(feature) && tree[index].below > index
            && tree[index].below < tree.count - 1
        }
    }
  }

  private static func value(of row: [Double], _ tree: [Node]) -> Double {
    var node = tree[0]
    while let feature = node.feature {
      node = tree[row[feature] <= node.threshold ? node.below : node.below + 1]
    }
    return node.value
  }
}

/// Grows one tree, all nodes of a level in one pass over each sorted feature.
private struct TreeGrowth {
  private(set) var nodes: [BoostedTrees.Node] = [.init()]
  /// The node in which each sample is.
  private var place: [Int]

  private struct Split {
    var gain: Double
    var feature: Int
    var threshold: Double
  }

  private struct Sums {
    var weight = 0.0
    var target = 0.0

    /// What the samples explain of the squared error by their mean.
    var explained: Double { weight > 0 ? target * target / weight : 0 }

    mutating func add(_ target: Double, weight: Double) {
      self.weight += weight
      self.target += weight * target
    }

    static func - (a: Sums, b: Sums) -> Sums {
      Sums(weight: a.weight - b.weight, target: a.target - b.target)
    }
  }

  init(
    columns: [[Double]], orders: [[Int]], chosen: [Int], targets: [Double], weights: [Double],
    parameters: BoostedTrees.Parameters
  ) {
    place = [Int](repeating: 0, count: targets.count)
    var level = 0..<1
    for depth in 0...parameters.depth {
      var sums = [Sums](repeating: Sums(), count: nodes.count)
      for sample in targets.indices where weights[sample] > 0 {
        sums[place[sample]].add(targets[sample], weight: weights[sample])
      }
      for node in level { nodes[node].value = sums[node].target / max(sums[node].weight, 1e-300) }
      if depth == parameters.depth { return }
      var best = [Split?](repeating: nil, count: nodes.count)
      for feature in chosen {
        var left = [Sums](repeating: Sums(), count: nodes.count)
        var last = [Double](repeating: -.infinity, count: nodes.count)
        for sample in orders[feature] {
          let node = place[sample]
          guard level.contains(node) else { continue }
          let value = columns[feature][sample]
          if value > last[node], left[node].weight >= parameters.minimumLeafWeight {
            let right = sums[node] - left[node]
            let gain = left[node].explained + right.explained - sums[node].explained
            if right.weight >= parameters.minimumLeafWeight, gain > (best[node]?.gain ?? 1e-12) {
              best[node] = Split(gain: gain, feature: feature, threshold: (last[node] + value) / 2)
            }
          }
          left[node].add(targets[sample], weight: weights[sample])
          last[node] = value
        }
      }
      let first = nodes.count
      for node in level {
        guard let split = best[node] else { continue }
        nodes[node].feature = split.feature
        nodes[node].threshold = split.threshold
        nodes[node].below = nodes.count
        nodes += [.init(), .init()]
      }
      for sample in targets.indices {
        let node = nodes[place[sample]]
        guard let feature = node.feature else { continue }
        place[sample] = columns[feature][sample] <= node.threshold ? node.below : node.below + 1
      }
      level = first..<nodes.count
      if level.isEmpty { return }
    }
  }
}
