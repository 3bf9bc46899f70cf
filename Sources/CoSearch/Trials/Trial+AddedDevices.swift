extension Trial {
  /// Whether the trial says something about a device. A failed trial says for all devices that it failed.
  func isJudged(for device: String) -> Bool {
    if case .failed = outcome { return true }
    return rejections[device] != nil || isFeasible(on: device)
  }

  /// Adds what was found for devices that the trial had not been judged for.
  ///
  /// A measurement is never lost: if the new devices' evaluation failed, the trial stays as it was.
  mutating func extend(with added: TrialOutcome) {
    switch (outcome, added) {
    case (.rejected(let old), .rejected(let new)):
      outcome = .rejected(old.merging(new) { _, new in new })
    case (.rejected(let old), .measured(var measurement)):
      measurement.rejections.merge(old) { new, _ in new }
      outcome = .measured(measurement)
    case (.rejected(let old), .failed(let failure)):
      outcome = .failed(
        TrialFailure(
          stage: failure.stage, message: failure.message,
          rejections: failure.rejections.merging(old) { new, _ in new }))
    case (.measured(var measurement), .rejected(let new)):
      measurement.rejections.merge(new) { _, new in new }
      outcome = .measured(measurement)
    case (.measured(var measurement), .measured(let new)):
      measurement.devices.merge(new.devices) { _, new in new }
      measurement.rejections.merge(new.rejections) { _, new in new }
      outcome = .measured(measurement)
    case (.measured, .failed), (.failed, _): break
    }
  }
}
