/// Offsets that come of placing items one after the other.
struct Placement {
  /// Which of the free offsets an item takes.
  enum Rule {
    /// The lowest.
    case lowest
    /// The lowest in the gap that it fills best; above everything if it fits into no gap.
    case bestFit
  }

  /// A placed part.
  fileprivate struct Tenant {
    let start: Int
    let end: Int
    let firstSection: Int
    let lastSection: Int
  }

  /// The order in which the items were placed.
  let order: [Int]
  /// The offset of every item.
  private(set) var offsets: [Int]
  /// The largest end of any item.
  private(set) var end = 0
  /// How many pairs of parts were looked at.
  private(set) var comparisons = 0

  /// Places the items of `layout` in the given order.
  init(_ layout: LayoutProblem, order: [Int], rule: Rule = .lowest) {
    self.order = order
    offsets = [Int](repeating: 0, count: layout.items.count)
    /// By start.
    var tenants: [Tenant] = []
    for index in order {
      let item = layout.items[index]
      let start = Self.offset(item, among: tenants, rule: rule, alignment: layout.alignment)
      comparisons += tenants.count * item.parts.count
      offsets[index] = start
      end = max(end, start + item.bytes)
      for part in item.parts {
        let tenant = Tenant(
          start: start + part.offset, end: start + part.offset + part.bytes, firstSection: part.firstSection,
          lastSection: part.lastSection)
        tenants.insert(tenant, at: tenants.firstIndex(startingAfter: tenant.start))
      }
    }
  }

  /// Takes offsets found elsewhere.
  init(_ layout: LayoutProblem, offsets: [Int]) {
    order = []
    self.offsets = offsets
    end = zip(layout.items, offsets).reduce(0) { max($0, $1.0.bytes + $1.1) }
  }

  /// The end of an item.
  func end(of index: Int, _ layout: LayoutProblem) -> Int { offsets[index] + layout.items[index].bytes }

  private static func offset(
    _ item: LayoutProblem.Item, among tenants: [Tenant], rule: Rule, alignment: Int
  ) -> Int {
    var scan = GapScan(rule: rule, alignment: alignment)
    if item.isRectangle {
      let part = item.parts[0]
      for tenant in tenants where part.meets(tenant.firstSection, tenant.lastSection) {
        if scan.meet(above: tenant.start - part.bytes, below: tenant.end) { break }
      }
      return scan.offset
    }
    // Each pair of a part and a tenant in use meanwhile forbids an open range of offsets.
    var forbidden: [(above: Int, below: Int)] = []
    for part in item.parts {
      for tenant in tenants where part.meets(tenant.firstSection, tenant.lastSection) {
        forbidden.append((tenant.start - part.offset - part.bytes, tenant.end - part.offset))
      }
    }
    forbidden.sort { $0.above < $1.above }
    for range in forbidden where scan.meet(above: range.above, below: range.below) { break }
    return scan.offset
  }
}

/// Walks upwards through the ranges of offsets that an item cannot have.
private struct GapScan {
  let rule: Placement.Rule
  let alignment: Int
  private var lowest = 0
  private var best: (offset: Int, slack: Int)?

  init(rule: Placement.Rule, alignment: Int) {
    self.rule = rule
    self.alignment = alignment
  }

  /// The offset that the rule selects.
  var offset: Int { best?.offset ?? lowest }

  /// Takes note that no offset strictly between the two is free; true if the choice is made.
  mutating func meet(above: Int, below: Int) -> Bool {
    if lowest <= above {
      if rule == .lowest { return true }
      if best.map({ above - lowest < $0.slack }) ?? true { best = (lowest, above - lowest) }
    }
    if below > lowest { lowest = below.roundedUp(to: alignment) }
    return false
  }
}

extension Array where Element == Placement.Tenant {
  /// The first index whose tenant starts above `start`.
  fileprivate func firstIndex(startingAfter start: Int) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].start > start { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
