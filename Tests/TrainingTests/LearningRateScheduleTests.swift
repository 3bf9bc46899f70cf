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

  @Test func constantStaysAtItsHighest() {
    let schedule = LearningRateSchedule(highest: 0.3, steps: 20, warmupFraction: 0.1, shape: .constant)
    #expect(abs(schedule.rate(at: 0) - 0.1) < 1e-12 && abs(schedule.rate(at: 1) - 0.2) < 1e-12)
    for step in 2..<20 { #expect(schedule.rate(at: step) == 0.3) }
  }

  @Test func oneCycleBeginsAndEndsAsAskedFor() {
    let schedule = LearningRateSchedule(
      highest: 1, steps: 101, warmupFraction: 0.3,
      shape: .oneCycle(.init(startDivisor: 25, endDivisor: 10_000, lowestMomentum: 0.85)))
    #expect(abs(schedule.rate(at: 0) - 0.04) < 1e-12)
    #expect(schedule.rate(at: 30) == 1)
    #expect(abs(schedule.rate(at: 100) - 4e-6) < 1e-12)
    for step in 1...30 { #expect(schedule.rate(at: step) > schedule.rate(at: step - 1)) }
    for step in 31...100 { #expect(schedule.rate(at: step) < schedule.rate(at: step - 1)) }
    #expect(schedule.momentum(at: 0, usual: 0.95) == 0.95)
    #expect(abs(schedule.momentum(at: 30, usual: 0.95) - 0.85) < 1e-12)
    #expect(abs(schedule.momentum(at: 65, usual: 0.95) - 0.9) < 1e-12)
    #expect(abs(schedule.momentum(at: 100, usual: 0.95) - 0.95) < 1e-12)
  }

  @Test(arguments: [1, 2, 3, 10])
  func shortTrainingsHaveARateAtEveryStep(steps: Int) {
    for shape in [TrainingConfiguration.Schedule.cosine, .constant, .oneCycle(.init(lowestMomentum: 0.5))] {
      for fraction in [0, 0.1, 0.5, 0.99] {
        let schedule = LearningRateSchedule(highest: 1, steps: steps, warmupFraction: fraction, shape: shape)
        for step in 0..<steps {
          #expect(schedule.rate(at: step) > 0 && schedule.rate(at: step) <= 1)
          #expect((0.5...0.9).contains(schedule.momentum(at: step, usual: 0.9)))
        }
      }
    }
  }
}
