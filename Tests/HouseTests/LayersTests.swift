// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing

/// DESIGN §5: a row imports only the rows below it, and inside a row only along a drawn arrow.
@Suite struct LayersTests {
    /// What each target of ours may import of ours; the toolchain's and the C modules are judged apart.
    static let allowed: [String: Set<String>] = {
        let words: Set = ["TidingsCore", "KafkaProtocol"]
        let engines: Set = ["TidingsLog", "TidingsRouting", "TidingsDelivery", "TidingsGroups"]
        let ground: Set = ["TidingsNetwork", "TidingsHTTP"]
        let adapters: Set = ["TidingsAPI", "TidingsWebhooks", "TidingsKafkaListener"]
        return [
            "TidingsCore": [],
            "KafkaProtocol": ["TidingsCore"],
            "TidingsLog": words, "TidingsRouting": words, "TidingsDelivery": words, "TidingsGroups": words,
            "TidingsNetwork": words,
            "TidingsHTTP": words.union(["TidingsNetwork"]),
            "TidingsAPI": words.union(engines).union(ground),
            "TidingsWebhooks": words.union(engines).union(ground),
            "TidingsKafkaListener": words.union(engines).union(ground),
            "TidingsServer": words.union(engines).union(ground).union(adapters),
            "TidingsCommand":
                words.union(engines).union(ground).union(adapters).union(["TidingsServer", "TidingsTesting"]),
            "tidings": ["TidingsCommand"],
            "TidingsTesting": words.union(ground),
            "KafkaTesting": words,
        ]
    }()

    /// Targets below the adapters do without Foundation.
    static let withoutFoundation: Set = [
        "TidingsCore", "KafkaProtocol", "TidingsLog", "TidingsRouting", "TidingsDelivery", "TidingsGroups",
        "TidingsNetwork", "TidingsHTTP",
    ]

    private func imports(of file: SourceTree.File) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ").drop {
                ["package", "public", "internal", "private", "@testable"].contains($0)
            }
            guard words.first == "import", let module = words.dropFirst().last else { return nil }
            return String(module.prefix { $0 != "." })
        }
    }

    @Test func `imports point down`() throws {
        let files = try SourceTree().files
        #expect(files.count > 20, "the sources were not found")
        let ours = Set(Self.allowed.keys)
        for file in files where !file.target.hasPrefix("C") {
            guard file.target.hasPrefix("Tidings") || ours.contains(file.target) else { continue }
            let allowed = try #require(Self.allowed[file.target], "\(file.target) has no row in this test")
            for module in imports(of: file) {
                if ours.contains(module) {
                    #expect(
                        allowed.contains(module), "\(file.path) imports \(module), which is not below \(file.target)")
                }
                if module.hasPrefix("Foundation"), Self.withoutFoundation.contains(file.target) {
                    Issue.record("\(file.path) imports \(module): words, engines and ground do without Foundation")
                }
            }
        }
    }

    @Test func `every public and package type says what it is`() throws {
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
        let access: Set<Substring> = ["public", "package", "open"]
        for file in try SourceTree().files {
            for (number, line) in file.lines.enumerated() {
                let words = line.split(separator: " ").prefix(6)
                guard let first = words.first, access.contains(first) else { continue }
                guard let kind = words.dropFirst().first(where: { !["final", "indirect"].contains($0) }),
                    kinds.contains(kind)
                else { continue }
                var above = number - 1
                while above >= 0, file.lines[above].drop(while: { $0 == " " }).hasPrefix("@") { above -= 1 }
                let documented = above >= 0 && file.lines[above].drop(while: { $0 == " " }).hasPrefix("///")
                #expect(documented, "\(file.path):\(number + 1) has no doc comment: \(line)")
            }
        }
    }
}
