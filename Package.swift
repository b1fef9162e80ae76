// swift-tools-version: 6.3
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    // Faults that tests plant to see whether they are caught; not in release builds.
    .define("TIDINGS_MUTATIONS", .when(configuration: .debug)),
]

/// A target of ours and the tests beside it.
func target(
    _ name: String, _ dependencies: [Target.Dependency], tested: Bool = true, without exclude: [String] = [],
    testedWith helpers: [Target.Dependency] = []
) -> [Target] {
    var targets: [Target] = [
        .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
    ]
    if tested {
        targets.append(
            .testTarget(
                name: "\(name)Tests", dependencies: [.byName(name: name), "TidingsTesting"] + helpers,
                swiftSettings: strict))
    }
    return targets
}

let systemLibraries: [Target] = [
    .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"]), .brew(["libuv"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
    .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"]), .brew(["snappy"])]),
    .target(name: "CSystem"),
]

let words =
    target("TidingsCore", ["CSystem"])
    + target(
        "KafkaProtocol", ["TidingsCore", "CSystem", "CLZ4", "CZlib", "CZstd", "CSnappy"],
        without: ["Messages/Definitions"], testedWith: ["KafkaTesting"])

let engines =
    target("TidingsLog", ["TidingsCore", "KafkaProtocol", "CSystem"])
    + target("TidingsRouting", ["TidingsCore", "KafkaProtocol"])
    + target("TidingsDelivery", ["TidingsCore", "KafkaProtocol"])
    + target("TidingsGroups", ["TidingsCore"])

let ground =
    target("TidingsNetwork", ["TidingsCore", "CUV", "COpenSSL", "CSystem"])
    + target("TidingsHTTP", ["TidingsNetwork", "TidingsCore"])

let adapters =
    target(
        "TidingsAPI",
        [
            "TidingsHTTP", "TidingsNetwork", "TidingsRouting", "TidingsDelivery", "KafkaProtocol", "TidingsCore",
            "COpenSSL",
        ])
    + target(
        "TidingsWebhooks",
        ["TidingsHTTP", "TidingsNetwork", "TidingsDelivery", "KafkaProtocol", "TidingsCore", "COpenSSL"])

/// An adapter like the others; apart, since the sanitizers look at it too.
let kafka = target(
    "TidingsKafkaListener", ["TidingsNetwork", "TidingsGroups", "KafkaProtocol", "TidingsCore"],
    testedWith: ["KafkaTesting"])

let programs =
    target(
        "TidingsServer",
        [
            "TidingsAPI", "TidingsWebhooks", "TidingsKafkaListener", "TidingsLog", "TidingsRouting", "TidingsDelivery",
            "TidingsGroups", "TidingsHTTP", "TidingsNetwork", "KafkaProtocol", "TidingsCore", "CSystem", "CYAML",
        ])
    + target(
        "TidingsCommand",
        [
            "TidingsServer", "TidingsLog", "TidingsHTTP", "TidingsNetwork", "KafkaProtocol", "TidingsCore", "CSystem",
            "TidingsTesting",
        ])
    + [.executableTarget(name: "tidings", dependencies: ["TidingsCommand"], swiftSettings: strict)]

/// What fuzz targets of the log's files need.
let log = ["FuzzFolder", "TidingsLog", "TidingsTesting", "KafkaProtocol", "TidingsCore"]

// Built only by script/fuzz: a fuzz target has no main of its own.
let fuzzers: [Target] =
    Context.environment["TIDINGS_FUZZ"] == nil
    ? []
    : [
        ("FuzzJSON", ["TidingsCore"]), ("FuzzEvents", ["KafkaProtocol", "TidingsCore"]),
        ("FuzzHTTP", ["TidingsHTTP", "TidingsCore"]), ("FuzzResources", ["TidingsRouting", "TidingsCore"]),
        ("FuzzBatches", ["KafkaProtocol", "TidingsCore"]), ("FuzzMessages", ["KafkaProtocol", "KafkaTesting"]),
        ("FuzzGroups", ["TidingsGroups", "TidingsCore"]),
        ("FuzzBroker", ["TidingsKafkaListener", "KafkaTesting", "TidingsTesting", "KafkaProtocol", "TidingsCore"]),
        ("FuzzFolders", log), ("FuzzRounds", log), ("FuzzSegments", log), ("FuzzIndexes", log), ("FuzzMetadata", log),
        ("FuzzSnapshots", log + ["TidingsDelivery"]),
    ].map { name, dependencies in
        .executableTarget(
            name: name, dependencies: dependencies.map { .byName(name: $0) }, path: "Fuzz/\(name)",
            swiftSettings: strict)
    } + [
        .target(
            name: "FuzzFolder", dependencies: ["TidingsLog", "TidingsTesting", "KafkaProtocol", "TidingsCore"],
            path: "Fuzz/Support/FuzzFolder", swiftSettings: strict)
    ]

// Built only by script/bench.
let benchmarks: [Target] =
    Context.environment["TIDINGS_BENCH"] == nil
    ? []
    : [
        .executableTarget(
            name: "tidings-bench",
            dependencies: [
                "TidingsHTTP", "TidingsNetwork", "TidingsLog", "TidingsRouting", "KafkaProtocol", "TidingsCore",
                "CSystem",
            ],
            path: "Benchmarks/TidingsBench", swiftSettings: strict),
        .systemLibrary(
            name: "CRDKafka", path: "Benchmarks/CRDKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .executableTarget(
            name: "kafka-bench", dependencies: ["CRDKafka", "KafkaTesting", "KafkaProtocol"],
            path: "Benchmarks/KafkaBench", swiftSettings: strict),
    ]

// The sanitizers of script/test build no more than what they look at.
let isForSanitizers = Context.environment["TIDINGS_SANITIZED"] != nil

let rest: [Target] =
    adapters + programs + [
        .target(name: "CFaultShim", path: "Tests/CFaultShim"),
        .testTarget(name: "HouseTests", dependencies: ["TidingsServer", "TidingsCore"], swiftSettings: strict),
        .testTarget(name: "TidingsTestingTests", dependencies: ["TidingsTesting"], swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "tidings", "TidingsTesting", "TidingsNetwork", "KafkaTesting", "KafkaProtocol", "TidingsCore",
            ],
            swiftSettings: strict),
    ] + fuzzers + benchmarks

let package = Package(
    name: "tidings",
    platforms: [.macOS(.v15)],
    products: isForSanitizers
        ? []
        : [
            .executable(name: "tidings", targets: ["tidings"]),
            // Loaded into the program by tests: it stands between it and its disk.
            .library(name: "FaultShim", type: .dynamic, targets: ["CFaultShim"]),
        ],
    targets: systemLibraries + words + engines + ground + kafka
        + target("TidingsTesting", ["TidingsNetwork", "KafkaProtocol", "TidingsCore"], tested: false)
        + target("KafkaTesting", ["KafkaProtocol", "TidingsCore"], tested: false)
        + (isForSanitizers ? [] : rest),
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu2x
)
