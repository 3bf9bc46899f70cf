import ComputationGraph

/// Looks for an order within a bound, commits to what is safe and raises the bound only when it is proved too low.
///
/// A state is a set of executed operators. From a committed state any set that can be reached within the bound, lies
/// no higher, and is the least between the two is a safe commit: if the first can be completed within the bound, so
/// can the second. Live bytes are submodular on such sets, which is all that the proof needs.
final class ExactSearch {
  /// How far a search came.
  enum Outcome {
    /// All operators are committed, within ``bound``.
    case complete
    /// ``bound`` was proved too low, by a region of so many states, and has been raised.
    case raised(closedStates: Int)
    /// The limits ran out; ``bound`` stays proved.
    case exhausted
  }

  let cursor: SearchCursor
  let region = SearchRegion()
  let minimiser: IntervalMinimiser
  /// No order that starts with the operators run before the search has a lower peak.
  private(set) var bound: Int
  private(set) var commits = 0
  private var limits: SearchLimits
  private var tried: [UInt32]
  private var trial: UInt32 = 0
  private let maximumWalk = 48

  /// Prepares a search from the state after `prefix`, operators that can run in this order.
  init(_ problem: MemoryProblem, bound: Int, prefix: [OperatorID] = [], limits: SearchLimits) {
    cursor = SearchCursor(problem)
    minimiser = IntervalMinimiser(cursor)
    self.bound = bound
    self.limits = limits
    tried = [UInt32](repeating: 0, count: cursor.operatorCount)
    for id in prefix { cursor.push(Int32(id.index)) }
  }

  /// The states that regions have expanded so far.
  var expandedStates: Int { region.expandedStates }

  /// The operators run so far: all that is committed.
  var committed: [OperatorID] { (0..<cursor.depth).map { OperatorID(Int(cursor.moves[$0])) } }

  /// Goes on until all operators are committed, the bound has risen, or the limits have run out.
  func advance() -> Outcome {
    while true {
      let depth = cursor.depth
      cursor.clearTouched()
      normalise(parentLevel: .max)
      if cursor.depth > depth || !region.isOpen { region.open(at: cursor) }
      if cursor.depth > depth { commits += 1 }
      if cursor.isComplete { return .complete }
      switch expandRegion() {
      case .committed: commits += 1
      case .exhausted: return .exhausted
      case .closed(let blocked):
        precondition(blocked < Int.max && blocked > bound, "a region closed without a blocked move")
        bound = blocked
        region.reopen(blocked)
        return .raised(closedStates: region.count)
      }
    }
  }

  /// Starts anew from the committed state with a bound that nothing proves, and with so many states more.
  func assume(bound: Int, states: Int) {
    self.bound = bound
    limits.states = expandedStates + states
    region.close()
  }

  // MARK: Safe moves

  /// Takes every safe move: operators that fit and do not raise memory, and branches that come back down.
  ///
  /// - Parameter parentLevel: the level of a normalised state from which the moves that
  ///   ``SearchCursor/touched`` speaks of have led here; everything else was found unsafe there.
  private func normalise(parentLevel: Int) {
    var closed = 0
    var walked = 0
    var closeLevel = parentLevel
    var walkLevel = parentLevel
    while !cursor.isComplete {
      close(from: &closed, level: &closeLevel)
      if cursor.liveBytes < walkLevel {
        walkLevel = cursor.liveBytes
        if walkFromAnyReady() { continue }
      }
      var hasMoved = false
      while walked < cursor.touched.count, !hasMoved {
        let start = cursor.readyAncestor(cursor.touched[walked])
        walked += 1
        if let start { hasMoved = walk(from: start) }
      }
      if !hasMoved { return }
    }
  }

  /// Runs touched operators that fit the bound and do not raise the live bytes, until there is none.
  @inline(__always)
  private func close(from position: inout Int, level: inout Int) {
    while true {
      var lowestRefusal = Int.min
      while position < cursor.touched.count {
        let v = cursor.touched[position]
        position += 1
        guard cursor.isReady(Int(v)), cursor.netChange(Int(v)) <= 0 else { continue }
        if cursor.transient(Int(v)) <= bound {
          cursor.push(v)
          trial &+= 1
        } else {
          lowestRefusal = max(lowestRefusal, cursor.liveBytes)
        }
      }
      // What did not fit may fit now that less is live.
      guard cursor.liveBytes < level || cursor.liveBytes < lowestRefusal else { return }
      level = min(level, cursor.liveBytes)
      var index = 0
      while index < cursor.readyCount {
        let v = cursor.ready[index]
        index += 1
        if cursor.netChange(Int(v)) <= 0, cursor.transient(Int(v)) <= bound {
          cursor.push(v)
          trial &+= 1
          index = 0
        }
      }
    }
  }

