import CZlib

/// Reads PNG images (ISO/IEC 15948) of 8 bits a sample that are not interlaced: grey, colour and palette; transparency is
/// dropped.
enum PNGFile {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  private struct Header {
    let width: Int
    let height: Int
    let colorType: UInt8

    var samplesPerPixel: Int {
      switch colorType {
      case 2: 3
      case 4: 2
      case 6: 4
      default: 1
      }
    }
  }

  /// Decodes a file's bytes.
  ///
  /// - Throws: ``DatasetError`` naming the file, and the place where that helps.
  static func decode(_ bytes: [UInt8], path: String) throws(DatasetError) -> DecodedImage {
    func invalid(_ reason: String) -> DatasetError { .invalidFile(path: path, reason: reason) }
    var position = signature.count
    var header: Header?
    var palette: [UInt8] = []
    var compressed: [UInt8] = []
    var isDataOver = false
    while true {
      guard bytes.count - position >= 12 else {
        throw .truncated(path: path, expectedBytes: position + 12, foundBytes: bytes.count)
      }
      let length = Int(word(bytes, position))
      guard length <= bytes.count - position - 12 else {
        throw .truncated(path: path, expectedBytes: position + 12 + length, foundBytes: bytes.count)
      }
      let type = bytes[position + 4..<position + 8]
      let name = type.map { (33...126).contains($0) ? String(UnicodeScalar($0)) : "?" }.joined()
      let data = bytes[position + 8..<position + 8 + length]
      let sum = bytes[position + 4..<position + 8 + length].withUnsafeBufferPointer {
        crc32(0, $0.baseAddress, UInt32($0.count))
      }
      guard UInt32(truncatingIfNeeded: sum) == word(bytes, position + 8 + length) else {
        throw invalid("the chunk '\(name)' at byte \(position) is damaged: its checksum is wrong")
      }
      if (header == nil) != (name == "IHDR") {
        throw invalid("'\(name)' at byte \(position) is out of place")
      }
      if name != "IDAT", !compressed.isEmpty { isDataOver = true }
      switch name {
      case "IHDR": header = try read(data, path: path)
      case "PLTE":
        guard length % 3 == 0, (3...768).contains(length), compressed.isEmpty else {
          throw invalid("the palette at byte \(position) has \(length) bytes or is out of place")
        }
        palette = Array(data)
      case "IDAT":
        guard !isDataOver else { throw invalid("the pixels are interrupted at byte \(position)") }
        compressed += data
      case "IEND":
        guard position + 12 == bytes.count else {
          throw invalid("\(bytes.count - position - 12) bytes follow the image")
        }
        return try image(header!, palette: palette, compressed: compressed, path: path)
      default:
        // Chunks whose first letter is small may be skipped.
        guard type.first! & 0x20 != 0 else { throw invalid("the chunk '\(name)' is not known") }
      }
      position += 12 + length
    }
  }

  private static func read(_ data: ArraySlice<UInt8>, path: String) throws(DatasetError) -> Header {
    let fields = Array(data)
    guard fields.count == 13 else {
      throw .invalidFile(path: path, reason: "a header of \(fields.count) bytes")
    }
    let header = Header(
      width: Int(word(fields, 0)), height: Int(word(fields, 4)), colorType: fields[9])
    try DecodedImage.verify(width: header.width, height: header.height, path: path)
    guard fields[8] == 8 else {
      throw .invalidFile(path: path, reason: "\(fields[8]) bits a sample; only 8 are read")
    }
    guard [0, 2, 3, 4, 6].contains(fields[9]), fields[10] == 0, fields[11] == 0 else {
      throw .invalidFile(path: path, reason: "colour type \(fields[9]) or its compression is not known")
    }
    guard fields[12] == 0 else { throw .invalidFile(path: path, reason: "interlaced images are not read") }
    return header
  }

  private static func image(
    _ header: Header, palette: [UInt8], compressed: [UInt8], path: String
  ) throws(DatasetError) -> DecodedImage {
    let samples = header.samplesPerPixel
    let rowBytes = header.width * samples
    var filtered = try inflate(compressed, count: header.height * (rowBytes + 1), path: path)
    var rows = [UInt8](repeating: 0, count: header.height * rowBytes)
    for row in 0..<header.height {
      let filter = filtered[row * (rowBytes + 1)]
      guard filter <= 4 else {
        throw .invalidFile(path: path, reason: "row \(row) has the unknown filter \(filter)")
      }
      unfilter(&rows, &filtered, row: row, rowBytes: rowBytes, samples: samples, filter: filter)
    }
    let count = header.width * header.height
    if header.colorType == 3 {
      guard let largest = rows.max(), (Int(largest) + 1) * 3 <= palette.count else {
        throw .invalidFile(
          path: path,
          reason: "a pixel has colour \(rows.max() ?? 0), but the palette only \(palette.count / 3)")
      }
      var pixels = [UInt8](repeating: 0, count: 3 * count)
      for channel in 0..<3 {
        for pixel in 0..<count { pixels[channel * count + pixel] = palette[3 * Int(rows[pixel]) + channel] }
      }
      return DecodedImage(channels: 3, height: header.height, width: header.width, pixels: pixels)
    }
    let channels = samples >= 3 ? 3 : 1
    let pixels = rows.withUnsafeBufferPointer {
      DecodedImage.planes($0, samplesPerPixel: samples, channels: channels, count: count)
    }
    return DecodedImage(channels: channels, height: header.height, width: header.width, pixels: pixels)
  }

  /// Undoes the filter of one row; the rows before are finished.
  private static func unfilter(
    _ rows: inout [UInt8], _ filtered: inout [UInt8], row: Int, rowBytes: Int, samples: Int, filter: UInt8
  ) {
    let source = row * (rowBytes + 1) + 1
    let target = row * rowBytes
    for index in 0..<rowBytes {
      let left = index >= samples ? Int(rows[target + index - samples]) : 0
      let above = row > 0 ? Int(rows[target - rowBytes + index]) : 0
      let prediction: Int
      switch filter {
      case 1: prediction = left
      case 2: prediction = above
      case 3: prediction = (left + above) / 2
      case 4:
        let corner = row > 0 && index >= samples ? Int(rows[target - rowBytes + index - samples]) : 0
        let estimate = left + above - corner
        let distances = (abs(estimate - left), abs(estimate - above), abs(estimate - corner))
        if distances.0 <= distances.1, distances.0 <= distances.2 {
          prediction = left
        } else {
          prediction = distances.1 <= distances.2 ? above : corner
        }
      default: prediction = 0
      }
      rows[target + index] = filtered[source + index] &+ UInt8(prediction)
    }
  }

  /// Decompresses exactly `count` bytes.
  private static func inflate(_ compressed: [UInt8], count: Int, path: String) throws(DatasetError)
    -> [UInt8]
  {
    // One byte more, so that too much is noticed.
    var output = [UInt8](repeating: 0, count: count + 1)
    var written = uLongf(count + 1)
    let status = uncompress(&output, &written, compressed, uLong(compressed.count))
    guard status == Z_OK, Int(written) == count else {
      let reason =
        status == Z_BUF_ERROR || status == Z_OK
        ? "the pixels do not have the \(count) bytes that the header announces"
        : "the compressed pixels are damaged"
      throw .invalidFile(path: path, reason: reason)
    }
    output.removeLast()
    return output
  }

  private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
