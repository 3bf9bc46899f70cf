/// What the authors' own C++ implementation of HMCOS gave on its own benchmark graphs: run by us on one core of a
/// two-core machine, under its own memory model. The times are from that run, not from the one that made this page.
enum HMCOSReference {
  /// One graph.
  struct Entry {
    /// Its reverse post-order.
    let reversePostOrderBytes: Int
    /// Its schedule; nil where there was none within 90 s.
    let peakBytes: Int?
    /// Its processor time, the shortest of several runs.
    let seconds: Double?
    /// The optimum in its memory model, proved by a prototype of another design.
    let optimumBytes: Int
  }

  /// The longest that it was given.
  static let timeLimitSeconds = 90.0

  /// By the name of the graph.
  static let entries: [String: Entry] = [
    "nasnet-cifar": Entry(
      reversePostOrderBytes: 2_359_296, peakBytes: 1_786_624, seconds: 14.3, optimumBytes: 1_786_624),
    "nasnet-imagenet": Entry(
      reversePostOrderBytes: 5_309_824, peakBytes: 4_336_096, seconds: 0.045, optimumBytes: 4_336_096),
    "amoebanet-cifar": Entry(
      reversePostOrderBytes: 1_834_416, peakBytes: 1_179_648, seconds: 0.501, optimumBytes: 1_179_648),
    "amoebanet-imagenet": Entry(
      reversePostOrderBytes: 5_159_296, peakBytes: 4_428_032, seconds: 0.012, optimumBytes: 4_428_032),
    "darts-cifar": Entry(
      reversePostOrderBytes: 2_433_600, peakBytes: 1_401_408, seconds: 0.332, optimumBytes: 1_401_408),
    // Not deterministic: up to 4,107,648 bytes, in 6 to 10 ms.
    "darts-imagenet": Entry(
      reversePostOrderBytes: 5_146_752, peakBytes: 3_842_176, seconds: 0.006, optimumBytes: 3_842_176),
    "pnas-cifar": Entry(
      reversePostOrderBytes: 4_043_712, peakBytes: 2_274_240, seconds: 12.5, optimumBytes: 2_274_240),
    "pnas-imagenet": Entry(
      reversePostOrderBytes: 6_831_644, peakBytes: 4_845_696, seconds: 0.196, optimumBytes: 4_845_696),
    "randwire3-c78-s0": Entry(
      reversePostOrderBytes: 5_381_376, peakBytes: 4_647_552, seconds: 6.8, optimumBytes: 4_402_944),
    "randwire3-c78-s1": Entry(
      reversePostOrderBytes: 6_115_200, peakBytes: nil, seconds: nil, optimumBytes: 4_402_944),
  ]
}
