import ComputationGraph
import Foundation
import ONNXInterchange
import ScheduleTuning
import SearchSpaces

/// Tables of kernel schedules for models.
enum KernelTables {
  /// What a uniform row tile amounts to for a model's operators.
  static func table(of model: String, rowTile: Int) throws -> KernelScheduleTable {
    let executable = try ONNXModel.load(from: URL(fileURLWithPath: model)).executable()
    let policy = SchedulingPolicy(fusion: .activation, scheduler: "rpo", rowTile: .rows(rowTile))
    let bounded = try NetworkPlanner.bound(training: executable.graph, policy: policy)
    return KernelScheduleTable(try NetworkPlanner.plan(bounded, alignment: 64))
  }
}
