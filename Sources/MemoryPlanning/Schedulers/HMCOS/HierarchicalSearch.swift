/// Dynamic programming over sets of executed vertices, layer by layer, with groups resolved on the way.
///
/// A set of executed vertices stands for its ready vertices (the zero-indegree set) and the reverse, so it is the
/// key; per key the lower peak is kept, and what exceeds the budget is dropped.
///
/// Two additions to HMCOS. A ready vertex that neither lifts the peak so far nor leaves more memory live is taken at
/// once, without trying others: `live` is submodular, so this loses no solution. And a layer holds a bounded number
/// of states, those with the lowest peaks and then the fewest live bytes, fewer where the work would not last to the
/// end; only this makes the search inexact.
struct HierarchicalSearch {
  /// One found order.
  struct Solution {
    /// The operators of the vertices searched.
    let order: [Int]
    /// The most bytes live meanwhile.
    let peak: Int
  }

  private struct State {
    var executed: BitSet
    var live: Int
    var peak: Int
    var ready: [Int32]
    var count: Int
    /// The last link of the chain of moves that led here.
    var trail: Int
  }

  /// The states with one number of executed vertices, at most one per set.
  private struct Layer {
    var states: [State] = []
    private var indices: [BitSet: Int] = [:]

    mutating func add(_ state: State, width: Int) {
      if let index = indices[state.executed] {
        if state.peak < states[index].peak { states[index] = state }
        return
      }
      if states.count >= 4 * width {
        states = best(width)
        indices = Dictionary(
          uniqueKeysWithValues: states.enumerated().map { ($0.element.executed, $0.offset) })
      }
      indices[state.executed] = states.count
      states.append(state)
    }

    /// The states with the lowest peaks, then the fewest live bytes, then the first ones.
    func best(_ count: Int) -> [State] {
      if states.count <= count { return states }
      return states.enumerated().sorted { a, b in
        (a.element.peak, a.element.live, a.offset) < (b.element.peak, b.element.live, b.offset)
      }.prefix(count).map(\.element)
    }
  }

  /// One executed vertex and the link before it.
  private struct Link {
    let operators: [Int]
    let previous: Int
  }

  private let vertices: [Hierarchy.Vertex]
  private let graph: DirectedGraph
  private let partition: SequencePartition
  private let evaluator: IdealEvaluator
  private let lastOperators: [Int]
  private let budget: Int
  private let width: Int
  private let firstStepBytes: Int
  private var links: [Link] = []

  /// - Parameters:
  ///   - vertices: what is to be ordered; `graph` holds the dependencies among them.
  ///   - budget: orders that need more are dropped.
  ///   - width: the most states per layer.
  ///   - firstStepBytes: bytes that are live during the first step only.
  init(
    vertices: [Hierarchy.Vertex], graph: DirectedGraph, hierarchy: Hierarchy, evaluator: IdealEvaluator,
    budget: Int, width: Int, firstStepBytes: Int = 0
  ) {
    self.vertices = vertices
    self.graph = graph
    partition = hierarchy.partition
    self.evaluator = evaluator
    self.budget = budget
    self.width = width
    self.firstStepBytes = firstStepBytes
    lastOperators = vertices.map { vertex in
      switch vertex {
      case .sequence(let index): hierarchy.partition.sequences[index].last ?? 0
      case .group(let index): hierarchy.groups[index].operators.last ?? 0
      }
    }
  }

  /// The order with the lowest peak that the search finds, or nil if it finds none within the budget or runs out of
  /// work.
  ///
  /// - Parameters:
  ///   - executed: the operators that have run before.
  ///   - live: the bytes live then.
  ///   - floor: a peak that is reached in any case: moves below it cost nothing.
  mutating func run(executed: BitSet, live: Int, floor: Int, groups: inout GroupResolver) -> Solution? {
    var layers = [Layer](repeating: Layer(), count: vertices.count + 1)
    var start = State(
      executed: executed, live: live, peak: floor,
      ready: vertices.indices.filter { graph.predecessors[$0].isEmpty }.map(Int32.init), count: 0, trail: -1)
    takeSafeMoves(&start, &groups)
    layers[start.count].add(start, width: width)
    var workPerState = 1
    for position in 0..<vertices.count where !layers[position].states.isEmpty {
      let affordable = max(groups.remainingWork, 0) / (vertices.count - position) / workPerState
      let states = layers[position].best(max(1, min(width, affordable)))
      layers[position] = Layer()
      let workBefore = groups.remainingWork
      for state in states {
        if groups.remainingWork <= 0 || groups.isOutOfTime { return nil }
        for vertex in state.ready {
          var next = state
          guard move(Int(vertex), &next, &groups, within: budget, mayTrySearch: true) else { continue }
          takeSafeMoves(&next, &groups)
          layers[next.count].add(next, width: width)
        }
      }
      workPerState = max(1, (workBefore - groups.remainingWork) / states.count)
    }
    return layers[vertices.count].states.first.map { Solution(order: order(to: $0.trail), peak: $0.peak) }
  }

  /// Takes every ready vertex that neither lifts the peak nor leaves more live, until there is none.
  private mutating func takeSafeMoves(_ state: inout State, _ groups: inout GroupResolver) {
    var position = 0
    while position < state.ready.count {
      let taken = move(
        Int(state.ready[position]), &state, &groups, within: state.peak, notAbove: state.live,
        mayTrySearch: false)
      position = taken ? 0 : position + 1
    }
  }

  /// Executes a ready vertex if its peak stays within `limit` and the level after it is not above `highest`;
  /// leaves the state as it was otherwise.
  private mutating func move(
    _ vertex: Int, _ state: inout State, _ groups: inout GroupResolver, within limit: Int,
    notAbove highest: Int = .max, mayTrySearch: Bool
  ) -> Bool {
    let before = state.live
    let operators: [Int]
    switch vertices[vertex] {
    case .sequence(let index): operators = partition.sequences[index]
    case .group(let index):
      guard
        let resolved = groups.resolve(
          index, executed: state.executed, live: state.live, peak: state.peak, budget: limit,
          mayTrySearch: mayTrySearch)
      else { return false }
      operators = resolved
    }
    groups.remainingWork -= 16 * operators.count
    var peak = state.trail < 0 && firstStepBytes > 0 ? firstTransient(operators[0], state) : 0
    peak = max(peak, evaluator.run(operators, executed: &state.executed, live: &state.live))
    if peak > limit || state.live > highest {
      for id in operators { state.executed.remove(id) }
      state.live = before
      return false
    }
    state.peak = max(state.peak, peak)
    state.count += 1
    links.append(Link(operators: operators, previous: state.trail))
    state.trail = links.count - 1
    groups.remainingWork -= 64 + state.executed.words.count + state.ready.count
    state.ready.removeAll { $0 == vertex }
    for next in graph.successors[vertex]
    where graph.predecessors[next].allSatisfy({ state.executed.contains(lastOperators[$0]) }) {
      let place = state.ready.firstIndex { $0 > Int32(next) } ?? state.ready.count
      state.ready.insert(Int32(next), at: place)
    }
    return true
  }

  private func firstTransient(_ id: Int, _ state: State) -> Int {
    var (executed, live) = (state.executed, state.live)
    return evaluator.run(id, executed: &executed, live: &live) + firstStepBytes
  }

  private func order(to trail: Int) -> [Int] {
    var pieces: [[Int]] = []
    var link = trail
    while link >= 0 {
      pieces.append(links[link].operators)
      link = links[link].previous
    }
    return pieces.reversed().flatMap { $0 }
  }
}
