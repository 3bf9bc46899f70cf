/// Looks for offsets with which everything fits into a given number of bytes.
///
/// In the style of MiniMalloc (Moffitt, "MiniMalloc: A Lightweight Memory Allocator for Hardware-Accelerated Machine
/// Learning", ASPLOS 2023, doi:10.1145/3623278.3624752). If rectangles fit at all, they fit with each of them pushed
/// down as far as it goes, so they are placed from the bottom up, each at the lowest offset that is left to it. Of
/// placements in a different order only one is followed: among equal offsets by rank, equal rectangles by rank, and
/// nothing is placed so high that another one would have fitted below it. A branch ends where what is left in some
/// section does not fit above the lowest offset that any of it can have. What falls apart into stretches of time
/// that share nothing is solved one stretch at a time, and none is tried again because another one fails.
///
/// Items of several parts are placed at the lowest offset at which none of their parts meets anything, and others go
/// below and above the parts; that some offset in between is needed is possible, so for them a search that finds
/// nothing proves nothing.
struct CapacitySearch {
  /// How a search ended.
  enum Outcome {
    /// The offset of every item.
    case found([Int])
    /// Not below so many bytes; a proof if every item is a rectangle.
    case infeasible(leastBytes: Int)
    /// Out of work or time.
    case starved
  }

  /// Where the trail stood.
  private struct Mark {
    let moves: Int
    let placements: Int
  }

  /// The first and the last item, in the chain of items that are not placed, of those in use in a stretch of time.
  private typealias Piece = (head: Int, tail: Int)

  /// A stretch of time that is being solved.
  private struct Frame {
    let piece: Piece
    /// Offset and rank of what was placed last.
    let height: Int
    let rank: Int
    /// What was placed first here; -1 before anything was.
    var candidate = -1
    /// What it sorts by, so that the next one can be found.
    var key = (position: -1, rank: -1)
    var mark = Mark(moves: 0, placements: 0)
    /// What falls apart after it.
    var pieces: [Piece] = []
    var solvedPieces = 0
  }

  private let layout: LayoutProblem
  private let capacity: Int
  /// Lower is tried first among equal offsets.
  private let ranks: [Int]
  /// The rectangle of the same size and sections with the next lower rank, or -1.
  private let twins: [Int]
  /// The parts in use in each section.
  private let tenants: [[(item: Int, part: LayoutProblem.Part)]]
  /// The items of several parts that share a section with each item.
  private let obstacles: [[Int]]
  private var workLeft: Int
  private let deadline: ContinuousClock.Instant?
  private var isStarved = false
  private var leastBytes = Int.max

  /// The lowest offset left to each item.
  private var positions: [Int]
  private var isPlaced: [Bool]
  private var offsets: [Int]
  /// The chain of items that are not placed, by first section: what is taken out can be put back in reverse order.
  private var following: [Int]
  private var preceding: [Int]
  /// Bytes of each section that are not placed.
  private var remaining: [Int]
  private var isDirty: [Bool]
  private var dirty: [Int] = []
  private var moves: [(item: Int, position: Int)] = []
  private var placements: [Int] = []

  /// How often each item was left over in a section that overflowed.
  private(set) var blame: [Int]

  /// Prepares a search for offsets below `capacity`, a multiple of the alignment.
  init(
    _ layout: LayoutProblem, capacity: Int, ranks: [Int], workLimit: Int, deadline: ContinuousClock.Instant?
  ) {
    self.layout = layout
    self.capacity = capacity
    self.ranks = ranks
    self.deadline = deadline
    workLeft = workLimit
    positions = [Int](repeating: 0, count: layout.items.count)
    isPlaced = [Bool](repeating: false, count: layout.items.count)
    offsets = positions
    blame = positions
    // Both ends of the chain are tied to one more link, so that taking out the first or the last item is no exception.
    following = [Int](repeating: layout.items.count, count: layout.items.count + 1)
    preceding = following
    isDirty = [Bool](repeating: true, count: layout.sectionCount)
    dirty = Array(0..<layout.sectionCount)
    remaining = [Int](repeating: 0, count: layout.sectionCount)
    var tenants = [[(item: Int, part: LayoutProblem.Part)]](repeating: [], count: layout.sectionCount)
    var twins = positions
    var last: [[Int]: Int] = [:]
    for index in layout.items.indices.sorted(by: { ranks[$0] < ranks[$1] }) {
      let item = layout.items[index]
      for part in item.parts {
        let bytes = item.isRectangle ? item.paddedBytes : part.bytes
        for section in part.firstSection...part.lastSection {
          tenants[section].append((index, part))
          remaining[section] += bytes
        }
      }
      let key = [item.paddedBytes, item.firstSection, item.lastSection]
      twins[index] = item.isRectangle ? last[key] ?? -1 : -1
      if item.isRectangle { last[key] = index }
    }
    self.tenants = tenants
    let tied = layout.items.indices.filter { !layout.items[$0].isRectangle }
    obstacles = layout.items.indices.map { index in
      let item = layout.items[index]
      return tied.filter { other in
        other != index
          && layout.items[other].parts.contains { $0.meets(item.firstSection, item.lastSection) }
      }
    }
    self.twins = twins
  }

