import ComputationGraph
import Foundation

extension Onnx_TensorProto {
  /// The type of the elements, if each occupies whole bytes.
  var denseElementType: ElementType? {
    DataType(rawValue: Int(dataType)).flatMap(ElementType.init)
  }

  /// Whether the values are not in the file, be it because they are kept elsewhere or because they were stripped.
  var isWithoutValues: Bool {
    dataLocation == .external
      || (rawData.isEmpty && floatData.isEmpty && int32Data.isEmpty && int64Data.isEmpty && doubleData.isEmpty
        && uint64Data.isEmpty && stringData.isEmpty)
  }

  /// The tensor without its values.
  var outline: Onnx_TensorProto {
    var result = Onnx_TensorProto()
    result.name = name
    result.dims = dims
    result.dataType = dataType
    return result
  }

  /// Items that the typed field of the element type holds in all, or nil if the type has none.
  private var typedItems: (count: Int, perElement: Int)? {
    switch denseElementType {
    case .float32?: (floatData.count, 1)
    case .complex64?: (floatData.count, 2)
    case .float64?: (doubleData.count, 1)
    case .complex128?: (doubleData.count, 2)
    case .int64?: (int64Data.count, 1)
    case .uint32?, .uint64?: (uint64Data.count, 1)
    case nil: nil
    default: (int32Data.count, 1)
    }
  }

  /// What is wrong with the number of the values, or nil.
  package var payloadFault: String? {
    guard !isWithoutValues, let elementType = denseElementType else { return nil }
    let count = dims.reduce(1) { $0 * Int($1) }
    if !rawData.isEmpty {
      let expected = count * elementType.byteWidth
      return rawData.count == expected
        ? nil : "it holds \(rawData.count) bytes, but its shape needs \(expected)"
    }
    guard let (found, perElement) = typedItems else { return nil }
    return found == count * perElement
      ? nil : "it holds \(found / perElement) values of its type, but its shape needs \(count)"
  }

  /// The elements in `range` along `axis`, under a new name. Values that are not in the file stay out of it.
  ///
  /// - Precondition: the type is known, ``payloadFault`` is nil and the range lies within the axis.
  /// - Complexity: linear in the elements.
  package func slice(axis: Int, range: Range<Int>, named newName: String) -> Onnx_TensorProto {
    let extents = dims.map(Int.init)
    let outer = extents[..<axis].reduce(1, *)
    let inner = extents[(axis + 1)...].reduce(1, *)
    var result = Onnx_TensorProto()
    result.name = newName
    result.dims = dims
    result.dims[axis] = Int64(range.count)
    result.dataType = dataType
    if dataLocation == .external {
      result.dataLocation = .external
      result.externalData = externalSlice(
        isContiguous: outer == 1, firstElement: range.lowerBound * inner, count: range.count * inner,
        named: newName)
      return result
    }
    func cut<Items: RangeReplaceableCollection & RandomAccessCollection>(_ items: Items, perElement: Int)
      -> Items
    where Items.Index == Int {
      var part = Items()
      guard !items.isEmpty else { return part }
      let (row, start) = (extents[axis] * inner * perElement, range.lowerBound * inner * perElement)
      part.reserveCapacity(outer * range.count * inner * perElement)
      for index in 0..<outer {
        let first = items.startIndex + index * row + start
        part.append(contentsOf: items[first..<first + range.count * inner * perElement])
      }
      return part
    }
    guard rawData.isEmpty else {
      result.rawData = cut(rawData, perElement: denseElementType?.byteWidth ?? 1)
      return result
    }
    switch denseElementType {
    case .float32?: result.floatData = cut(floatData, perElement: 1)
    case .complex64?: result.floatData = cut(floatData, perElement: 2)
    case .float64?: result.doubleData = cut(doubleData, perElement: 1)
    case .complex128?: result.doubleData = cut(doubleData, perElement: 2)
    case .int64?: result.int64Data = cut(int64Data, perElement: 1)
    case .uint32?, .uint64?: result.uint64Data = cut(uint64Data, perElement: 1)
    default: result.int32Data = cut(int32Data, perElement: 1)
    }
    return result
  }

  /// Where a slice lies in another file: in the same one if its bytes are a range there. If they are not, they are
  /// in no file, and the location is a name of its own, so that nobody takes other bytes for them.
  private func externalSlice(isContiguous: Bool, firstElement: Int, count: Int, named name: String)
    -> [Onnx_StringStringEntryProto]
  {
    func entry(_ key: String, _ value: String) -> Onnx_StringStringEntryProto {
      var entry = Onnx_StringStringEntryProto()
      (entry.key, entry.value) = (key, value)
      return entry
    }
    let location = externalData.first { $0.key == "location" }?.value ?? ""
    let offset = externalData.first { $0.key == "offset" }.map { Int($0.value) } ?? 0
    let width = denseElementType?.byteWidth ?? 1
    if isContiguous, let offset, (0..<1 << 50).contains(offset), firstElement < 1 << 50 {
      return [
        entry("location", location), entry("offset", "\(offset + firstElement * width)"),
        entry("length", "\(count * width)"),
      ]
    }
    return [entry("location", "\(location).\(name.map { $0 == "/" ? "_" : "\($0)" }.joined())")]
  }
}
