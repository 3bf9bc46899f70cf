import Foundation
import Foundations
import Testing
import Training

@Suite struct ImageFileTests {
  /// Every colour type with every filter, and all filters in one image.
  @Test(arguments: [(0, 1, 1), (2, 3, 3), (4, 2, 1), (6, 4, 3)] as [(UInt8, Int, Int)])
  func everyKindOfPNGIsRead(type: UInt8, samplesPerPixel: Int, channels: Int) throws {
    var generator = SeededGenerator(seed: UInt64(type))
    for filter in [0, 1, 2, 3, 4, nil] as [UInt8?] {
      let (width, height) = (
        Int.random(in: 1...9, using: &generator), Int.random(in: 1...12, using: &generator)
      )
      let samples = ImageFiles.random(width * height * samplesPerPixel, &generator)
      let bytes = ImageFiles.png(
        samples, width: width, height: height, type: type, filter: filter,
        parts: Int.random(in: 1...3, using: &generator))
      let image = try DecodedImage(bytes, path: "x.png")
      #expect(image.width == width && image.height == height && image.channels == channels)
      #expect(image.pixels == ImageFiles.planes(samples, per: samplesPerPixel, channels: channels))
    }
  }

  @Test func palettesAreLookedUp() throws {
    let palette: [UInt8] = [10, 20, 30, 40, 50, 60, 70, 80, 90]
    let image = try DecodedImage(
      ImageFiles.png([0, 2, 1, 1], width: 2, height: 2, type: 3, palette: palette), path: "x")
    #expect(image.channels == 3)
    #expect(image.pixels == [10, 70, 40, 40, 20, 80, 50, 50, 30, 90, 60, 60])
  }

  @Test func PNMIsRead() throws {
    func read(_ text: String, _ pixels: [UInt8]) throws -> DecodedImage {
      try DecodedImage(Array(text.utf8) + pixels, path: "x")
    }
    let grey = try read("P5\n# a comment\n3 2 # another\n255\n", [1, 2, 3, 4, 5, 255])
    #expect(grey.channels == 1 && grey.height == 2 && grey.width == 3)
    #expect(grey.pixels == [1, 2, 3, 4, 5, 255])
    #expect(try read("P6 1\t2\r\n255 ", [1, 2, 3, 4, 5, 6]).pixels == [1, 4, 2, 5, 3, 6])
    #expect(try read("P5 3 1 3\n", [0, 1, 3]).pixels == [0, 85, 255])
  }

