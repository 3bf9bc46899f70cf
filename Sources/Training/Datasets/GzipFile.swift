import CZlib
import Foundation

/// Reads files that may be compressed with gzip.
package enum GzipFile {
  /// The bytes of a file, decompressed if it starts with gzip's magic number.
  ///
  /// - Parameter maximumBytes: how large the contents may be; more is an error, so that a small malicious file
  ///   cannot fill the memory.
  package static func read(_ url: URL, maximumBytes: Int) throws(DatasetError) -> [UInt8] {
    let bytes = try BoundedFile.read(url, maximumBytes: maximumBytes)
    guard bytes.starts(with: [0x1F, 0x8B]) else { return bytes }
    return try inflate(bytes, url: url, maximumBytes: maximumBytes)
  }

  private static func inflate(_ compressed: [UInt8], url: URL, maximumBytes: Int) throws(DatasetError)
    -> [UInt8]
  {
    var stream = z_stream()
    let gzipWindow: Int32 = 15 + 16
    guard inflateInit2_(&stream, gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw .cannotRead(path: url.path, reason: "zlib does not start")
    }
    defer { inflateEnd(&stream) }
    var input = compressed
    var output: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 18)
    var status = Z_OK
    input.withUnsafeMutableBufferPointer { source in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(clamping: source.count)
      while status == Z_OK, output.count <= maximumBytes {
        let written = block.withUnsafeMutableBufferPointer { target in
          stream.next_out = target.baseAddress
          stream.avail_out = UInt32(target.count)
          status = CZlib.inflate(&stream, Z_NO_FLUSH)
          return target.count - Int(stream.avail_out)
        }
        output += block[..<written]
      }
    }
    guard output.count <= maximumBytes else { throw tooLarge(url, maximumBytes) }
    switch status {
    case Z_STREAM_END: return output
    case Z_BUF_ERROR: throw .invalidFile(path: url.path, reason: "the compressed data is truncated")
    default: throw .invalidFile(path: url.path, reason: "the compressed data is damaged")
    }
  }

  private static func tooLarge(_ url: URL, _ maximumBytes: Int) -> DatasetError {
    .invalidFile(path: url.path, reason: "the contents are larger than \(maximumBytes) bytes")
  }
}
