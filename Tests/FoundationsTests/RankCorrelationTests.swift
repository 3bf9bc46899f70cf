import Foundation
import Foundations
import Testing

struct RankCorrelationTests {
  /// Against figures of SciPy's documentation (`spearmanr`, `kendalltau`).
  @Test func rankCorrelationsOfKnownNumbers() {
    let (a, b) = ([1.0, 2, 3, 4, 5], [5.0, 6, 7, 8, 7])
    #expect(abs(RankCorrelation.spearman(a, b) - 0.820_782_681_668_123_3) < 1e-12)
    #expect(abs(RankCorrelation.kendall(a, b) - 7 / 90.0.squareRoot()) < 1e-12)
    let (c, d) = ([12.0, 2, 1, 12, 2], [1.0, 4, 7, 1, 0])
    #expect(abs(RankCorrelation.kendall(c, d) + 0.471_404_520_791_031_7) < 1e-12)
    #expect(RankCorrelation.spearman(a, a.map { exp($0) }) == 1)
    #expect(RankCorrelation.kendall(a, a.reversed()) == -1)
    #expect(RankCorrelation.spearman(a, [3, 3, 3, 3, 3]) == 0)
    #expect(RankCorrelation.kendall([], []) == 0)
  }
}
