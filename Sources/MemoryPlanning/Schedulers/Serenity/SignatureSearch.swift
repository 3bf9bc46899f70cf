/// Dynamic programming over the ready sets of one piece, layer by layer of the number of executed operators, within a
/// memory budget.
///
/// A ready set (the *zero-indegree signature*) and the executed set that it belongs to determine each other; sets are
/// compared by what is executed. Of all ways to a set the one with the lowest peak is kept, and what needs more than
/// the budget is dropped. The buffers are used for one piece after the other.
final class SignatureSearch {
  /// What came out of a search.
  enum Outcome {
    /// An order of the piece's operator numbers; its peak is the piece's optimum unless the search was narrow.
    case order([Int32])
    /// No order keeps to the budget: every one needs at least so much.
    case impossible(leastBytes: Int)
    /// A layer had more states than allowed, or the links more than fit into memory. With any budget from
    /// `sameBytes` up to this one the search would be the same.
    case cutOff(sameBytes: Int)
    /// The work or the time has run out: nothing is known.
    case exhausted
  }

  /// How a state was reached: its predecessor in the layer before and the operator run there.
  private struct Link: BitwiseCopyable {
    let previous: Int32
    let number: Int32
  }

  /// Moves that may still be tried, a move being a ready operator of a state.
  var remainingWork = 0
  /// When to stop in any case.
  var deadline: ContinuousClock.Instant? { didSet { isOutOfTime = false } }
  /// Whether the deadline was found to have passed.
  private(set) var isOutOfTime = false

  private let memoryLimitBytes: Int
  private var current = SignatureLayer()
  private var next = SignatureLayer()
  private let links = GrowingBuffer<Link>()
  private var layerStarts: [Int] = []
  /// The executed and the ready set of the state at hand, whole.
  private let executed = GrowingBuffer<UInt64>()
  private let ready = GrowingBuffer<UInt64>()
  private var leastBlocked = Int.max
  private var mostAdmitted = 0
  private var workAtClock = 0

  /// - Parameter memoryLimitBytes: half of it is for two layers, the other half for links.
  init(memoryLimitBytes: Int) { self.memoryLimitBytes = memoryLimitBytes }

  /// Looks for an order within `budget`.
  ///
  /// - Parameters:
  ///   - floor: a proved lower bound of the piece's peak, not above the budget: peaks below it are as good as it.
  ///   - statesPerStep: the most states that a layer may hold.
  ///   - isNarrow: of a layer with more states the best are kept, instead of a cut-off; the order is then any, and
  ///     ``Outcome/impossible(leastBytes:)`` comes only where no state was dropped.
  func run(
    _ piece: SerenityPiece, budget: Int, floor: Int, statesPerStep: Int, isNarrow: Bool = false
  ) -> Outcome {
    start(piece, floor: floor)
    var hasDropped = false
    for step in 0..<piece.count {
      let fitting = openNextLayer(piece)
      let most = min(statesPerStep, isNarrow ? fitting / 4 : fitting)
      let extra = step == 0 ? piece.firstStepBytes : 0
      for state in 0..<current.count {
        if isExhausted { return .exhausted }
        expand(state, piece, budget: budget, extraBytes: extra)
        if next.count > (isNarrow ? 4 * most : most) {
          if !isNarrow { return .cutOff(sameBytes: mostAdmitted) }
          keepBest(most)
          hasDropped = true
        }
      }
      if next.count > most {
        keepBest(most)
        hasDropped = true
      }
      if next.count == 0 {
        return hasDropped ? .cutOff(sameBytes: mostAdmitted) : .impossible(leastBytes: leastBlocked)
      }
      if links.count > memoryLimitBytes / 2 / MemoryLayout<Link>.stride {
        return .cutOff(sameBytes: mostAdmitted)
      }
      swap(&current, &next)
    }
    return .order(trace(piece.count))
  }

  private func start(_ piece: SerenityPiece, floor: Int) {
    let words = (piece.count + 63) / 64
    for sets in [executed, ready] {
      sets.truncate(to: 0)
      for _ in 0..<words { sets.append(0) }
    }
    links.truncate(to: 0)
    layerStarts.removeAll(keepingCapacity: true)
    (leastBlocked, mostAdmitted) = (.max, 0)
    for number in 0..<piece.count where piece.predecessors[number].isEmpty {
      ready[number >> 6] |= 1 << UInt64(number & 63)
    }
    current.reset(firstWord: 0, endWord: words)
    _ = current.add(hash: 0, executed: executed.base, ready: ready.base, live: piece.entryBytes, peak: floor)
  }

