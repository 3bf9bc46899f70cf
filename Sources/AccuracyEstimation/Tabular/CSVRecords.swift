/// Takes comma-separated values apart (RFC 4180): fields in quotation marks may hold commas, line breaks and doubled
/// quotation marks; lines end in LF or CRLF; empty lines and a byte order mark are skipped.
struct CSVRecords {
  /// One record, with the line that it begins on, counted from 1.
  struct Record {
    let line: Int
    let fields: [ArraySlice<UInt8>]

    /// A field as text, spaces around it left out.
    func text(_ index: Int) -> String {
      var field = fields[index]
      while let first = field.first, first == UInt8(ascii: " ") { field.removeFirst() }
      while let last = field.last, last == UInt8(ascii: " ") { field.removeLast() }
      return String(decoding: field, as: UTF8.self)
    }
  }

  /// What is no such file, and in which line.
  struct Mistake: Error {
    let line: Int
    let reason: String
  }

  private let bytes: [UInt8]
  private var position: Int
  private var line = 1

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The next record; nil at the end.
  ///
  /// - Complexity: linear in the bytes of the record.
  mutating func next() throws(Mistake) -> Record? {
    while position < bytes.count, isLineBreak(position) { skipLineBreak() }
    guard position < bytes.count else { return nil }
    let start = line
    var fields = [try field()]
    while position < bytes.count, bytes[position] == UInt8(ascii: ",") {
      position += 1
      fields.append(try field())
    }
    if position < bytes.count { skipLineBreak() }
    return Record(line: start, fields: fields)
  }

  private func isLineBreak(_ index: Int) -> Bool {
    bytes[index] == UInt8(ascii: "\n") || bytes[index] == UInt8(ascii: "\r")
  }

  private mutating func skipLineBreak() {
    if bytes[position] == UInt8(ascii: "\r"), position + 1 < bytes.count,
      bytes[position + 1] == UInt8(ascii: "\n")
    {
      position += 1
    }
    position += 1
    line += 1
  }

  /// Reads up to the comma or line break after a field.
  private mutating func field() throws(Mistake) -> ArraySlice<UInt8> {
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") { return try quotedField() }
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: ","), !isLineBreak(position) {
      position += 1
    }
    return bytes[start..<position]
  }

  private mutating func quotedField() throws(Mistake) -> ArraySlice<UInt8> {
    let opening = line
    var contents: [UInt8] = []
    position += 1
    while true {
      guard position < bytes.count else {
        throw Mistake(line: opening, reason: "a quotation mark is not closed")
      }
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { break }
      } else if byte == UInt8(ascii: "\n") {
        line += 1
      }
      contents.append(byte)
      position += 1
    }
    guard position == bytes.count || bytes[position] == UInt8(ascii: ",") || isLineBreak(position) else {
      throw Mistake(line: line, reason: "text follows a closing quotation mark")
    }
    return contents[...]
  }
}
