import CMicrokernels
import ComputationGraph

/// The valid taps of a window at every position of one dimension, for the gather kernels.
struct WindowTaps: Sendable {
  /// For position i the taps starts[i] ..< starts[i + 1].
  private(set) var starts: [Int32] = [0]
  private(set) var taps: [tk_tap] = []

  /// Forward: position r of the result reads r · stride + tap · dilation − padding.
  static func forward(
    results: Int, sources: Int, kernel: Int, stride: Int, padding: Int, dilation: Int
  ) -> WindowTaps {
    WindowTaps(results: results, kernel: kernel) { result, tap in
      let source = result * stride + tap * dilation - padding
      return (0..<sources).contains(source) ? source : nil
    }
  }

  /// Backward: position s of the input reads the gradient of every result that read it.
  static func backward(
    results: Int, sources: Int, kernel: Int, stride: Int, padding: Int, dilation: Int
  ) -> WindowTaps {
    WindowTaps(results: sources, kernel: kernel) { source, tap in
      let scaled = source + padding - tap * dilation
      guard scaled >= 0, scaled % stride == 0, scaled / stride < results else { return nil }
      return scaled / stride
    }
  }

  private init(results: Int, kernel: Int, source: (Int, Int) -> Int?) {
    for result in 0..<results {
      for tap in 0..<kernel {
        if let position = source(result, tap) {
          taps.append(tk_tap(source: Int32(position), tap: Int32(tap)))
        }
      }
      starts.append(Int32(taps.count))
    }
  }
}

/// Taps of both dimensions at addresses that C structures can hold.
final class TapTable: @unchecked Sendable {
  // Unchecked because of the pointers; nothing is written after the initialiser.
  let rowStarts: UnsafePointer<Int32>
  let rowTaps: UnsafePointer<tk_tap>
  let columnStarts: UnsafePointer<Int32>
  let columnTaps: UnsafePointer<tk_tap>

  init(rows: WindowTaps, columns: WindowTaps) {
    rowStarts = Self.copy(rows.starts)
    rowTaps = Self.copy(rows.taps)
    columnStarts = Self.copy(columns.starts)
    columnTaps = Self.copy(columns.taps)
  }

  /// The taps of a window that moves over an image of `source` and gives `result`.
  convenience init(window: Window2D, source: Size2D, result: Size2D, backward: Bool) {
    let make = backward ? WindowTaps.backward : WindowTaps.forward
    self.init(
      rows: make(
        result.height, source.height, window.kernel.height, window.stride.height, window.padding.top,
        window.dilation.height),
      columns: make(
        result.width, source.width, window.kernel.width, window.stride.width, window.padding.left,
        window.dilation.width))
  }

  deinit {
    rowStarts.deallocate()
    rowTaps.deallocate()
    columnStarts.deallocate()
    columnTaps.deallocate()
  }

  private static func copy<Element>(_ array: [Element]) -> UnsafePointer<Element> {
    let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(array.count, 1))
    pointer.initialize(from: array, count: array.count)
    return UnsafePointer(pointer)
  }
}
