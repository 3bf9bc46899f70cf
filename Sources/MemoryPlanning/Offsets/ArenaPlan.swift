/// Where every tensor and every workspace lies in the arena: the file `memory-plan.json`.
///
/// Offsets and sizes are in bytes, steps are positions in the order, both ends included. A view and an in-place
/// result have the offset of the storage that they share; the result of an elided Concat is a view that begins where
/// its first input lies and reaches over the others. `Formats/MemoryPlan.schema.json` describes the file.
public struct ArenaPlan: Sendable, Hashable, Codable {
  /// The version of the format that this code reads and writes.
  public static let currentSchemaVersion = 1

  /// The version of the format.
  public let schemaVersion: Int
  /// Every offset is a multiple of this many bytes, but for storages that lie behind another one in the result of
  /// an elided Concat: they follow it without a gap, so that only the first one's offset can be chosen.
  public let alignment: Int
  /// Size of the arena: the largest end of a buffer, rounded up to the alignment.
  public let arenaBytes: Int
  /// Size that the arena would have without alignment; what it exceeds the live peak by is fragmentation.
  public let unpaddedArenaBytes: Int
  /// Every activation and every workspace: graph inputs first, then by step.
  public let buffers: [ArenaBuffer]
  /// The most bytes that are in use at any step; nil in a plan from elsewhere. No arena is smaller.
  public let livePeakBytes: Int?
  /// Whether it is proved that no arena for the same lifetimes and alignment is smaller; nil in a plan from elsewhere.
  public let isMinimal: Bool?

  /// Creates a plan of the current format version.
  public init(
    alignment: Int, arenaBytes: Int, unpaddedArenaBytes: Int, buffers: [ArenaBuffer],
    livePeakBytes: Int? = nil,
    isMinimal: Bool? = nil
  ) {
    schemaVersion = Self.currentSchemaVersion
    self.alignment = alignment
    self.arenaBytes = arenaBytes
    self.unpaddedArenaBytes = unpaddedArenaBytes
    self.buffers = buffers
    self.livePeakBytes = livePeakBytes
    self.isMinimal = isMinimal
  }

  /// What the arena without padding is larger than the live peak by, as a factor: 1 if nothing is lost; nil if the live
  /// peak is not recorded or 0.
  public var fragmentation: Double? {
    guard let livePeakBytes, livePeakBytes > 0 else { return nil }
    return Double(unpaddedArenaBytes) / Double(livePeakBytes)
  }

  /// The offset of a tensor, be it a buffer of its own, a view or an in-place result.
  ///
  /// - Complexity: linear in the buffers.
  public func offset(ofTensor name: String) -> Int? {
    buffers.first { $0.kind != .workspace && $0.name == name }?.offset
  }

  /// The offset of an operator's workspace, or nil if it has none.
  ///
  /// - Complexity: linear in the buffers.
  public func workspaceOffset(ofOperator name: String) -> Int? {
    buffers.first { $0.kind == .workspace && $0.storage == name }?.offset
  }

  /// Reads a plan; other versions of the format are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    schemaVersion = try container.decode(Int.self, forKey: .schemaVersion)
    guard schemaVersion == Self.currentSchemaVersion else {
      throw DecodingError.dataCorruptedError(
        forKey: .schemaVersion, in: container,
        debugDescription:
          "version \(schemaVersion) is unknown; this program reads \(Self.currentSchemaVersion)")
    }
    alignment = try container.decode(Int.self, forKey: .alignment)
    arenaBytes = try container.decode(Int.self, forKey: .arenaBytes)
    unpaddedArenaBytes = try container.decode(Int.self, forKey: .unpaddedArenaBytes)
    buffers = try container.decode([ArenaBuffer].self, forKey: .buffers)
    livePeakBytes = try container.decodeIfPresent(Int.self, forKey: .livePeakBytes)
    isMinimal = try container.decodeIfPresent(Bool.self, forKey: .isMinimal)
  }
}
