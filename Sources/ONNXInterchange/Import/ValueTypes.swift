import ComputationGraph

extension ElementType {
  /// The element type of an ONNX data type, or nil for strings and for types below one byte or without a
  /// counterpart.
  init?(_ type: Onnx_TensorProto.DataType) {
    switch type {
    case .float: self = .float32
    case .double: self = .float64
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .int8: self = .int8
    case .int16: self = .int16
    case .int32: self = .int32
    case .int64: self = .int64
    case .uint8: self = .uint8
    case .uint16: self = .uint16
    case .uint32: self = .uint32
    case .uint64: self = .uint64
    case .bool: self = .bool
    case .complex64: self = .complex64
    case .complex128: self = .complex128
    default: return nil
    }
  }
}

extension Onnx_TensorProto.DataType {
  /// Bits that one element of a type without a counterpart in ``ElementType`` occupies, or nil for strings.
  var packedBits: Int? {
    switch self {
    case .float8E4M3Fn, .float8E4M3Fnuz, .float8E5M2, .float8E5M2Fnuz, .float8E8M0: 8
    case .uint4, .int4, .float4E2M1: 4
    case .uint2, .int2: 2
    default: nil
    }
  }

  /// The type's name in the ONNX specification, or its number.
  static func describe(_ number: Int32) -> String {
    guard let type = Self(rawValue: Int(number)) else { return "number \(number)" }
    return "\(type)".uppercased()
  }
}

/// Shape and type of a value, as a file declares or implies it.
struct ValueType: Hashable {
  var shape: TensorShape
  var elementType: ElementType
}

/// What a file says about a value's type.
enum DeclaredType: Hashable {
  case known(ValueType)
  case dynamic(axis: Int, symbol: String)
  case unsupported(String)
  case invalid(String)
  case missing

  /// As many dimensions as a NumPy array can have; a file that gives more is damaged.
  static let largestRank = 64

  init(_ type: Onnx_TypeProto) {
    guard case .tensorType(let tensor)? = type.value else {
      switch type.value {
      case .sequenceType?: self = .unsupported("sequence")
      case .mapType?: self = .unsupported("map")
      case .optionalType?: self = .unsupported("optional")
      case .sparseTensorType?: self = .unsupported("sparse tensor")
      default: self = .missing
      }
      return
    }
    guard tensor.hasShape else {
      self = .missing
      return
    }
    guard tensor.shape.dim.count <= Self.largestRank else {
      self = .invalid("it has \(tensor.shape.dim.count) dimensions; at most \(Self.largestRank) are read")
      return
    }
    var extents: [Int] = []
    for (axis, dimension) in tensor.shape.dim.enumerated() {
      guard case .dimValue(let extent)? = dimension.value else {
        self = .dynamic(axis: axis, symbol: dimension.dimParam)
        return
      }
      guard extent > 0 else {
        self = .invalid("dimension \(axis) is \(extent); sizes must be positive")
        return
      }
      extents.append(Int(extent))
    }
    guard let known = Onnx_TensorProto.DataType(rawValue: Int(tensor.elemType)),
      let elementType = ElementType(known)
    else {
      self = .unsupported(Onnx_TensorProto.DataType.describe(tensor.elemType))
      return
    }
    self = .known(ValueType(shape: TensorShape(extents), elementType: elementType))
  }
}
