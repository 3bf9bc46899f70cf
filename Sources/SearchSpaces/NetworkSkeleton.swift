/// What surrounds the cells: stem, stages, reductions between them, head.
struct NetworkSkeleton: Hashable, Sendable {
  /// What stands between two stages.
  enum Reduction: Hashable, Sendable {
    /// The sum of several chains of steps.
    case sum([[Step]])
    /// A cell whose edges from its inputs have stride 2.
    case cell(String)
  }

  /// Values of the decision `stemChannels`: the width of the cells of the first stage.
  let stemChannels: [Int]
  /// The stem's own width is this many times as large.
  let stemMultiplier: Int
  let stem: [Step]
  let stages: Int
  /// Values of the decision `cellsPerStage`.
  let cellsPerStage: [Int]
  /// The cell that stages are made of.
  let cell: String
  /// Nil only if there is a single stage.
  let reduction: Reduction?
  /// How much wider each stage is than the one before.
  let widthMultiplier: Int
  /// Steps before global average pooling and the classifier.
  let head: [Step]

  static let stemChannelsName = "stemChannels"
  static let cellsPerStageName = "cellsPerStage"

  var decisions: [Decision] {
    [
      Decision(name: Self.stemChannelsName, values: stemChannels.map(String.init)),
      Decision(name: Self.cellsPerStageName, values: cellsPerStage.map(String.init)),
    ]
  }
}
