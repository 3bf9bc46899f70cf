/// Searches for one capacity again and again, each time placing first what was left over most often before, and each
/// time for longer.
struct CapacityRounds {
  private let layout: LayoutProblem
  private let deadline: ContinuousClock.Instant?
  private let orders: [[Int]]
  /// The work of preparing a search.
  private let setup: Int
  /// Fades, so that the latest failures count most.
  private var blame: [Int]
  /// Work that may still be done.
  private(set) var workLeft: Int

  init(_ layout: LayoutProblem, workLimit: Int, deadline: ContinuousClock.Instant?) {
    self.layout = layout
    self.deadline = deadline
    workLeft = workLimit
    blame = [Int](repeating: 0, count: layout.items.count)
    let items = layout.items
    setup = items.indices.reduce(0) { $0 + 20 + 2 * layout.length($1) }
    let priorities: [(Int) -> (Int, Int, Int)] = [
      { (-layout.length($0), -items[$0].bytes, $0) },
      { (-items[$0].bytes, -layout.length($0), $0) },
      { (-items[$0].bytes * (1 + layout.length($0)), 0, $0) },
    ]
    orders = priorities.map { priority in items.indices.sorted { priority($0) < priority($1) } }
  }

  /// Whether time or work is used up.
  var isExhausted: Bool { workLeft <= 0 || deadline.map { $0 < .now } ?? false }

  /// Searches with at most `share` of the work that is left.
  mutating func search(capacity: Int, share: Double) -> CapacitySearch.Outcome {
    var budget = Int(Double(workLeft) * share)
    // Enough for one dive without trouble, which looks at every pair of items that are in use together a few times.
    var limit = 200 * layout.items.count + 2 * layout.items.count * layout.items.count
    var round = 0
    while budget > 0 {
      let (position, total) = (orders[round % orders.count], blame)
      var ranks = [Int](repeating: 0, count: position.count)
      var places = ranks
      for (place, index) in position.enumerated() { places[index] = place }
      let sorted = position.sorted { (-total[$0], places[$0]) < (-total[$1], places[$1]) }
      for (rank, index) in sorted.enumerated() { ranks[index] = rank }
      let granted = min(limit, budget)
      var search = CapacitySearch(
        layout, capacity: capacity, ranks: ranks, workLimit: granted, deadline: deadline)
      let outcome = search.run()
      let work = search.work(of: granted) + setup
      budget -= work
      workLeft -= work
      guard case .starved = outcome else { return outcome }
      if isExhausted { return .starved }
      for index in blame.indices { blame[index] = blame[index] * 7 / 8 + search.blame[index] }
      limit += limit / 4
      round += 1
    }
    return .starved
  }
}