  /// Work that was done.
  func work(of limit: Int) -> Int { limit - workLeft }

  /// Searches until something is found, nothing is left to try, or work or time runs out.
  mutating func run() -> Outcome {
    guard fits() else { return .infeasible(leastBytes: leastBytes) }
    let chain = layout.items.indices.sorted {
      (layout.items[$0].firstSection, $0) < (layout.items[$1].firstSection, $1)
    }
    guard let head = chain.first, let tail = chain.last else { return .found([]) }
    for (before, after) in zip(chain, chain.dropFirst()) {
      following[before] = after
      preceding[after] = before
    }
    var root = Frame(piece: (head, tail), height: 0, rank: -1)
    root.pieces = pieces(of: root.piece, without: -1)
    var frames = [root]
    var isSolved = true
    while let frame = frames.indices.last {
      if isStarved { return .starved }
      if frames[frame].solvedPieces < frames[frame].pieces.count, isSolved {
        let height = frames[frame].candidate < 0 ? 0 : offsets[frames[frame].candidate]
        let rank = frames[frame].candidate < 0 ? -1 : ranks[frames[frame].candidate]
        frames.append(
          Frame(piece: frames[frame].pieces[frames[frame].solvedPieces], height: height, rank: rank))
        isSolved = advance(&frames[frame + 1])
      } else if isSolved {
        frames.removeLast()
        if !frames.isEmpty { frames[frame - 1].solvedPieces += 1 }
      } else if frame > 0, frames[frame].candidate >= 0 {
        undo(to: frames[frame].mark)
        isSolved = advance(&frames[frame])
      } else {
        frames.removeLast()
      }
    }
    return isSolved ? .found(offsets) : .infeasible(leastBytes: leastBytes)
  }

  /// Places the next candidate that leaves room for the rest; false, with `candidate` -1, if there is none.
  private mutating func advance(_ frame: inout Frame) -> Bool {
    var ceiling = Int.max
    forEach(in: frame.piece) { member in
      ceiling = min(ceiling, positions[member] + layout.items[member].paddedBytes)
    }
    frame.mark = Mark(moves: moves.count, placements: placements.count)
    while true {
      frame.candidate = -1
      var next = (position: Int.max, rank: Int.max)
      var count = 0
      forEach(in: frame.piece) { member in
        count += 1
        let key = (position: positions[member], rank: ranks[member])
        if key.position < ceiling, key < next, key > frame.key, key > (frame.height, frame.rank),
          twins[member] < 0 || isPlaced[twins[member]]
        {
          next = key
          frame.candidate = member
        }
      }
      workLeft -= count
      if workLeft < 0 || deadline.map({ $0 < .now }) ?? false { isStarved = true }
      if isStarved || frame.candidate < 0 { return false }
      frame.key = next
      place(frame.candidate, among: frame.piece)
      if fits() {
        frame.pieces = pieces(of: frame.piece, without: frame.candidate)
        frame.solvedPieces = 0
        return true
      }
      undo(to: frame.mark)
    }
  }

  private func forEach(in piece: Piece, _ body: (Int) -> Void) {
    var member = piece.head
    while true {
      body(member)
      if member == piece.tail { return }
      member = following[member]
    }
  }

  /// The groups of items of a piece, one that was just placed left out, that are in use in different sections.
  private func pieces(of piece: Piece, without placed: Int) -> [Piece] {
    if piece.head == placed, piece.tail == placed { return [] }
    let whole = Piece(
      piece.head == placed ? following[placed] : piece.head,
      piece.tail == placed ? preceding[placed] : piece.tail)
    var pieces: [Piece] = []
    var head = whole.head
    var end = -1
    forEach(in: whole) { member in
      if member != head, layout.items[member].firstSection > end {
        pieces.append((head, preceding[member]))
        head = member
      }
      end = max(end, layout.items[member].lastSection)
    }
    pieces.append((head, whole.tail))
    return pieces
  }

