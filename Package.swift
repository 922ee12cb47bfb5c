// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// With P2PMIRROR_OPTIMIZE in the environment, as the programs in hack/ have it, sources are optimized in debug builds
/// too: the planner's searches and the simulated fleets of the tests run seven times as fast, for a build that takes a
/// quarter longer. Not otherwise, because a package with unsafe flags can't be a dependency of another.
let optimized: [SwiftSetting] =
    Context.environment["P2PMIRROR_OPTIMIZE"] == nil ? [] : [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// With P2PMIRROR_FUZZ, as hack/fuzz has it, sources are compiled for libFuzzer, and the readers of FuzzTests become a
/// program in place of tests. It is built beside everything else, for nothing can be shared.
let isFuzzing = Context.environment["P2PMIRROR_FUZZ"] != nil
let instrumented: [SwiftSetting] = isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : []

func target(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + optimized + instrumented)
}

/// Files that tests read by their path are left out of the build.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

/// What several targets of tests share; it stands beside them.
func testSupport(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

/// Readers of what comes from outside, fed with any bytes.
let fuzzing: Target = {
    let dependencies: [Target.Dependency] = [
        "KubeCore", "KubeClient", "Telemetry", "MirrorAPI", "MirrorPlanner", "MirrorAgent",
    ]
    guard isFuzzing else {
        return tests("FuzzTests", dependencies, exclude: ["Corpus", "Driver", "Snapshots"])
    }
    return .executableTarget(
        name: "fuzz",
        dependencies: dependencies,
        path: "Tests/FuzzTests",
        exclude: ["Corpus", "ReplayTests.swift", "Snapshots"],
        swiftSettings: strict + optimized,
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]
    )
}()

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let http: Target.Dependency = .product(name: "FlyingFox", package: "FlyingFox")
let sockets: Target.Dependency = .product(name: "FlyingSocks", package: "FlyingFox")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "p2pmirror",
    products: [
        .executable(name: "p2pmirror", targets: ["p2pmirror"]),
        .executable(name: "p2pmirror-sandbox", targets: ["p2pmirror-sandbox"]),
        .library(name: "KubeCore", targets: ["KubeCore"]),
        .library(name: "KubeClient", targets: ["KubeClient"]),
        .library(name: "KubeRuntime", targets: ["KubeRuntime"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CXattr"),

        target("KubeCore", ["CYAML"]),
        target("KubeClient", ["KubeCore", "CCurl", heap, subprocess, system]),
        target("KubeRuntime", ["KubeCore", heap, log, metrics]),
        target("Telemetry", ["KubeCore", log, coreMetrics]),
        target("MirrorAPI", ["KubeCore"]),
        target("MirrorPlanner", ["KubeCore", "MirrorAPI"]),
        target(
            "MirrorOperator",
            ["KubeCore", "KubeRuntime", "MirrorAPI", "MirrorPlanner", "Telemetry", log, coreMetrics]
        ),
        target(
            "MirrorAgent",
            [
                "CXattr", "KubeCore", "KubeRuntime", "MirrorAPI", "MirrorPlanner", "Telemetry", subprocess, log,
            ]
        ),
        target(
            "MirrorSandbox",
            [
                "KubeCore", "KubeClient", "MirrorAPI", "MirrorPlanner", "MirrorOperator", "MirrorAgent", http,
                sockets, subprocess, system, log,
            ]
        ),
        target(
            "MirrorCommands",
            [
                "KubeCore", "KubeClient", "KubeRuntime", "Telemetry", "MirrorAPI", "MirrorPlanner", "MirrorOperator",
                "MirrorAgent", arguments, log, metrics,
            ]
        ),
        target(
            "SandboxCommands",
            [
                "KubeCore", "KubeClient", "MirrorAPI", "MirrorPlanner", "MirrorCommands", "MirrorSandbox", arguments,
                log,
            ]
        ),
        .executableTarget(name: "p2pmirror", dependencies: ["MirrorCommands"], swiftSettings: strict),
        .executableTarget(name: "p2pmirror-sandbox", dependencies: ["SandboxCommands"], swiftSettings: strict),
        // In no product: hack/bench builds it.
        .executableTarget(
            name: "bench",
            dependencies: [
                "KubeCore", "KubeClient", "KubeRuntime", "MirrorAPI", "MirrorPlanner", "MirrorOperator",
                "MirrorSandbox", "Telemetry", "CCurl", arguments, log,
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "TeamLabels",
            dependencies: ["KubeCore", "KubeClient", "KubeRuntime", log],
            path: "docs/examples/TeamLabels",
            exclude: ["teams.yaml"],
            swiftSettings: strict
        ),

        testSupport("KubeTestSupport", ["KubeClient", "KubeCore"]),
        testSupport("KubectlTesting", ["KubeCore", subprocess, system]),
        testSupport("MirrorAPITesting", ["MirrorAPI", "KubeCore"]),
        tests("KubeCoreTests", ["KubeCore"]),
        tests("KubeClientTests", ["KubeTestSupport", "KubeClient", "KubeCore", "KubeRuntime", http, sockets, log]),
        tests("KubeRuntimeTests", ["KubeTestSupport", "KubeRuntime", "KubeCore", log]),
        tests("FaultTests", ["KubeTestSupport", "KubeClient", "KubeRuntime", "KubeCore", log]),
        tests("TelemetryTests", ["KubeTestSupport", "Telemetry", "KubeCore", log, coreMetrics, metrics]),
        tests("MirrorAPITests", ["MirrorAPITesting", "MirrorAPI", "MirrorSandbox", "KubeCore"]),
        tests(
            "MirrorPlannerTests",
            ["MirrorOperator", "MirrorPlanner", "MirrorAPI", "KubeRuntime", "KubeCore", log],
            exclude: ["Golden"]
        ),
        tests(
            "MirrorOperatorTests",
            [
                "KubeTestSupport", "MirrorOperator", "MirrorSandbox", "MirrorPlanner", "MirrorAPI", "KubeRuntime",
                "KubeClient",
                "Telemetry",
                "KubeCore", log,
            ]
        ),
        tests(
            "MirrorAgentTests",
            ["MirrorAgent", "MirrorPlanner", "MirrorAPI", "KubeRuntime", "KubeCore", "CXattr", log]
        ),
        tests(
            "MirrorSandboxTests",
            ["MirrorSandbox", "MirrorAPI", "KubeClient", "KubeCore", "KubectlTesting", log, subprocess],
            exclude: ["Fixtures", "Transcripts"]
        ),
        tests(
            "SimulationTests",
            [
                "KubeTestSupport", "MirrorSandbox", "MirrorOperator", "MirrorAgent", "MirrorPlanner", "MirrorAPI",
                "KubeRuntime",
                "KubeCore", "KubectlTesting", log,
            ],
            exclude: ["Transcripts"]
        ),
        tests(
            "MirrorCommandsTests",
            ["KubeTestSupport", "MirrorCommands", "MirrorSandbox", "KubeRuntime", "KubeCore", arguments, log]
        ),
        tests("ExampleTests", ["TeamLabels", "MirrorSandbox", "KubeCore", subprocess, system]),
        tests("RepositoryTests", ["KubeCore"]),
        fuzzing,
        tests("OracleTests", ["MirrorAgent", "MirrorPlanner", subprocess, system]),
        tests(
            "RealClusterTests",
            [
                "MirrorSandbox", "MirrorOperator", "MirrorAgent", "MirrorPlanner", "MirrorAPI", "MirrorAPITesting",
                "KubeClient", "KubeRuntime", "KubeCore", "KubectlTesting", log, subprocess,
            ],
            exclude: ["Transcripts"]
        ),
        tests(
            "SystemdTests",
            [
                "MirrorSandbox", "MirrorAgent", "MirrorPlanner", "MirrorAPI", "KubeClient", "KubeCore", log, subprocess,
                system,
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)
