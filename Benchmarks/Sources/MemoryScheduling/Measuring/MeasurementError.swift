/// A row that contradicts another row, an independent check or a known optimum.
struct MeasurementError: Error, CustomStringConvertible {
  let row: String
  let reason: String

  var description: String { "\(row): \(reason)" }
}