  @Test func damageIsNamed() {
    func reason(_ bytes: [UInt8]) -> String? {
      #expect(throws: DatasetError.self) { try DecodedImage(bytes, path: "x") }?.description
    }
    func text(_ text: String) -> [UInt8] { Array(text.utf8) }
    let signature = ImageFiles.signature
    let small = ImageFiles.png([1, 2, 3, 4], width: 2, height: 2, type: 0)
    #expect(reason([]) == "x: neither a PNG nor a binary PGM or PPM image (P5, P6)")
    #expect(reason([0xFF, 0xD8, 0xFF]) == "x: neither a PNG nor a binary PGM or PPM image (P5, P6)")
    #expect(reason(text("P5 2 2 255\n") + [1, 2, 3]) == "x: truncated: expected 15 bytes, found 14")
    #expect(reason(text("P5 1 1 255\n") + [1, 2]) == "x: 1 bytes follow the pixels")
    #expect(reason(text("P5 0 1 255\n")) == "x: an image of 0×1 pixels is not read")
    #expect(reason(text("P5 999999 999999 255\n")) == "x: an image of 999999×999999 pixels is not read")
    #expect(reason(text("P5 99999999999999999999 1 255\n")) == "x: no width at byte 9")
    #expect(reason(text("P5 1 1 65535\n")) == "x: the maximum value is 65535, not in 1...255")
    #expect(reason(text("P5 1 1 7\n") + [8]) == "x: the value 8 at byte 9 is over the maximum, 7")
    #expect(reason(text("P5 # no end")) == "x: no width at byte 11")
    #expect(
      reason(Array(small.dropLast(3))) == "x: truncated: expected 92 bytes, found 89" || small.count != 92)
    #expect(reason(small + [0]) == "x: 1 bytes follow the image")
    var damaged = small
    damaged[20] ^= 1
    #expect(reason(damaged) == "x: the chunk 'IHDR' at byte 8 is damaged: its checksum is wrong")
    let end = ImageFiles.chunk("IEND", [])
    #expect(
      reason(signature + ImageFiles.header(2, 2, type: 2, depth: 16) + end)
        == "x: 16 bits a sample; only 8 are read")
    #expect(
      reason(signature + ImageFiles.header(2, 2, type: 2, interlace: 1) + end)
        == "x: interlaced images are not read")
    #expect(
      reason(signature + ImageFiles.header(100_000, 100_000, type: 2) + end)
        == "x: an image of 100000×100000 pixels is not read")
    #expect(reason(signature + end) == "x: 'IEND' at byte 8 is out of place")
    let bomb = ImageFiles.chunk("IDAT", ImageFiles.compressed([UInt8](repeating: 0, count: 1 << 20)))
    #expect(
      reason(signature + ImageFiles.header(2, 2, type: 0) + bomb + end)
        == "x: the pixels do not have the 6 bytes that the header announces")
    let filter = ImageFiles.chunk("IDAT", ImageFiles.compressed([0, 1, 2, 5, 3, 4]))
    #expect(
      reason(signature + ImageFiles.header(2, 2, type: 0) + filter + end)
        == "x: row 1 has the unknown filter 5")
    #expect(
      reason(ImageFiles.png([0, 3], width: 2, height: 1, type: 3, palette: [1, 2, 3, 4, 5, 6]))
        == "x: a pixel has colour 3, but the palette only 2")
    #expect(
      reason(
        signature + ImageFiles.header(2, 2, type: 0) + ImageFiles.chunk("WHAT", []) + end)
        == "x: the chunk 'WHAT' is not known")
  }

  /// Whatever the bytes, the outcome is an image of the announced size or one error that names the file.
  @Test func anyBytesGiveAnImageOrAnError() {
    var generator = SeededGenerator(seed: 21)
    let samples = ImageFiles.random(5 * 7 * 4, &generator)
    let originals = [
      ImageFiles.png(samples, width: 5, height: 7, type: 6, parts: 2),
      ImageFiles.png(
        samples.map { $0 % 3 }, width: 20, height: 7, type: 3, palette: [1, 2, 3, 4, 5, 6, 7, 8, 9]),
      Array("P6 5 7 255\n".utf8) + samples.prefix(105),
      Array("P5\n#\n7 5 200\n".utf8) + samples.prefix(35).map { $0 % 200 },
    ]
    var accepted = 0
    for round in 0..<12_000 {
      var bytes = ImageFiles.mutated(originals[round % 4], &generator)
      if round % 4 < 2, Bool.random(using: &generator) { bytes = repaired(bytes) }
      do {
        let image = try DecodedImage(bytes, path: "x")
        #expect(image.pixels.count == image.channels * image.height * image.width)
        accepted += 1
      } catch {
        #expect(error.description.hasPrefix("x: "))
      }
    }
    #expect(accepted > 100)
  }

  /// A PNG file whose chunks have right checksums, as far as its lengths lead.
  private func repaired(_ bytes: [UInt8]) -> [UInt8] {
    var result = bytes
    var position = 8
    while position + 12 <= result.count {
      let length = result[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      guard position + 12 + length <= result.count else { break }
      let body = Array(result[position + 4..<position + 8 + length])
      let name = String(decoding: body.prefix(4), as: UTF8.self)
      guard name.utf8.count == 4 else { break }
      result.replaceSubrange(
        position..<position + 12 + length, with: ImageFiles.chunk(name, Array(body.dropFirst(4))))
      position += 12 + length
    }
    return result
  }
}
