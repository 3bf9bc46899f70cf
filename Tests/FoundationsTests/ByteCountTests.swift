import Foundations
import Testing

@Suite struct ByteCountTests {
  @Test(arguments: [
    ("0", 0), ("1536", 1536), ("64KiB", 65_536), ("64 kib", 65_536), ("1MiB", 1_048_576), ("1.5KiB", 1_536),
    ("2kB", 2_000), ("3GB", 3_000_000_000), ("12B", 12), ("1_024", 1_024),
  ])
  func reads(_ text: String, _ bytes: Int) {
    #expect(ByteCount.parse(text) == bytes)
  }

  @Test(arguments: ["", "KiB", "-1", "1.3B", "64 potatoes", "9999999999GiB", "0x10", "1e9", "1.2.3KiB", "∞"])
  func refuses(_ text: String) {
    #expect(ByteCount.parse(text) == nil)
  }

  @Test(arguments: [
    (0, "0 B"), (1023, "1023 B"), (262_144, "256 KiB"), (1_572_864, "1.5 MiB"), (1 << 30, "1 GiB"),
  ])
  func describes(_ bytes: Int, _ text: String) {
    #expect(ByteCount.describe(bytes) == text)
  }
}
