/// Why a data set cannot be read or divided.
public enum DatasetError: Error, Equatable, CustomStringConvertible {
  /// None of the folders holds the files.
  case notFound(name: String, searched: [String])
  /// A file of the data set does not exist.
  case missingFile(path: String)
  /// The system refused to read the file.
  case cannotRead(path: String, reason: String)
  /// The file is not what its name says: a wrong magic number, wrong sizes, damaged compression.
  case invalidFile(path: String, reason: String)
  /// The file ends before its header or its contents do.
  case truncated(path: String, expectedBytes: Int, foundBytes: Int)
  /// Images and labels, or arrays given in memory, do not belong together.
  case mismatch(reason: String)
  /// A label names no class.
  case labelOutOfRange(path: String, index: Int, label: Int, classes: Int)
  /// More images are asked for than there are.
  case tooFewImages(requested: Int, available: Int)

  /// One sentence that names the file and what is wrong with it.
  public var description: String {
    switch self {
    case .notFound(let name, let searched):
      "the data set \(name) is in none of: \(searched.joined(separator: ", "))"
    case .missingFile(let path): "\(path): no such file"
    case .cannotRead(let path, let reason): "cannot read \(path): \(reason)"
    case .invalidFile(let path, let reason): "\(path): \(reason)"
    case .truncated(let path, let expected, let found):
      "\(path): truncated: expected \(expected) bytes, found \(found)"
    case .mismatch(let reason): reason
    case .labelOutOfRange(let path, let index, let label, let classes):
      "\(path): label \(index) is \(label), but there are only \(classes) classes"
    case .tooFewImages(let requested, let available):
      "\(requested) images are needed, but the data set has \(available)"
    }
  }
}
