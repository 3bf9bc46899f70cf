import MemoryPlanning

/// A memory model by the name that tables give it.
enum MemoryRules: String, CaseIterable {
  /// Tandem's own: an element-wise operator overwrites any input of its output's size and type that dies.
  case inPlace = "in-place"
  /// Nothing is overwritten.
  case separate = "no-in-place"
  /// HMCOS's: only the first input of the output's size may be overwritten.
  case hmcos = "hmcos"

  /// The model itself.
  var model: MemoryModel {
    switch self {
    case .inPlace: MemoryModel()
    case .separate: MemoryModel(inPlace: false)
    case .hmcos: .hmcos
    }
  }
}
