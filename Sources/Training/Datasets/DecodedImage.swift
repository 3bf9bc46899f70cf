import Foundation

/// One image file's pixels.
package struct DecodedImage: Hashable, Sendable {
  /// 1 for grey, 3 for red, green and blue.
  package let channels: Int
  package let height: Int
  package let width: Int
  /// Pixels as [channel][row][column].
  package let pixels: [UInt8]

  /// Sides of images that are read at most.
  static let maximumSide = 8192
  /// What an image file may have at most, and its pixels.
  static let maximumBytes = 1 << 26

  /// Reads an image of a format that the file's first bytes tell.
  ///
  /// - Throws: ``DatasetError`` naming the file.
  package init(contentsOf url: URL) throws(DatasetError) {
    try self.init(BoundedFile.read(url, maximumBytes: Self.maximumBytes), path: url.path)
  }

  /// Reads the contents of an image file; `path` names it in errors.
  ///
  /// - Throws: ``DatasetError``.
  package init(_ bytes: [UInt8], path: String) throws(DatasetError) {
    if bytes.starts(with: PNGFile.signature) {
      self = try PNGFile.decode(bytes, path: path)
    } else if bytes.starts(with: Array("P5".utf8)) || bytes.starts(with: Array("P6".utf8)) {
      self = try PNMFile.decode(bytes, path: path)
    } else {
      throw .invalidFile(path: path, reason: "neither a PNG nor a binary PGM or PPM image (P5, P6)")
    }
  }

  init(channels: Int, height: Int, width: Int, pixels: [UInt8]) {
    self.channels = channels
    self.height = height
    self.width = width
    self.pixels = pixels
  }

  /// Turns rows of interleaved samples into planes of the first `channels` samples.
  static func planes(
    _ samples: UnsafeBufferPointer<UInt8>, samplesPerPixel: Int, channels: Int, count: Int
  ) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: channels * count) { target, filled in
      for channel in 0..<channels {
        for pixel in 0..<count {
          target[channel * count + pixel] = samples[pixel * samplesPerPixel + channel]
        }
      }
      filled = channels * count
    }
  }

  /// Checks the extents that a header announces.
  static func verify(width: Int, height: Int, path: String) throws(DatasetError) {
    guard (1...maximumSide).contains(width), (1...maximumSide).contains(height),
      width * height <= maximumBytes / 4
    else { throw .invalidFile(path: path, reason: "an image of \(width)×\(height) pixels is not read") }
  }
}
