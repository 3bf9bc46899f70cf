import ComputationGraph

extension MemoryProblem {
  /// The exact live bytes of every step of an order, and its peak.
  ///
  /// - Throws: ``SchedulingError`` if `order` does not name every operator once, after all its predecessors.
  /// - Complexity: linear in operators, tensors and their connections.
  public func evaluate(_ order: [OperatorID]) throws(SchedulingError) -> MemoryProfile {
    try verify(order)
    var state = LiveState(self)
    var liveBytes: [Int] = []
    liveBytes.reserveCapacity(order.count)
    var highest = -1
    var peakStep = 0
    var before = 0
    for (step, id) in order.enumerated() {
      let level = state.liveBytes
      let transient = state.run(id)
      liveBytes.append(transient)
      if transient > highest { (highest, peakStep, before) = (transient, step, level) }
    }
    guard let id = order.isEmpty ? nil : order[peakStep] else {
      return MemoryProfile(
        liveBytes: [],
        peak: MemoryPeak(
          bytes: 0, step: 0, operatorID: nil, operatorName: "", inputBytes: 0, outputBytes: 0,
          otherLiveBytes: 0,
          workspaceBytes: 0))
    }
    let inputs = inputStorages[id.index].reduce(0) { $0 + storages[$1].bytes }
    let others = before - inputs
    return MemoryProfile(
      liveBytes: liveBytes,
      peak: MemoryPeak(
        bytes: highest, step: peakStep, operatorID: id.index, operatorName: graph[id].name,
        inputBytes: inputs,
        outputBytes: highest - inputs - others - workspaceBytes[id.index], otherLiveBytes: others,
        workspaceBytes: workspaceBytes[id.index]))
  }

  /// Checks that `order` names every operator once, after all its predecessors.
  ///
  /// - Throws: ``SchedulingError`` naming the first operator that breaks the rule.
  public func verify(_ order: [OperatorID]) throws(SchedulingError) {
    guard order.count == graph.operators.count else {
      throw .wrongOperatorCount(expected: graph.operators.count, found: order.count)
    }
    var executed = [Bool](repeating: false, count: order.count)
    for id in order {
      guard executed.indices.contains(id.index) else { throw .unknownOperator(index: id.index) }
      if executed[id.index] { throw .repeatedOperator(name: graph[id].name) }
      for predecessor in graph.predecessors[id.index] where !executed[predecessor.index] {
        throw .runsBeforePredecessor(operatorName: graph[id].name, predecessorName: graph[predecessor].name)
      }
      executed[id.index] = true
    }
  }
}

/// The live bytes of a growing set of executed operators, kept up to date by counting readers that remain.
struct LiveState {
  private let problem: MemoryProblem
  private var remainingReaders: [Int]
  /// Bytes live before the next operator; before the first one unused graph inputs are included.
  private(set) var liveBytes: Int

  init(_ problem: MemoryProblem) {
    self.problem = problem
    remainingReaders = problem.storages.map(\.readers.count)
    liveBytes = problem.storages.reduce(0) { $1.producer == nil ? $0 + $1.bytes : $0 }
    unusedInputBytes = problem.unusedInputBytes
  }

  private var unusedInputBytes: Int

  /// The storage that `id`, run next, overwrites: the first candidate that nobody else reads any more.
  func overwritten(by id: OperatorID) -> Int? {
    problem.overwritableStorages[id.index].first { remainingReaders[$0] == 1 }
  }

  /// Runs an operator whose predecessors have run and returns the bytes live meanwhile.
  mutating func run(_ id: OperatorID) -> Int {
    let credit = overwritten(by: id).map { problem.storages[$0].bytes } ?? 0
    let transient = liveBytes + problem.outputBytes[id.index] + problem.workspaceBytes[id.index] - credit
    liveBytes += problem.outputBytes[id.index] - unusedInputBytes
    unusedInputBytes = 0
    for index in problem.inputStorages[id.index] {
      remainingReaders[index] -= 1
      if remainingReaders[index] == 0, !problem.storages[index].isKept {
        liveBytes -= problem.storages[index].bytes
      }
    }
    for index in problem.outputStorages[id.index] {
      let storage = problem.storages[index]
      if storage.readers.isEmpty, !storage.isKept { liveBytes -= storage.bytes }
    }
    return transient
  }
}
