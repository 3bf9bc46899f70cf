/// Finds the name that was probably meant.
public enum NearestName {
  /// The candidate with the smallest edit distance to `name`, or nil if none is near enough to be a slip: at
  /// most a third of the longer name's length, and never more than 4 edits. Ties: the first candidate.
  ///
  /// - Complexity: the sum over candidates of the product of both lengths; names over 64 characters are
  ///   never suggested for.
  public static func suggestion(for name: String, among candidates: [String]) -> String? {
    guard name.count <= 64 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in candidates where candidate.count <= 64 {
      let distance = editDistance(name.lowercased(), candidate.lowercased())
      let limit = min(4, max(name.count, candidate.count) / 3)
      if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.name
  }

  /// The end of an error message about `name`: the nearest candidate, else all of them if they are few.
  public static func hint(for name: String, among candidates: [String]) -> String {
    if let suggestion = suggestion(for: name, among: candidates) { return "; did you mean '\(suggestion)'?" }
    if candidates.isEmpty { return "" }
    let shown = candidates.prefix(12).map { "'\($0)'" }.joined(separator: ", ")
    return candidates.count <= 12 ? "; valid are \(shown)" : "; valid are \(shown)…"
  }

  /// The least number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`
  /// (optimal string alignment; Damerau, doi 10.1145/363958.363994).
  public static func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var beforeLast = [Int]()
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforeLast[j - 1] + 1) }
        row.append(best)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
