import Foundations
import ScheduleTuning
import Testing

struct LatencyStatisticsTests {
  /// Against definitions applied literally: p90 is the smallest sample that at least nine tenths do not exceed; half of
  /// the samples lie on either side of the median.
  @Test func followsTheDefinitions() {
    var generator = SeededGenerator(seed: 8)
    for _ in 0..<300 {
      let count = Int.random(in: 1...40, using: &generator)
      let samples = (0..<count).map { _ in Double(Int.random(in: 1...50, using: &generator)) / 8 }
      let statistics = LatencyStatistics(sampleMilliseconds: samples, warmup: 3, threads: 2)
      #expect(samples.allSatisfy { $0 >= statistics.minMilliseconds })
      #expect(samples.contains(statistics.minMilliseconds))
      let candidates = samples.filter { limit in samples.count { $0 <= limit } * 10 >= 9 * count }
      #expect(statistics.p90Milliseconds == candidates.min()!)
      let median = statistics.medianMilliseconds
      #expect(samples.count { $0 < median } * 2 <= count && samples.count { $0 > median } * 2 <= count)
      if count % 2 == 1 { #expect(samples.contains(median)) }
      #expect(abs(statistics.meanMilliseconds * Double(count) - samples.reduce(0, +)) < 1e-9)
      #expect(statistics.noisy == (candidates.min()! / samples.min()! > 1.3))
      #expect(statistics.repeats == count && statistics.warmup == 3 && statistics.threads == 2)
    }
  }

  @Test func evenCountsTakeTheMiddleOfTheMiddleTwo() {
    let statistics = LatencyStatistics(sampleMilliseconds: [4, 1, 2, 3], warmup: 0, threads: 1)
    #expect(statistics.medianMilliseconds == 2.5)
    #expect(statistics.p90Milliseconds == 4)
    #expect(statistics.meanMilliseconds == 2.5)
  }
}
