import ComputationGraph
import Kernels

extension KernelSchedule {
  /// The uniform row tiles that ``RowTile/fit`` chooses from per operator: rows, nil for the whole image.
  ///
  /// Ascending, so that the first one needs the least workspace everywhere.
  public static let fittedRowTiles: [Int?] = [1, 2, 4, 8, nil]

  /// The kernel schedules that an operator can be given under ``RowTile/fit``, the smallest workspace first.
  ///
  /// Tiles that come to the same schedule count once: most operators have a single option.
  public static func fittedOptions(for id: OperatorID, in graph: Graph) -> [KernelSchedule] {
    var options: [KernelSchedule] = []
    for rowTile in fittedRowTiles {
      let option = choose(for: id, in: graph, rowTile: rowTile)
      if options.last != option { options.append(option) }
    }
    return options
  }
}