  private func walkFromAnyReady() -> Bool {
    for index in 0..<cursor.readyCount where walk(from: cursor.ready[index]) { return true }
    return false
  }

  /// Runs `start` and then, greedily, operators that it has touched, until memory is back where it was; takes all
  /// back if that fails.
  private func walk(from start: Int32) -> Bool {
    guard tried[Int(start)] != trial || trial == 0, cursor.transient(Int(start)) <= bound else {
      return false
    }
    tried[Int(start)] = trial
    let base = cursor.depth
    let touched = cursor.touched.count
    let level = cursor.liveBytes
    cursor.push(start)
    for _ in 0..<maximumWalk {
      if cursor.liveBytes <= level || cursor.isComplete {
        settle(from: base)
        trial &+= 1
        return true
      }
      var best: Int32 = -1
      var least = Int.max
      for index in touched..<cursor.touched.count {
        let v = cursor.touched[index]
        guard cursor.isReady(Int(v)), cursor.transient(Int(v)) <= bound else { continue }
        let net = cursor.netChange(Int(v))
        if net < least { (best, least) = (v, net) }
      }
      if best < 0 { break }
      cursor.push(best)
    }
    cursor.rewind(to: base)
    cursor.touched.truncate(to: touched)
    return false
  }

  /// After moves from the state at depth `base` to one that is not above it: goes back to the least in between.
  private func settle(from base: Int) {
    guard !cursor.isComplete, let least = minimiser.leastBetween(base) else { return }
    let added = (base..<cursor.depth).map { cursor.moves[$0] }
    cursor.rewind(to: base)
    for v in added where least.contains(v) { cursor.push(v) }
    precondition(cursor.depth > base, "the least state is the one that was left")
  }

  // MARK: The region

  private enum Ending {
    case committed
    case closed(blocked: Int)
    case exhausted
  }

  /// Expands states of the region until one is not above its root.
  private func expandRegion() -> Ending {
    while let node = region.next() {
      if limits.areReached(region) {
        region.giveBack(node)
        region.move(cursor, to: 0)
        return .exhausted
      }
      region.move(cursor, to: node)
      switch expand(node) {
      case .safe:
        settle(from: region.rootDepth)
        region.close()
        return .committed
      case .finished: continue
      case .interrupted:
        region.giveBack(node)
        region.move(cursor, to: 0)
        return .exhausted
      }
    }
    region.move(cursor, to: 0)
    return .closed(blocked: region.lowestBlocked())
  }

  private enum Expansion {
    /// The cursor is at a state that can be committed.
    case safe
    case finished
    case interrupted
  }

  /// Tries every ready operator from a state at which the cursor is.
  private func expand(_ node: Int32) -> Expansion {
    let here = cursor.depth
    let level = cursor.liveBytes
    var blocked = Int.max
    var index = 0
    while index < cursor.readyCount {
      let v = cursor.ready[index]
      index += 1
      let transient = cursor.transient(Int(v))
      if transient > bound {
        blocked = min(blocked, transient)
        continue
      }
      cursor.clearTouched()
      cursor.push(v)
      trial &+= 1
      normalise(parentLevel: level)
      if cursor.liveBytes <= region.rootLevel || cursor.isComplete { return .safe }
      if cursor.liveBytes <= level {
        // A safe commit from this state: nothing else needs to be tried from it, under this bound or a higher one.
        settle(from: here)
        region.add(cursor, parent: node, from: here)
        cursor.rewind(to: here)
        blocked = .max
        break
      }
      region.add(cursor, parent: node, from: here)
      cursor.rewind(to: here)
      if index & 31 == 0, limits.areReached(region) { return .interrupted }
    }
    region.finish(node, blocked: blocked)
    return .finished
  }
}

/// What a search may use.
struct SearchLimits {
  var deadline: ContinuousClock.Instant?
  var states: Int?
  var memoryBytes: Int

  /// Whether the search has to stop.
  func areReached(_ region: SearchRegion) -> Bool {
    if let states, region.expandedStates > states { return true }
    if region.memoryBytes > memoryBytes { return true }
    if let deadline { return ContinuousClock.now > deadline }
    return false
  }
}
