import Testing
import Training

@Suite struct LearningRateScheduleTests {
  @Test func risesLinearlyThenFallsAsACosine() {
    let schedule = LearningRateSchedule(highest: 0.4, steps: 104, warmupFraction: 4.0 / 104)
    #expect(schedule.warmupSteps == 4)
    for step in 0..<4 { #expect(abs(schedule.rate(at: step) - 0.4 * Double(step + 1) / 5) < 1e-12) }
    #expect(schedule.rate(at: 4) == 0.4)
    #expect(abs(schedule.rate(at: 54) - 0.2) < 1e-12)
    #expect(schedule.rate(at: 103) > 0 && schedule.rate(at: 103) < 0.001)
    for step in 5..<104 { #expect(schedule.rate(at: step) < schedule.rate(at: step - 1)) }
  }

  @Test(arguments: [1, 2, 3, 10])
  func shortTrainingsHaveARateAtEveryStep(steps: Int) {
    for fraction in [0, 0.1, 0.5, 0.99] {
      let schedule = LearningRateSchedule(highest: 1, steps: steps, warmupFraction: fraction)
      for step in 0..<steps { #expect(schedule.rate(at: step) > 0 && schedule.rate(at: step) <= 1) }
    }
  }
}