  /// Fits the window of the next layer to what the states at hand can lead to.
  ///
  /// - Returns: how many states fit into memory.
  private func openNextLayer(_ piece: SerenityPiece) -> Int {
    var first = current.endWord
    var highest = 0
    for state in 0..<current.count {
      let (executed, ready) = (current.executed(state), current.ready(state))
      var word = current.firstWord
      while word < first, executed[word - current.firstWord] == .max { word += 1 }
      first = word
      word = current.endWord - 1
      while word > highest >> 6, ready[word - current.firstWord] == 0 { word -= 1 }
      let top = ready[word - current.firstWord]
      if top != 0 { highest = max(highest, word << 6 | (63 - top.leadingZeroBitCount)) }
    }
    for word in current.firstWord..<first {
      executed[word] = .max
      ready[word] = 0
    }
    let end = layerStarts.isEmpty ? 0 : current.endWord
    next.reset(firstWord: first, endWord: max(end, piece.reach[highest] >> 6 + 1))
    layerStarts.append(links.count)
    let bytes = SignatureLayer.bytesPerState(words: next.endWord - first)
    return max(4, memoryLimitBytes / 4 / bytes)
  }

  private var isExhausted: Bool {
    if remainingWork <= 0 || isOutOfTime { return true }
    guard let deadline else { return false }
    if 0..<4096 ~= workAtClock - remainingWork { return false }
    workAtClock = remainingWork
    isOutOfTime = ContinuousClock.now > deadline
    return isOutOfTime
  }

  /// Runs every ready operator of a state.
  @inline(__always) private func expand(
    _ state: Int, _ piece: SerenityPiece, budget: Int, extraBytes: Int
  ) {
    let (layer, next) = (current, next)
    let (executed, ready) = (executed.base, ready.base)
    let first = layer.firstWord
    let words = layer.endWord - first
    (executed + first).update(from: layer.executed(state), count: words)
    (ready + first).update(from: layer.ready(state), count: words)
    let (live, peak, hash) = (layer.live(state), layer.peak(state), layer.hash(state))
    var moves = 0
    for word in first..<layer.endWord {
      var bits = ready[word]
      while bits != 0 {
        let bit = bits & (0 &- bits)
        bits ^= bit
        moves += 1
        let number = word << 6 | bit.trailingZeroBitCount
        executed[word] |= bit
        let transient =
          live + extraBytes + piece.runningBytes[number] - piece.overwrittenBytes(number, executed)
        if transient > budget {
          leastBlocked = min(leastBlocked, transient)
        } else {
          mostAdmitted = max(mostAdmitted, transient)
          let after = live + piece.changeBytes[number] - piece.freedBytes(number, executed)
          ready[word] ^= bit
          let addition = next.add(
            hash: hash ^ piece.keys[number], executed: executed, ready: ready, live: after,
            peak: max(peak, transient))
          ready[word] ^= bit
          let link = Link(previous: Int32(state), number: Int32(number))
          switch addition {
          case .new:
            links.append(link)
            let readyAfter = next.ready(next.count - 1) - next.firstWord
            for successor in piece.successors[number] where piece.isReady(Int(successor), executed) {
              readyAfter[Int(successor) >> 6] |= 1 << UInt64(successor & 63)
            }
          case .better(let other): links[layerStarts[layerStarts.count - 1] + other] = link
          case .known: break
          }
        }
        executed[word] ^= bit
      }
    }
    remainingWork -= moves
  }

  private func keepBest(_ width: Int) {
    let start = layerStarts[layerStarts.count - 1]
    let kept = next.keepBest(width)
    for (place, state) in kept.enumerated() { links[start + place] = links[start + state] }
    links.truncate(to: start + kept.count)
  }

  /// The moves to the only state of the last layer.
  private func trace(_ count: Int) -> [Int32] {
    var order = [Int32](repeating: 0, count: count)
    var state = 0
    for layer in (0..<count).reversed() {
      let link = links[layerStarts[layer] + state]
      order[layer] = link.number
      state = Int(link.previous)
    }
    return order
  }
}
