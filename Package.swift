// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is built in the Swift 6 language mode with the same upcoming features,
/// so that a file can move between modules without changing meaning.
let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  // Tests run in release builds: with the same flags as the program, so that neither builds anew
  // what the other has built.
  .unsafeFlags(["-enable-testing"], .when(configuration: .release)),
]

/// The modules, top to bottom in the one direction of dependency (see ARCHITECTURE.md).
let package = Package(
  name: "Ponder",
  products: [
    .executable(name: "ponder", targets: ["ponder"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    .systemLibrary(name: "CNcurses", providers: [.apt(["libncurses-dev"])]),
    // Unoptimised kernels would make debug builds, and tests in them, fifty times slower.
    .target(
      name: "CKernels", cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))]),
    .target(name: "Decoding", swiftSettings: swiftSettings),
    .target(name: "Engine", dependencies: ["CKernels", "Decoding"], swiftSettings: swiftSettings),
    .target(name: "CTransfer"),
    .target(
      name: "ModelStores", dependencies: ["CTransfer", "Engine"], swiftSettings: swiftSettings),
    .target(
      name: "Training", dependencies: ["CKernels", "Decoding", "Engine"],
      swiftSettings: swiftSettings),
    .target(name: "Jinja", swiftSettings: swiftSettings),
    .target(name: "Problems", swiftSettings: swiftSettings),
    .target(
      name: "Traces", dependencies: ["Decoding", "Problems"], swiftSettings: swiftSettings),
    .target(
      name: "Reasoning", dependencies: ["Decoding", "Jinja", "Problems", "Traces"],
      swiftSettings: swiftSettings),
    .target(
      name: "Measuring", dependencies: ["Decoding", "Problems", "Reasoning", "Traces"],
      swiftSettings: swiftSettings),
    .target(
      name: "Learning",
      dependencies: [
        "Decoding", "Engine", "Measuring", "Problems", "Reasoning", "Traces", "Training",
      ],
      swiftSettings: swiftSettings),
    .target(name: "TerminalUI", dependencies: ["Yams"], swiftSettings: swiftSettings),
    .target(
      name: "NcursesTerminal", dependencies: ["CNcurses", "TerminalUI"],
      swiftSettings: swiftSettings),
    .target(
      name: "Playground",
      dependencies: [
        "Decoding", "Learning", "Measuring", "Problems", "Reasoning", "TerminalUI", "Traces",
        "Training",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Serving",
      dependencies: [
        "Decoding", "Problems", "Traces", .product(name: "FlyingSocks", package: "FlyingFox"),
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "RemoteModels", dependencies: ["CTransfer", "Decoding", "Serving"],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "ponder",
      dependencies: [
        "Decoding", "Engine", "Jinja", "Learning", "Measuring", "ModelStores", "NcursesTerminal",
        "Playground", "Problems", "Reasoning", "RemoteModels", "Serving", "TerminalUI", "Traces",
        "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    // What several test targets share; no part of the product.
    .target(
      name: "DecodingFixtures", dependencies: ["Decoding"], path: "Tests/DecodingFixtures",
      swiftSettings: swiftSettings),
    .target(
      name: "EngineFixtures", dependencies: ["Decoding", "Engine"], path: "Tests/EngineFixtures",
      swiftSettings: swiftSettings),
    .target(
      name: "TerminalFixtures", dependencies: ["TerminalUI"], path: "Tests/TerminalFixtures",
      swiftSettings: swiftSettings),
    .target(
      name: "StrategyFixtures",
      dependencies: ["Decoding", "DecodingFixtures", "Problems", "Reasoning", "Traces"],
      path: "Tests/StrategyFixtures", swiftSettings: swiftSettings),
    .target(
      name: "LearningFixtures",
      dependencies: ["Decoding", "DecodingFixtures", "Engine", "Problems", "Training"],
      path: "Tests/LearningFixtures", swiftSettings: swiftSettings),
    .testTarget(
      name: "DecodingTests", dependencies: ["Decoding", "DecodingFixtures"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "EngineTests", dependencies: ["CKernels", "Decoding", "Engine", "EngineFixtures"],
      swiftSettings: swiftSettings),
    .testTarget(name: "JinjaTests", dependencies: ["Jinja"], swiftSettings: swiftSettings),
    .testTarget(
      name: "ModelStoresTests", dependencies: ["Engine", "ModelStores"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ServingTests", dependencies: ["Decoding", "DecodingFixtures", "Serving", "Traces"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "RemoteModelsTests",
      dependencies: [
        "Decoding", "DecodingFixtures", "Problems", "Reasoning", "RemoteModels", "Serving",
        "Traces",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TrainingTests",
      dependencies: ["CKernels", "Decoding", "Engine", "EngineFixtures", "Training"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "LearningTests",
      dependencies: [
        "Decoding", "DecodingFixtures", "Engine", "EngineFixtures", "Learning",
        "LearningFixtures", "Measuring", "Problems", "Reasoning", "Traces", "Training",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ReasoningTests",
      dependencies: [
        "Decoding", "DecodingFixtures", "Measuring", "Problems", "Reasoning", "StrategyFixtures",
        "Traces",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TerminalUITests", dependencies: ["TerminalFixtures", "TerminalUI"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "PlaygroundTests",
      dependencies: [
        "Decoding", "DecodingFixtures", "Learning", "LearningFixtures", "Measuring", "Playground",
        "Problems",
        "Reasoning", "StrategyFixtures", "TerminalFixtures", "TerminalUI", "Traces", "Training",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "Decoding", "Engine", "EngineFixtures", "Learning", "Measuring", "Playground", "Problems",
        "Reasoning", "StrategyFixtures", "TerminalUI", "Traces", "Training", "ponder",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),
  ]
)
