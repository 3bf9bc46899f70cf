import Foundations
import Testing

@Suite struct DurationTextTests {
  @Test(arguments: [
    ("10s", Duration.seconds(10)), ("500ms", .milliseconds(500)), ("2min", .seconds(120)),
    ("1.5h", .seconds(5400)),
  ])
  func reads(_ text: String, _ duration: Duration) { #expect(DurationText.parse(text) == duration) }

  @Test(arguments: ["", "s", "10", "-1s", "0s", "1e9s", "1.2.3s", "99999999h", "ten s"])
  func refuses(_ text: String) { #expect(DurationText.parse(text) == nil) }
}
