import Foundations
import Kernels

/// Which kernel schedules of an operator to try next: a function of what was tried.
struct ScheduleSearch {
  /// What to do next.
  enum Step: Hashable {
    case batch([KernelSchedule])
    case ended(TuningResult.Ending)
  }

  /// How many of the fastest schedules are measured once more at the end, and how much slower than the fastest they may be.
  static let finalists = 8
  static let finalistRatio = 1.25
  /// The evolutionary search within the model, which costs no measurement.
  private static let population = 64
  private static let generations = 6

  let space: ScheduleSpace
  let options: TuningOptions

  /// The next batch, or why there is none.
  func next(after records: [TuningRecord], model: CostModel) -> Step {
    let tried = Set(records.map(\.schedule))
    if records.count >= options.trials { return .ended(.trials) }
    let size = min(options.batch, options.trials - records.count)
    let heuristics = heuristics.filter { !tried.contains($0) }
    if !heuristics.isEmpty { return .batch(Array(heuristics.prefix(size))) }
    if isStuck(records) { return .ended(.noImprovement) }
    let left = space.schedules.filter { !tried.contains($0) }
    if left.isEmpty { return .ended(.exhausted) }
    if left.count <= size { return .batch(left) }
    return .batch(proposals(size, among: left, records, model))
  }

  /// What is tried first: all that is chosen from where nothing is tuned, so that tuning never makes the choice poorer.
  private var heuristics: [KernelSchedule] { space.heuristics }

  /// Whether too many schedules in a row brought no progress.
  private func isStuck(_ records: [TuningRecord]) -> Bool {
    var best = Double.infinity
    var last = space.heuristics.count
    for (number, record) in records.enumerated() {
      guard let milliseconds = record.firstMilliseconds else { continue }
      if milliseconds < best * (1 - options.improvement) { last = max(last, number + 1) }
      best = min(best, milliseconds)
    }
    return records.count - last >= options.patience
  }

  /// The schedules that the model finds the most promising. Every second one must do with a limited workspace, because a network in
  /// a tight arena needs good schedules of little workspace as well; the last one is random.
  private func proposals(
    _ size: Int, among left: [KernelSchedule], _ records: [TuningRecord], _ model: CostModel
  ) -> [KernelSchedule] {
    var generator = SeededGenerator(seed: options.seed, stream: UInt64(records.count))
    let predictor = model.predictor(own: records.compactMap(\.observation))
    var predictions: [KernelSchedule: Double] = [:]
    func prediction(_ schedule: KernelSchedule) -> Double {
      if let known = predictions[schedule] { return known }
      let value = predictor.milliseconds(ScheduleFeatures(of: schedule, for: space.workload))
      predictions[schedule] = value
      return value
    }
    var open = Set(left)
    var chosen: [KernelSchedule] = []
    func choose(_ schedule: KernelSchedule) {
      open.remove(schedule)
      chosen.append(schedule)
    }
    let candidates = evolve(records, left: left, fitness: prediction, &generator)
    let ranked = candidates.sorted { (prediction($0), $0.description) < (prediction($1), $1.description) }
    let workspaces = ranked.map { space.workspaceBytes(of: $0) }.sorted()
    while chosen.count < size - 1 {
      let limit =
        chosen.count % 2 == 0 || workspaces.isEmpty ? Int.max : workspaces.randomElement(using: &generator)!
      guard
        let next = ranked.first(where: { open.contains($0) && space.workspaceBytes(of: $0) <= limit })
          ?? ranked.first(where: open.contains)
      else { break }
      choose(next)
    }
    while chosen.count < size, let random = left.filter(open.contains).randomElement(using: &generator) {
      choose(random)
    }
    return chosen
  }

  /// Candidates from an evolutionary search in the model: parents are what was measured to be fast and a random sample; children differ
  /// from one parent in one respect or take their knobs from two; the better half by the model lives on.
  ///
  /// - Returns: those that were not tried yet, without repetition.
  private func evolve(
    _ records: [TuningRecord], left: [KernelSchedule], fitness: (KernelSchedule) -> Double,
    _ generator: inout SeededGenerator
  ) -> [KernelSchedule] {
    let measured = records.filter { $0.firstMilliseconds != nil && space.contains($0.schedule) }
      .sorted { $0.firstMilliseconds! < $1.firstMilliseconds! }.prefix(Self.population / 4).map(\.schedule)
    var seen: Set<KernelSchedule> = []
    var population: [KernelSchedule] = []
    func add(_ schedule: KernelSchedule) {
      if seen.insert(schedule).inserted { population.append(schedule) }
    }
    measured.forEach(add)
    for schedule in left.shuffled(using: &generator).prefix(Self.population - population.count) {
      add(schedule)
    }
    let open = Set(left)
    var found = population.filter(open.contains)
    for _ in 0..<Self.generations {
      let parents = population
      for _ in 0..<Self.population {
        let parent = parents.randomElement(using: &generator)!
        let child =
          Bool.random(using: &generator)
          ? space.mutate(parent, using: &generator)
          : space.crossover(parent, parents.randomElement(using: &generator)!, using: &generator)
        if !seen.contains(child), open.contains(child) { found.append(child) }
        add(child)
      }
      population.sort { (fitness($0), $0.description) < (fitness($1), $1.description) }
      population.removeLast(max(0, population.count - Self.population))
    }
    return found
  }
}
