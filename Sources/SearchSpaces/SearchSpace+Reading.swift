import ConfigurationFiles
import Foundation
import Foundations

extension SearchSpace {
  /// The operator schedulers that a policy may name unless a caller says otherwise.
  public static let defaultSchedulers = ["file", "kahn", "rpo", "serenity", "hmcos", "fusion-ilp", "exact"]

  /// Reads a search space from a YAML file (`Formats/SearchSpace.schema.json` beside the source describes it).
  ///
  /// - Parameter schedulers: names that `policy.scheduler` may hold.
  /// - Throws: ``ConfigurationError`` naming file and line: unknown or missing keys, unknown operations and steps,
  ///   values out of range, operations that change an edge's shape, networks that cannot be built.
  public static func load(from url: URL, schedulers: [String] = defaultSchedulers)
    throws(ConfigurationError) -> SearchSpace
  {
    try SearchSpace(configuration: ConfigurationFile.read(url), schedulers: schedulers)
  }

  /// Reads a search space from a mapping whose `schemaVersion` has been checked; see ``load(from:schedulers:)``.
  public init(configuration: ConfigurationMapping, schedulers: [String] = defaultSchedulers)
    throws(ConfigurationError)
  {
    var reader = configuration
    let nameNode = try reader.node("name")
    name = try nameNode.string()
    try nameNode.checkName(name, what: "'name'")
    description = try reader.optionalString("description") ?? ""
    var hasher = StableHasher()
    hasher.combine(configuration.node.canonicalText)
    let digits = String(hasher.value, radix: 16)
    fingerprint = String(repeating: "0", count: 16 - digits.count) + digits

    let operationsNode = try reader.node("operations")
    let operationEntries = try operationsNode.mapping().entries
    var operations: [String: Operation] = [:]
    for entry in operationEntries {
      try entry.value.checkName(entry.key, what: "an operation's name")
      operations[entry.key] = try StepReader.operation(entry.value)
    }
    self.operations = operations
    operationNames = operationEntries.map(\.key)

    let cellsNode = try reader.node("cells")
    var cells: [CellSpecification] = []
    for entry in try cellsNode.mapping().entries {
      try entry.value.checkName(entry.key, what: "a cell's name")
      cells.append(try CellReader.cell(named: entry.key, entry.value, operations: operationNames))
    }
    guard !cells.isEmpty else { throw cellsNode.error("'cells' must have at least one cell") }
    self.cells = cells

    let networkNode = try reader.node("network")
    skeleton = try SkeletonReader.skeleton(networkNode, cells: cells.map(\.name))
    policyDecisions = try PolicyReader.decisions(reader.node("policy"), schedulers: schedulers)
    try reader.finish()
    architectureDecisions = skeleton.decisions + cells.flatMap(\.decisions)
    try check(operationEntries: operationEntries, cellsNode: cellsNode, networkNode: networkNode)
  }
}
