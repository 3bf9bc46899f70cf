/// The static shape of a tensor, outermost dimension first (images are N, C, H, W).
public struct TensorShape: Hashable, Codable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  /// The extent of each dimension; a scalar has none. Extents are not negative.
  public let dimensions: [Int]

  /// Creates a shape. - Precondition: no extent is negative; readers of files check before they call.
  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 >= 0 }, "negative extent in \(dimensions)")
    self.dimensions = dimensions
  }

  /// Creates a shape from a literal such as `[1, 16, 28, 28]`.
  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// The number of dimensions.
  public var rank: Int { dimensions.count }

  /// The extent of one dimension.
  public subscript(axis: Int) -> Int { dimensions[axis] }

  /// The number of elements, or nil if it does not fit an `Int`.
  public var checkedElementCount: Int? {
    if dimensions.contains(0) { return 0 }
    var count = 1
    for extent in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      count = product
    }
    return count
  }

  /// The number of elements. Shapes inside a ``Graph`` never overflow: its construction checks them.
  public var elementCount: Int {
    guard let count = checkedElementCount else { preconditionFailure("the size of \(self) overflows") }
    return count
  }

  /// The extents joined with `×`, or `scalar`.
  public var description: String {
    dimensions.isEmpty ? "scalar" : dimensions.map(String.init).joined(separator: "×")
  }

  /// Encodes as a plain array.
  public func encode(to encoder: any Encoder) throws { try dimensions.encode(to: encoder) }

  /// Decodes from a plain array; negative extents are refused.
  public init(from decoder: any Decoder) throws {
    let decoded = try [Int](from: decoder)
    guard decoded.allSatisfy({ $0 >= 0 }) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "negative extent in \(decoded)"))
    }
    self.init(decoded)
  }
}
