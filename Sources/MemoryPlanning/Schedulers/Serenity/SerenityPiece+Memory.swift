/// Memory of the steps of a piece, from the set of the operators executed in it.
extension SerenityPiece {
  /// Whether all predecessors of an operator are in `executed`.
  @inline(__always) func isReady(_ number: Int, _ executed: UnsafePointer<UInt64>) -> Bool {
    for other in predecessors[number] where !isMember(other, executed) { return false }
    return true
  }

  /// What `number` can overwrite only because all others that read it are in `executed`, as `number` is.
  @inline(__always) func overwrittenBytes(_ number: Int, _ executed: UnsafePointer<UInt64>) -> Int {
    for storage in sharedOverwritable[number] where isRead(Int(storage), executed) {
      return sharedBytes[Int(storage)]
    }
    return 0
  }

  /// What dies with `number` because all others that read it are in `executed`, as `number` is.
  @inline(__always) func freedBytes(_ number: Int, _ executed: UnsafePointer<UInt64>) -> Int {
    var bytes = 0
    for storage in sharedInputs[number] where isRead(Int(storage), executed) {
      bytes += sharedBytes[Int(storage)]
    }
    return bytes
  }

  /// The peak of an order of the piece's operators.
  func peakBytes(of order: [Int32]) -> Int {
    var executed = [UInt64](repeating: 0, count: (count + 63) / 64)
    var (live, peak) = (entryBytes, 0)
    for (step, number) in order.enumerated() {
      let index = Int(number)
      executed[index >> 6] |= 1 << UInt64(index & 63)
      let transient = live + (step == 0 ? firstStepBytes : 0) + runningBytes[index]
      peak = max(peak, transient - overwrittenBytes(index, executed))
      live += changeBytes[index] - freedBytes(index, executed)
    }
    return peak
  }

  @inline(__always) private func isRead(_ storage: Int, _ executed: UnsafePointer<UInt64>) -> Bool {
    for reader in sharedReaders[storage] where !isMember(reader, executed) { return false }
    return true
  }

  @inline(__always) private func isMember(_ number: Int32, _ executed: UnsafePointer<UInt64>) -> Bool {
    executed[Int(number) >> 6] >> UInt64(number & 63) & 1 == 1
  }
}
