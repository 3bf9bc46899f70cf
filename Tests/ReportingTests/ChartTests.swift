import Foundation
import Foundations
import MemoryPlanning
import Reporting
import Testing

@Suite struct ChartTests {
  @Test func scalesContainTheirValuesWithRoundTicks() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<500 {
      let size = pow(10, Double.random(in: -4...6, using: &generator))
      let values = (0..<5).map { _ in Double.random(in: -1...1, using: &generator) * size }
      let scale = AxisScale(values: values, pixels: 50...450)
      #expect(scale.lower <= values.min()! && values.max()! <= scale.upper)
      #expect((3...14).contains(scale.ticks.count))
      #expect(Set(scale.ticks.map(scale.label)).count == scale.ticks.count)
      for value in values {
        #expect(scale.pixels.contains(scale.position(value)))
        #expect(abs(scale.position(value) + scale.position(value, flipped: true) - 500) < 1e-6)
      }
    }
  }

  @Test func oneValueStillMakesAScale() {
    let scale = AxisScale(values: [3], pixels: 0...100)
    #expect(scale.lower <= 3 && scale.upper > 3)
  }

  @Test func textIsEscaped() {
    #expect(SVG.escape(#"<a href="x">&"#) == "&lt;a href=&quot;x&quot;&gt;&amp;")
    #expect(
      [SVG.number(1.5), SVG.number(2), SVG.number(-0.126), SVG.number(100)] == ["1.5", "2", "-0.13", "100"])
  }

  @Test func memoryMapIsWellFormedAndShowsEveryBuffer() throws {
    let plan = ArenaPlan(
      alignment: 64, arenaBytes: 256, unpaddedArenaBytes: 250,
      buffers: [
        ArenaBuffer(
          name: "a<b", kind: .tensor, storage: "a<b", bytes: 100, offset: 0, firstStep: 0, lastStep: 1),
        ArenaBuffer(
          name: "v", kind: .workspace, storage: "v", bytes: 122, offset: 128, firstStep: 1, lastStep: 1),
        ArenaBuffer(
          name: "view", kind: .view, storage: "a<b", bytes: 100, offset: 0, firstStep: 1, lastStep: 1),
      ])
    let svg = MemoryMapChart(plan: plan, limitBytes: 1024, peakStep: 1).svg()
    let parser = XMLParser(data: Data(svg.utf8))
    #expect(parser.parse())
    #expect(svg.contains("a&lt;b: 100 B at 0, steps 0–1"))
    #expect(svg.contains("v: 122 B at 128, steps 1–1 (workspace)"))
    #expect(svg.contains("limit 1 KiB"))
  }
}

#if canImport(FoundationXML)
  import FoundationXML
#endif
