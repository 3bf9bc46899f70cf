// swift-tools-version: 6.1
import PackageDescription

// Targets are listed in the order in which data flows through the pipeline.
// A target imports only targets listed above it (Docs/Architecture.md).

let settings: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]

/// A test target with the targets that its tests name.
func tests(of target: String, _ others: [String] = []) -> Target {
  .testTarget(
    name: "\(target)Tests", dependencies: ([target, "TestSupport"] + others).map { .byName(name: $0) },
    swiftSettings: settings)
}

let tests: [Target] = [
  tests(of: "Foundations"),
  tests(of: "ComputationGraph"),
  tests(of: "ConfigurationFiles"),
  tests(of: "MemoryPlanning"),
  tests(of: "Kernels"),
  tests(of: "ONNXInterchange", ["MemoryPlanning", "Kernels"]),
  tests(of: "SearchSpaces"),
  tests(of: "Devices"),
  tests(of: "ScheduleTuning", ["Kernels", "SearchSpaces", "Devices"]),
  tests(of: "Training", ["Kernels"]),
  tests(of: "AccuracyEstimation", ["Training"]),
  tests(of: "MultiObjective"),
  tests(of: "CoSearch"),
  tests(of: "ExperimentStore", ["CoSearch"]),
  tests(of: "Deployment"),
  tests(of: "Reporting", ["CoSearch"]),
]

let package = Package(
  name: "Tandem",
  products: [
    .executable(name: "tandem", targets: ["tandem"]),
    .library(
      name: "Tandem",
      targets: [
        "ComputationGraph", "MemoryPlanning", "Kernels", "ONNXInterchange", "SearchSpaces", "Devices",
        "ScheduleTuning", "Training", "AccuracyEstimation", "MultiObjective", "CoSearch",
        "ExperimentStore", "Deployment", "Reporting",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Level 0: vocabulary and the C that Swift cannot express.
    .target(name: "Foundations", swiftSettings: settings),
    .target(name: "ComputationGraph", dependencies: ["Foundations"], swiftSettings: settings),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CMicrokernels"),
    .target(
      name: "ConfigurationFiles",
      dependencies: ["Foundations", .product(name: "Yams", package: "Yams")],
      swiftSettings: settings),

    // Level 1: one candidate's memory, kernels, files and choices.
    .target(
      name: "MemoryPlanning",
      dependencies: [
        "Foundations", "ComputationGraph",
        .product(name: "HeapModule", package: "swift-collections"),
      ],
      exclude: ["Formats"], swiftSettings: settings),
    .target(
      name: "Kernels",
      dependencies: [
        "Foundations", "ComputationGraph", "COpenBLAS", "CMicrokernels", "MemoryPlanning",
      ],
      swiftSettings: settings),
    .target(
      name: "ONNXInterchange",
      dependencies: [
        "Foundations", "ComputationGraph",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      swiftSettings: settings),
    .target(
      name: "SearchSpaces",
      dependencies: ["Foundations", "ComputationGraph", "ConfigurationFiles"],
      exclude: ["Formats"], swiftSettings: settings),
    .target(
      name: "Devices", dependencies: ["Foundations", "ConfigurationFiles"],
      exclude: ["Formats"], swiftSettings: settings),

    // Level 2: measuring and estimating.
    .target(
      name: "ScheduleTuning",
      dependencies: [
        "Foundations", "ComputationGraph", "MemoryPlanning", "Kernels", "SearchSpaces", "Devices",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      exclude: ["Formats"], swiftSettings: settings),
    .target(
      name: "Training",
      dependencies: [
        "Foundations", "ComputationGraph", "COpenBLAS", "CZlib", "CMicrokernels", "Kernels",
      ],
      swiftSettings: settings),
    .target(
      name: "AccuracyEstimation",
      dependencies: ["Foundations", "ComputationGraph", "Training"], swiftSettings: settings),
    .target(name: "MultiObjective", dependencies: ["Foundations"], swiftSettings: settings),

    // Level 3: the loop, its memory and its result.
    .target(
      name: "CoSearch",
      dependencies: [
        "Foundations", "ComputationGraph", "ConfigurationFiles", "MemoryPlanning", "Kernels",
        "SearchSpaces", "Devices", "ScheduleTuning", "Training", "AccuracyEstimation",
        "MultiObjective",
      ],
      exclude: ["Formats"], swiftSettings: settings),
    .target(
      name: "ExperimentStore",
      dependencies: [
        "Foundations", "SearchSpaces", "ScheduleTuning", "MultiObjective", "CoSearch",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: settings),
    .target(
      name: "Deployment",
      dependencies: [
        "Foundations", "ComputationGraph", "MemoryPlanning", "Kernels", "ONNXInterchange",
        "SearchSpaces", "Devices", "ScheduleTuning", "Training", "CoSearch",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      exclude: ["Formats"], swiftSettings: settings),

    // Levels 4 and 5: for people.
    .target(
      name: "Reporting",
      dependencies: [
        "Foundations", "ComputationGraph", "MemoryPlanning", "SearchSpaces", "Devices", "CoSearch",
      ],
      exclude: ["Formats"], swiftSettings: settings),
    .executableTarget(
      name: "tandem",
      dependencies: [
        "Foundations", "ComputationGraph", "ConfigurationFiles", "MemoryPlanning", "Kernels",
        "ONNXInterchange", "SearchSpaces", "Devices", "ScheduleTuning", "Training",
        "AccuracyEstimation", "MultiObjective", "CoSearch", "ExperimentStore", "Deployment",
        "Reporting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),

    // Tests: one target a room; TestSupport has generators and independent oracles.
    .target(
      name: "TestSupport",
      dependencies: ["Foundations", "ComputationGraph", "MemoryPlanning"], path: "Tests/TestSupport",
      swiftSettings: settings),
  ] + tests,
  swiftLanguageModes: [.v6]
)
