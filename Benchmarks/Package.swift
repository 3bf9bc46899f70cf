// swift-tools-version: 6.1
import PackageDescription

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
    .target(
      name: "BenchmarkSupport", dependencies: [.product(name: "Tandem", package: "Tandem")],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    .executableTarget(
      name: "MemoryScheduling",
      dependencies: [
        "BenchmarkSupport",
        .product(name: "Tandem", package: "Tandem"),
        .product(name: "TandemTestSupport", package: "Tandem"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    .target(name: "CRoofline"),
    .executableTarget(
      name: "KernelServer",
      dependencies: ["CRoofline", .product(name: "Tandem", package: "Tandem")],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    .executableTarget(
      name: "ScheduleStudies",
      dependencies: [
        "BenchmarkSupport",
        .product(name: "Tandem", package: "Tandem"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    .executableTarget(
      name: "AccuracyStudies",
      dependencies: [
        "BenchmarkSupport",
        .product(name: "Tandem", package: "Tandem"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    .executableTarget(
      name: "TrainingThroughput",
      dependencies: [
        "BenchmarkSupport",
        .product(name: "Tandem", package: "Tandem"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
  ],
  swiftLanguageModes: [.v6]
)
