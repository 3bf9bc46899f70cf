// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]

/// A library target; `formats` says that it has a folder of JSON Schemas and golden examples beside its readers.
func library(
  _ name: String, _ dependencies: [Target.Dependency] = [], formats: Bool = false, path: String? = nil
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path, exclude: formats ? ["Formats"] : [],
    swiftSettings: settings)
}

/// A test target with what its files import besides the target itself.
func tests(of target: String, _ imports: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(target)Tests", dependencies: [.byName(name: target)] + imports, swiftSettings: settings)
}

// In the order in which data flows: a target imports only targets listed above it (Docs/Architecture.md).
let targets: [Target] = [
  // Level 0: vocabulary, and the C that Swift cannot express.
  library("Foundations"),
  library("ComputationGraph", ["Foundations"]),
  .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .target(name: "CMicrokernels"),
  .target(name: "CHiGHS"),
  library("ConfigurationFiles", ["Foundations", .product(name: "Yams", package: "Yams")]),

  // Level 1: one candidate's memory, kernels, files and choices.
  library(
    "MemoryPlanning",
    [
      "Foundations", "ComputationGraph", "CHiGHS", .product(name: "HeapModule", package: "swift-collections"),
    ],
    formats: true),
  library("Kernels", ["Foundations", "ComputationGraph", "COpenBLAS", "CMicrokernels", "MemoryPlanning"]),
  library(
    "ONNXInterchange",
    [
      "Foundations", "ComputationGraph", "MemoryPlanning",
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ]),
  library("SearchSpaces", ["Foundations", "ComputationGraph", "ConfigurationFiles"], formats: true),
  library("Devices", ["ConfigurationFiles"], formats: true),

  // Level 2: measuring and estimating.
  library(
    "ScheduleTuning",
    [
      "Foundations", "ComputationGraph", "MemoryPlanning", "Kernels", "SearchSpaces", "Devices",
      .product(name: "Crypto", package: "swift-crypto"),
    ], formats: true),
  library("Training", ["Foundations", "ComputationGraph", "CZlib", "CMicrokernels", "Kernels"]),
  library("AccuracyEstimation", ["Foundations", "ComputationGraph", "SearchSpaces", "Training"]),
  library("MultiObjective", ["Foundations"]),

  // Level 3: the loop, its memory and its result.
  library(
    "CoSearch",
    [
      "Foundations", "ComputationGraph", "ConfigurationFiles", "MemoryPlanning", "Kernels", "SearchSpaces",
      "Devices",
      "ScheduleTuning", "Training", "AccuracyEstimation", "MultiObjective",
    ], formats: true),
  library(
    "ExperimentStore",
    [
      "Foundations", "ConfigurationFiles", "MemoryPlanning", "SearchSpaces", "Devices", "ScheduleTuning",
      "AccuracyEstimation", "CoSearch", .product(name: "GRDB", package: "GRDB.swift"),
    ]),
  library(
    "Deployment",
    [
      "Foundations", "ComputationGraph", "MemoryPlanning", "Kernels", "ONNXInterchange", "SearchSpaces",
      "Devices",
      "ScheduleTuning", .product(name: "Crypto", package: "swift-crypto"),
    ], formats: true),

  // Levels 4 and 5: for people.
  library(
    "Reporting",
    [
      "Foundations", "ComputationGraph", "MemoryPlanning", "ONNXInterchange", "SearchSpaces", "Devices",
      "ScheduleTuning", "CoSearch",
    ],
    formats: true),
  .executableTarget(
    name: "tandem",
    dependencies: [
      "Foundations", "ComputationGraph", "ConfigurationFiles", "MemoryPlanning", "Kernels", "ONNXInterchange",
      "SearchSpaces", "Devices", "ScheduleTuning", "Training", "CoSearch", "ExperimentStore", "Deployment",
      "Reporting",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    swiftSettings: settings),

  // Tests: one target a room; TestSupport has seeded generators and independent oracles.
  library("TestSupport", ["Foundations", "ComputationGraph", "MemoryPlanning"], path: "Tests/TestSupport"),
  tests(of: "Foundations"),
  tests(of: "ComputationGraph"),
  tests(of: "ConfigurationFiles", ["Foundations"]),
  tests(of: "MemoryPlanning", ["Foundations", "ComputationGraph", "TestSupport"]),
  tests(of: "Kernels", ["Foundations", "ComputationGraph", "MemoryPlanning", "CMicrokernels"]),
  tests(
    of: "ONNXInterchange", ["Foundations", "ComputationGraph", "MemoryPlanning", "Kernels", "TestSupport"]),
  tests(of: "SearchSpaces", ["Foundations", "ComputationGraph", "ConfigurationFiles"]),
  tests(of: "Devices", ["ConfigurationFiles"]),
  tests(
    of: "ScheduleTuning",
    ["Foundations", "ComputationGraph", "MemoryPlanning", "Kernels", "SearchSpaces", "Devices"]),
  tests(of: "Training", ["Foundations", "ComputationGraph", "CZlib", "Kernels"]),
  tests(of: "AccuracyEstimation", ["Foundations", "ComputationGraph", "SearchSpaces", "Training"]),
  tests(of: "MultiObjective", ["Foundations"]),
  tests(
    of: "CoSearch",
    [
      "Foundations", "ComputationGraph", "ConfigurationFiles", "MemoryPlanning", "SearchSpaces", "Devices",
      "Kernels",
      "ScheduleTuning", "Training", "AccuracyEstimation",
    ]),
  tests(
    of: "ExperimentStore",
    [
      "Foundations", "ComputationGraph", "MemoryPlanning", "Kernels", "SearchSpaces", "Devices",
      "ScheduleTuning",
      "Training",
      "AccuracyEstimation", "CoSearch", .product(name: "GRDB", package: "GRDB.swift"),
    ]),
  tests(
    of: "Deployment",
    [
      "Foundations", "ComputationGraph", "MemoryPlanning", "Kernels", "ONNXInterchange", "SearchSpaces",
      "Devices",
      "ScheduleTuning", "TestSupport",
    ]),
  tests(of: "Reporting", ["Foundations", "ComputationGraph", "MemoryPlanning", "ONNXInterchange"]),
  .executableTarget(
    name: "ScheduleBatch",
    dependencies: [
      "Foundations", "ComputationGraph", "MemoryPlanning", "ONNXInterchange", "Reporting", "TestSupport",
    ],
    path: "Tests/ScheduleBatch", swiftSettings: settings),
  .testTarget(
    name: "EndToEndTests",
    dependencies: [
      "tandem", "ScheduleBatch", "ComputationGraph", "Kernels", "MemoryPlanning", "ONNXInterchange",
      "Foundations", "SearchSpaces", "ScheduleTuning", "Training", "CoSearch", "ExperimentStore",
      "Deployment",
      "TestSupport",
    ],
    swiftSettings: settings),
]

let package = Package(
  name: "Tandem",
  products: [
    .executable(name: "tandem", targets: ["tandem"]),
    .library(
      name: "Tandem",
      targets: [
        "Foundations", "ComputationGraph", "MemoryPlanning", "Kernels", "ONNXInterchange", "SearchSpaces",
        "Devices", "ScheduleTuning", "Training", "AccuracyEstimation", "MultiObjective", "CoSearch",
        "ExperimentStore", "Deployment", "Reporting",
      ]),
    // Published networks, random graphs and oracles, for Benchmarks/.
    .library(name: "TandemTestSupport", targets: ["TestSupport"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: targets,
  swiftLanguageModes: [.v6]
)
