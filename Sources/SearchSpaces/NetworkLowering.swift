import ComputationGraph

/// Builds one architecture's network, module by module: stem, cells and reductions, head.
struct NetworkLowering {
  /// A cell or a reduction in its place.
  private struct Module {
    let name: String
    /// The cell's specification and plan; nil for a reduction that is a sum of chains.
    let cell: (specification: CellSpecification, plan: CellPlan)?
    let chains: [[Step]]
    /// The number of reductions before and including this module.
    let level: Int
    let reduces: Bool

    /// How far back each result lies that the module reads: 1 is the module before.
    var distances: [Int] {
      guard let (specification, plan) = cell else { return [1] }
      return (0..<specification.inputs).filter { plan.readsInput[$0] }.map { specification.inputs - $0 }
    }
  }

  /// A result that modules may read, and how often the image has been reduced so far.
  private struct Result {
    let tensor: TensorID
    let level: Int
  }

  private let space: SearchSpace
  private let stemChannels: Int
  private let modules: [Module]
  private var steps: StepLowering

  /// Plans the network. - Precondition: the architecture is valid in its space.
  init(_ architecture: Architecture, in space: SearchSpace, naming: EdgeNaming = .slots) {
    self.space = space
    let skeleton = space.skeleton
    stemChannels = Int(architecture.choices[NetworkSkeleton.stemChannelsName]!)!
    let cellsPerStage = Int(architecture.choices[NetworkSkeleton.cellsPerStageName]!)!
    var plans: [String: (CellSpecification, CellPlan)] = [:]
    for cell in space.cells {
      plans[cell.name] = (
        cell,
        CellPlan(cell, choices: architecture.choices, operations: space.operations, naming: naming)
      )
    }
    var modules: [Module] = []
    for stage in 0..<skeleton.stages {
      if stage > 0, let reduction = skeleton.reduction {
        let name = "reduction\(stage - 1)"
        switch reduction {
        case .sum(let chains):
          modules.append(Module(name: name, cell: nil, chains: chains, level: stage, reduces: true))
        case .cell(let cell):
          modules.append(Module(name: name, cell: plans[cell], chains: [], level: stage, reduces: true))
        }
      }
      for index in 0..<cellsPerStage {
        modules.append(
          Module(
            name: "stage\(stage).cell\(index)", cell: plans[skeleton.cell], chains: [], level: stage,
            reduces: false))
      }
    }
    self.modules = modules
    steps = StepLowering(name: architecture.space)
  }

  /// Builds the graph.
  mutating func graph(input: InputSpecification) throws(SearchSpaceError) -> Graph {
    let needed = try neededModules()
    do {
      return try build(needed: needed, input: input)
    } catch {
      throw .cannotLower(reason: error.description)
    }
  }

  /// Which modules the network's output depends on; a needed cell without a path is the error.
  private func neededModules() throws(SearchSpaceError) -> [Bool] {
    var needed = [Bool](repeating: false, count: modules.count)
    needed[modules.count - 1] = true
    for index in modules.indices.reversed() where needed[index] {
      let module = modules[index]
      if let (specification, plan) = module.cell, plan.outputs.isEmpty {
        throw .disconnected(cell: specification.name)
      }
      for distance in module.distances where index - distance >= 0 { needed[index - distance] = true }
    }
    return needed
  }

  private mutating func build(needed: [Bool], input: InputSpecification) throws(GraphError) -> Graph {
    let skeleton = space.skeleton
    let image = steps.builder.input("image", shape: [1, input.channels, input.height, input.width])
    let stem = try steps.add(
      skeleton.stem, to: image, width: stemChannels * skeleton.stemMultiplier, edgeStride: 1, prefix: "stem")
    // Before the first module every earlier result is the stem's.
    var results: [Result?] = []
    func result(before index: Int, distance: Int) -> Result {
      index - distance >= 0 ? results[index - distance]! : Result(tensor: stem, level: 0)
    }
    for (index, module) in modules.enumerated() {
      guard needed[index] else {
        results.append(nil)
        continue
      }
      let tensor: TensorID
      if let (specification, plan) = module.cell {
        let inputs = (0..<specification.inputs).map { input in
          plan.readsInput[input] ? result(before: index, distance: specification.inputs - input) : nil
        }
        tensor = try addCell(module, specification, plan, inputs: inputs)
      } else {
        tensor = try addChains(module, to: result(before: index, distance: 1).tensor)
      }
      results.append(Result(tensor: tensor, level: module.level))
    }
    let last = results.last!!
    let head = try steps.add(
      skeleton.head, to: last.tensor, width: width(at: last.level), edgeStride: 1, prefix: "head")
    let pooled = try steps.builder.add(.globalAveragePool, [head], name: "head.globalAveragePool")
    let features = try steps.builder.add(.flatten, [pooled], name: "head.flatten")
    let logits = try steps.builder.fullyConnected(features, outputs: input.classes, name: "logits")
    return try steps.builder.build(outputs: [logits])
  }

  /// The cells' width after a number of reductions.
  private func width(at level: Int) -> Int {
    (0..<level).reduce(stemChannels) { width, _ in width * space.skeleton.widthMultiplier }
  }

  private mutating func addChains(_ module: Module, to x: TensorID) throws(GraphError) -> TensorID {
    var terms: [TensorID] = []
    for (index, chain) in module.chains.enumerated() {
      terms.append(
        try steps.add(
          chain, to: x, width: width(at: module.level), edgeStride: 2, prefix: "\(module.name).path\(index)"))
    }
    return try steps.sum(terms, name: "\(module.name).sum")
  }

  private mutating func addCell(
    _ module: Module, _ cell: CellSpecification, _ plan: CellPlan, inputs: [Result?]
  ) throws(GraphError) -> TensorID {
    let width = width(at: module.level)
    // A reducing cell works at the resolution it reads until its own strided edges.
    let level = module.reduces ? module.level - 1 : module.level
    var states: [TensorID?] = []
    for (index, input) in inputs.enumerated() {
      guard let input else {
        states.append(nil)
        continue
      }
      guard let preprocessing = cell.preprocessing else {
        states.append(input.tensor)
        continue
      }
      states.append(
        try steps.add(
          preprocessing, to: input.tensor, width: width, edgeStride: 1 << (level - input.level),
          prefix: "\(module.name).input\(index)"))
    }
    for state in cell.inputs..<plan.edges.count {
      var terms: [TensorID] = []
      for edge in plan.edges[state] {
        let stride = module.reduces && edge.source < cell.inputs ? 2 : 1
        terms.append(
          try steps.add(
            space.operations[edge.operation]!.steps(edgeStride: stride)!, to: states[edge.source]!,
            width: width,
            edgeStride: stride, prefix: "\(module.name).\(edge.label).\(edge.operation)"))
      }
      states.append(
        terms.isEmpty ? nil : try steps.sum(terms, name: "\(module.name).\(stateLabel(cell, state))"))
    }
    let outputs = plan.outputs.map { states[$0]! }
    return outputs.count == 1
      ? outputs[0] : try steps.add(.concat(axis: 1), outputs, name: "\(module.name).concat")
  }

  private func stateLabel(_ cell: CellSpecification, _ state: Int) -> String {
    switch cell.topology {
    case .edges: "node\(state)"
    case .blocks: cell.stateName(state)
    }
  }
}
