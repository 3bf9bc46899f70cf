import ConfigurationFiles
import Training

/// How a data set stands in an experiment file.
extension DatasetReference {
  /// Reads `{name, directory, contents}`; `path` is another name of `directory`. Contents are stated for one's own data
  /// sets only, and then the files need not be there.
  init(configuration: ConfigurationMapping) throws(ConfigurationError) {
    var reader = configuration
    let name = try reader.choice("name", of: Name.self)
    var directory = try reader.optionalPath("directory")
    if let other = reader.optionalNode("path") {
      if directory != nil { throw other.error("'path' and 'directory' mean the same; give one of them") }
      directory = try other.path()
    }
    var contents: DatasetContents?
    if !name.isPublished {
      if directory == nil {
        throw reader.node.error("the data set '\(name.rawValue)' needs 'directory', the folder of its files")
      }
      contents = try reader.optionalMapping("contents").map(Self.contents)
    }
    try reader.finish()
    do {
      try self.init(name: name, directory: directory, contents: contents)
    } catch {
      throw reader.node.error("\(error)")
    }
  }

  private static func contents(
    _ configuration: ConfigurationMapping
  ) throws(ConfigurationError) -> DatasetContents {
    var reader = configuration
    var names: [String] = []
    let channels = try reader.int("channels", in: 1...65_536)
    let height = try reader.int("height", in: 1...65_536)
    let width = try reader.int("width", in: 1...65_536)
    let trainImages = try reader.int("trainImages", in: 1...100_000_000)
    for node in try reader.list("classNames", count: 1...256) { names.append(try node.string()) }
    try reader.finish()
    return DatasetContents(
      channels: channels, height: height, width: width, classNames: names, trainImages: trainImages)
  }

  /// The data set as a configuration file states it.
  var configuration: ConfigurationValue {
    var entries: [(key: String, value: ConfigurationValue)] = [("name", .string(name.rawValue))]
    if let directory { entries.append(("directory", .string(directory.path))) }
    if !name.isPublished {
      entries.append(
        (
          "contents",
          .mapping([
            ("channels", .int(contents.channels)), ("height", .int(contents.height)),
            ("width", .int(contents.width)), ("trainImages", .int(contents.trainImages)),
            ("classNames", .list(contents.classNames.map { .string($0) })),
          ])
        ))
    }
    return .mapping(entries)
  }
}
