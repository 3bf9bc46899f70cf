/// Works out what the blocks of a piece need of their own while they run.
struct MomentProfiler {
  let graph: FusedGraph
  let groups: StorageGroups
  let order: PartialOrder

  /// The moments of a block that can be its highest in some order.
  ///
  /// A storage that the block reads is live until the block's last reader of it has run, and then only if there is a
  /// reader outside the block that has not run when the block starts; nothing outside runs in between. So each saving
  /// depends on the blocks before this one alone.
  func moments(of block: Int, anchor: Int) -> [SchedulingPiece.Moment] {
    let problem = graph.problem
    var left: [Int: Int] = [:]
    for member in graph.members[anchor] {
      for storage in problem.inputStorages[member] { left[storage, default: 0] += 1 }
    }
    // Levels count only what the block reads or writes and is not always live.
    var level = 0
    for storage in left.keys where !groups.isAlwaysLive[storage] {
      if problem.storages[storage].producer.map({ graph.block[$0.index] }) != anchor {
        level += problem.storages[storage].bytes
      }
    }
    var freed: [SchedulingPiece.Saving] = []
    var moments: [SchedulingPiece.Moment] = []
    for member in graph.members[anchor] {
      let out = problem.outputBytes[member]
      var moment = SchedulingPiece.Moment(
        bytes: level + out + problem.workspaceBytes[member], savings: freed)
      let endings = problem.overwritableStorages[member].filter { left[$0] == 1 }.map {
        ($0, ending(of: $0, by: block))
      }
      if let (storage, _) = endings.first(where: { $0.1 == .here }) {
        moment.bytes -= problem.storages[storage].bytes
      } else {
        let open = Set(endings.compactMap { $0.1 == .open ? groups.group[$0.0] : nil }).sorted()
        if !open.isEmpty {
          moment.savings.append(
            SchedulingPiece.Saving(bytes: problem.storages[endings[0].0].bytes, storages: open))
        }
      }
      moments.append(moment)
      level += out
      for storage in problem.inputStorages[member] {
        left[storage]! -= 1
        if left[storage]! > 0 { continue }
        switch ending(of: storage, by: block) {
        case .here: level -= problem.storages[storage].bytes
        case .open:
          freed.append(
            SchedulingPiece.Saving(
              bytes: problem.storages[storage].bytes, storages: [groups.group[storage]!]))
        case .never: break
        }
      }
      for storage in problem.outputStorages[member]
      where problem.storages[storage].readers.isEmpty && !problem.storages[storage].isKept {
        level -= problem.storages[storage].bytes
      }
    }
    return highest(moments.map(merged))
  }

  private enum Ending { case here, open, never }

  /// Whether a storage is free once `block` has read it for the last time.
  private func ending(of storage: Int, by block: Int) -> Ending {
    if groups.isAlwaysLive[storage] { return .never }
    guard let group = groups.group[storage] else { return .here }
    if groups.groups[group].outlives { return .never }
    var isOpen = false
    for reader in groups.groups[group].readers where reader != block && !order.precedes(reader, block) {
      if order.precedes(block, reader) { return .never }
      isOpen = true
    }
    return isOpen ? .open : .here
  }

  /// The same moment with one saving for each set of storages.
  private func merged(_ moment: SchedulingPiece.Moment) -> SchedulingPiece.Moment {
    var bytes: [[Int]: Int] = [:]
    for saving in moment.savings { bytes[saving.storages, default: 0] += saving.bytes }
    return SchedulingPiece.Moment(
      bytes: moment.bytes,
      savings: bytes.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
        SchedulingPiece.Saving(bytes: $0.value, storages: $0.key)
      })
  }

  /// Leaves out moments that never lie above another: they need no more when all of the other's savings count and
  /// none of their own, where the same savings cancel out.
  private func highest(_ moments: [SchedulingPiece.Moment]) -> [SchedulingPiece.Moment] {
    var kept: [SchedulingPiece.Moment] = []
    for moment in moments where !kept.contains(where: { isBelow(moment, $0) }) {
      kept.removeAll { isBelow($0, moment) }
      kept.append(moment)
    }
    return kept
  }

  private func isBelow(_ first: SchedulingPiece.Moment, _ second: SchedulingPiece.Moment) -> Bool {
    var gap = second.bytes - first.bytes
    for saving in second.savings {
      let own = first.savings.first { $0.storages == saving.storages }?.bytes ?? 0
      gap -= max(0, saving.bytes - own)
    }
    return gap >= 0
  }
}
