/// Rows of different lengths in one buffer.
final class CompressedRows {
  private let values: UnsafeMutablePointer<Int32>
  private let starts: UnsafeMutablePointer<Int32>

  init(_ rows: [[Int]]) {
    values = .allocate(capacity: max(1, rows.reduce(0) { $0 + $1.count }))
    starts = .allocate(capacity: rows.count + 1)
    var position = 0
    for (index, row) in rows.enumerated() {
      starts[index] = Int32(position)
      for value in row {
        values[position] = Int32(value)
        position += 1
      }
    }
    starts[rows.count] = Int32(position)
  }

  deinit {
    values.deallocate()
    starts.deallocate()
  }

  @inline(__always) subscript(row: Int) -> UnsafeBufferPointer<Int32> {
    let start = starts[row]
    return UnsafeBufferPointer(start: values + Int(start), count: Int(starts[row + 1] - start))
  }
}
