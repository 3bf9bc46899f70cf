/// What the proof of an exact schedule rests on.
///
/// Either the initial bound was met, which ``ExactVerifier`` can check by itself, or the bound was raised step by
/// step, each time because no order that begins with the committed operators fits in less.
public struct ExactCertificate: Codable, Hashable, Sendable {
  /// How the first lower bound was found.
  public enum Source: String, Codable, Sendable {
    /// The operator alone needs that much.
    case trivial
    /// No set of operators that can have run before the operator leaves less live: a minimum cut.
    case forcedPassage
  }

  /// A lower bound of every order's peak and the operator that forces it.
  public struct InitialBound: Codable, Hashable, Sendable {
    /// The bound.
    public let bytes: Int
    /// Where it comes from.
    public let source: Source
    /// The operator's index; nil for a graph without operators.
    public let operatorIndex: Int?
    /// Its name; empty for a graph without operators.
    public let operatorName: String
    /// The minimum cuts that were computed to find it.
    public let cuts: Int

    /// Creates a record.
    public init(bytes: Int, source: Source, operatorIndex: Int?, operatorName: String, cuts: Int) {
      self.bytes = bytes
      self.source = source
      self.operatorIndex = operatorIndex
      self.operatorName = operatorName
      self.cuts = cuts
    }
  }

  /// A bound that was proved too low, and the least that was blocked by it.
  public struct Raise: Codable, Hashable, Sendable {
    /// The bound within which no order fits.
    public let fromBytes: Int
    /// The least transient that did not fit: the next bound.
    public let toBytes: Int
    /// States of the region that was searched through last; 0 where the first step alone, with the graph inputs
    /// that nobody reads, forces the raise.
    public let closedStates: Int
    /// Operators committed before the region.
    public let committedOperators: Int

    /// Creates a record.
    public init(fromBytes: Int, toBytes: Int, closedStates: Int, committedOperators: Int) {
      self.fromBytes = fromBytes
      self.toBytes = toBytes
      self.closedStates = closedStates
      self.committedOperators = committedOperators
    }
  }

  /// The version of the format that this build writes and reads.
  public static let currentSchemaVersion = 1

  /// The version of the format.
  public let schemaVersion: Int
  /// The first lower bound.
  public let initialBound: InitialBound
  /// How it rose from there to ``boundBytes``, without gaps.
  public let raises: [Raise]
  /// How often the search committed to operators for good.
  public let commits: Int
  /// States that the search expanded.
  public let expandedStates: Int
  /// The lower bound that is proved in the end.
  public let boundBytes: Int
  /// The peak of the schedule.
  public let peakBytes: Int

  /// Whether the schedule's peak is proved to be the lowest.
  public var isOptimal: Bool { peakBytes == boundBytes }

  /// Whether the initial bound was met, so that the proof can be checked without a search.
  public var meetsInitialBound: Bool { peakBytes == initialBound.bytes }

  /// Creates a record of the current version.
  public init(
    initialBound: InitialBound, raises: [Raise] = [], commits: Int = 0, expandedStates: Int = 0,
    boundBytes: Int, peakBytes: Int
  ) {
    schemaVersion = Self.currentSchemaVersion
    self.initialBound = initialBound
    self.raises = raises
    self.commits = commits
    self.expandedStates = expandedStates
    self.boundBytes = boundBytes
    self.peakBytes = peakBytes
  }

  /// Reads a certificate; other versions of the format are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    schemaVersion = try container.decode(Int.self, forKey: .schemaVersion)
    guard schemaVersion == Self.currentSchemaVersion else {
      throw DecodingError.dataCorruptedError(
        forKey: .schemaVersion, in: container,
        debugDescription:
          "version \(schemaVersion) is unknown; this program reads \(Self.currentSchemaVersion)")
    }
    initialBound = try container.decode(InitialBound.self, forKey: .initialBound)
    raises = try container.decode([Raise].self, forKey: .raises)
    commits = try container.decode(Int.self, forKey: .commits)
    expandedStates = try container.decode(Int.self, forKey: .expandedStates)
    boundBytes = try container.decode(Int.self, forKey: .boundBytes)
    peakBytes = try container.decode(Int.self, forKey: .peakBytes)
  }
}
