// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]
let tandem = Target.Dependency.product(name: "Tandem", package: "Tandem")

/// A command with options.
func command(_ name: String, _ others: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: name,
    dependencies: [
      "BenchmarkSupport", tandem, .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ] + others,
    swiftSettings: settings)
}

// A package of its own, so that nothing here slows the main build or becomes a dependency of it.
let package = Package(
  name: "Benchmarks",
  products: [
    .executable(name: "memory-scheduling", targets: ["MemoryScheduling"]),
    .executable(name: "kernel-server", targets: ["KernelServer"]),
    .executable(name: "schedule-tuning", targets: ["ScheduleStudies"]),
    .executable(name: "training-throughput", targets: ["TrainingThroughput"]),
    .executable(name: "accuracy-estimation", targets: ["AccuracyStudies"]),
  ],
  dependencies: [
    .package(name: "Tandem", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
  ],
  targets: [
    .target(name: "BenchmarkSupport", dependencies: [tandem], swiftSettings: settings),
    .target(name: "CRoofline"),
    .executableTarget(
      name: "KernelServer", dependencies: ["CRoofline", tandem], swiftSettings: settings),
    command("MemoryScheduling", [.product(name: "TandemTestSupport", package: "Tandem")]),
    command("ScheduleStudies"),
    command("AccuracyStudies"),
    command("TrainingThroughput"),
  ],
  swiftLanguageModes: [.v6]
)
