/// The string properties inside model.onnx.
enum ModelMetadata {
  static let scheduleHash = "tandem.schedule.sha256"

  /// What model.onnx says of itself: enough to recognise it, and to feed it, without the rest of the bundle.
  static func properties(
    origin: BundleManifest.Origin, device: String, arenaBytes: Int, peakBytes: Int,
    input: BundleManifest.Input, scheduleHash: String?
  ) -> [String: String] {
    func list(_ values: [Double]) -> String { values.map { "\($0)" }.joined(separator: ",") }
    var result = [
      "tandem.candidate": origin.candidate, "tandem.device": device, "tandem.arenaBytes": "\(arenaBytes)",
      "tandem.peakBytes": "\(peakBytes)", "tandem.input.layout": input.layout,
      "tandem.input.scale": "\(input.scale)", "tandem.input.mean": list(input.mean),
      "tandem.input.standardDeviation": list(input.standardDeviation),
    ]
    result["tandem.experiment"] = origin.experiment
    result["tandem.trial"] = origin.trial.map { "\($0)" }
    result[Self.scheduleHash] = scheduleHash
    return result
  }
}
