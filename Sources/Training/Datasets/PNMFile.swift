/// Reads binary PGM (`P5`) and PPM (`P6`) images with up to 8 bits a sample.
enum PNMFile {
  /// Decodes a file's bytes; values of a smaller maximum are scaled to 255.
  ///
  /// - Throws: ``DatasetError`` naming the file.
  static func decode(_ bytes: [UInt8], path: String) throws(DatasetError) -> DecodedImage {
    var position = 2
    func number(_ what: String) throws(DatasetError) -> Int {
      var digits = 0
      var value = 0
      while position < bytes.count {
        let byte = bytes[position]
        if byte == UInt8(ascii: "#"), digits == 0 {
          while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        } else if isSpace(byte), digits == 0 {
          position += 1
        } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), digits < 6 {
          value = value * 10 + Int(byte - UInt8(ascii: "0"))
          digits += 1
          position += 1
        } else {
          break
        }
      }
      guard digits > 0, position < bytes.count, isSpace(bytes[position]) else {
        throw .invalidFile(path: path, reason: "no \(what) at byte \(position)")
      }
      return value
    }
    let width = try number("width")
    let height = try number("height")
    let maximum = try number("maximum value")
    position += 1
    try DecodedImage.verify(width: width, height: height, path: path)
    guard (1...255).contains(maximum) else {
      throw .invalidFile(path: path, reason: "the maximum value is \(maximum), not in 1...255")
    }
    let channels = bytes[1] == UInt8(ascii: "6") ? 3 : 1
    let expected = position + width * height * channels
    guard bytes.count >= expected else {
      throw .truncated(path: path, expectedBytes: expected, foundBytes: bytes.count)
    }
    guard bytes.count == expected else {
      throw .invalidFile(path: path, reason: "\(bytes.count - expected) bytes follow the pixels")
    }
    if let large = bytes[position...].firstIndex(where: { Int($0) > maximum }) {
      throw .invalidFile(
        path: path, reason: "the value \(bytes[large]) at byte \(large) is over the maximum, \(maximum)")
    }
    var pixels = bytes[position...].withUnsafeBufferPointer {
      DecodedImage.planes($0, samplesPerPixel: channels, channels: channels, count: width * height)
    }
    if maximum < 255 {
      for index in pixels.indices {
        pixels[index] = UInt8((Int(pixels[index]) * 255 + maximum / 2) / maximum)
      }
    }
    return DecodedImage(channels: channels, height: height, width: width, pixels: pixels)
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
}