  private mutating func place(_ index: Int, among piece: Piece) {
    let item = layout.items[index]
    let offset = positions[index]
    offsets[index] = offset
    isPlaced[index] = true
    placements.append(index)
    for part in item.parts {
      let bytes = item.isRectangle ? item.paddedBytes : part.bytes
      for section in part.firstSection...part.lastSection { remaining[section] -= bytes }
      if !item.isRectangle { markDirty(part) }
    }
    var member = piece.head
    while true {
      if member != index { raise(member, above: item, at: offset) }
      if member == piece.tail { break }
      member = following[member]
    }
    following[preceding[index]] = following[index]
    preceding[following[index]] = preceding[index]
  }

  /// Brings the position of an item up to date after `item` was placed at `offset`.
  private mutating func raise(_ member: Int, above item: LayoutProblem.Item, at offset: Int) {
    let other = layout.items[member]
    var position = max(positions[member], offset)
    if item.isRectangle {
      for part in other.parts where part.meets(item.firstSection, item.lastSection) {
        position = max(position, offset + item.paddedBytes - part.offset)
      }
    }
    position = position.roundedUp(to: layout.alignment)
    if !obstacles[member].isEmpty { position = clear(position, member) }
    if position != positions[member] {
      moves.append((member, positions[member]))
      positions[member] = position
      for part in other.parts { markDirty(part) }
    }
  }

  private mutating func markDirty(_ part: LayoutProblem.Part) {
    for section in part.firstSection...part.lastSection where !isDirty[section] {
      isDirty[section] = true
      dirty.append(section)
    }
  }

  private mutating func undo(to mark: Mark) {
    while moves.count > mark.moves {
      let move = moves.removeLast()
      positions[move.item] = move.position
    }
    while placements.count > mark.placements {
      let index = placements.removeLast()
      isPlaced[index] = false
      following[preceding[index]] = index
      preceding[following[index]] = index
      let item = layout.items[index]
      for part in item.parts {
        let bytes = item.isRectangle ? item.paddedBytes : part.bytes
        for section in part.firstSection...part.lastSection { remaining[section] += bytes }
      }
    }
  }

  /// The lowest offset from `position` on at which an item meets no part of a placed item of several parts.
  private mutating func clear(_ position: Int, _ index: Int) -> Int {
    let item = layout.items[index]
    var position = position
    var isMoving = true
    while isMoving {
      isMoving = false
      for obstacle in obstacles[index] where isPlaced[obstacle] {
        workLeft -= layout.items[obstacle].parts.count
        for tied in layout.items[obstacle].parts {
          for part in item.parts where part.meets(tied.firstSection, tied.lastSection) {
            let (start, end) = (offsets[obstacle] + tied.offset, offsets[obstacle] + tied.offset + tied.bytes)
            if position + part.offset < end, position + part.offset + part.bytes > start {
              position = (end - part.offset).roundedUp(to: layout.alignment)
              isMoving = true
            }
          }
        }
      }
    }
    return position
  }

  /// Whether, in every section where something changed, what is left fits above the lowest offset that any of it can
  /// have.
  private mutating func fits() -> Bool {
    var isFitting = true
    for section in dirty {
      isDirty[section] = false
      guard isFitting, remaining[section] > 0 else { continue }
      workLeft -= tenants[section].count
      var lowest = Int.max
      for tenant in tenants[section] where !isPlaced[tenant.item] {
        lowest = min(lowest, positions[tenant.item] + tenant.part.offset)
      }
      var needed = lowest + remaining[section]
      for tenant in tenants[section] where isPlaced[tenant.item] && !layout.items[tenant.item].isRectangle {
        let start = offsets[tenant.item] + tenant.part.offset
        let end = start + tenant.part.bytes
        if end > lowest { needed += end - max(start, lowest) }
      }
      if needed > capacity {
        isFitting = false
        leastBytes = min(leastBytes, needed)
        for tenant in tenants[section] where !isPlaced[tenant.item] { blame[tenant.item] += 1 }
      }
    }
    dirty.removeAll(keepingCapacity: true)
    return isFitting
  }
}
