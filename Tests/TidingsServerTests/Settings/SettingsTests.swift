// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsLog

@testable import TidingsServer

@Suite struct SettingsTests {
    private static func load(
        _ yaml: String? = nil, environment: [String: String] = [:], flags: [String: String] = [:]
    ) throws(SettingsError) -> Settings {
        var sources = Settings.Sources()
        sources.flags = flags
        sources.environment = environment
        if let yaml { sources.file = ("tidings.yaml", Array(yaml.utf8)) }
        return try Settings(sources)
    }

    @Test func `a flag goes before the environment, the environment before the file, the file before the default`()
        throws
    {
        let yaml = "data: ./from-file"
        let environment = ["TIDINGS_DATA": "./from-environment"]
        let all = try Self.load(yaml, environment: environment, flags: ["data": "./from-flag"])
        #expect(all[ServerOptions.data] == "./from-flag")
        #expect(all.entry(ServerOptions.data).origin.text == "--data")
        let two = try Self.load(yaml, environment: environment)
        #expect(two[ServerOptions.data] == "./from-environment")
        #expect(two.entry(ServerOptions.data).origin.text == "TIDINGS_DATA")
        let one = try Self.load("# a comment\n\n" + yaml)
        #expect(one[ServerOptions.data] == "./from-file")
        #expect(one.entry(ServerOptions.data).origin.text == "tidings.yaml:3")
        let none = try Self.load()
        #expect(none[ServerOptions.data] == "./tidings-data")
        #expect(none.entry(ServerOptions.data).origin.text == "default")
    }

    @Test func `keys may be nested or dotted, lists and maps written as such`() throws {
        let settings = try Self.load(
            """
            log.level: warning
            log:
              levels: {delivery: debug, http: error}
              format: "json"
            storage:
              segment_bytes: 64MiB
              checkpoint_interval: 1m30s
            insecure: true
            """)
        #expect(settings[LoggingOptions.level] == "warning")
        #expect(settings[LoggingOptions.levelsBySubsystem] == ["delivery": "debug", "http": "error"])
        #expect(settings[LoggingOptions.format] == "json")
        #expect(settings[ServerOptions.insecure])
        let log = StorageOptions.log.read(settings)
        #expect(log.segmentBytes == 64 << 20)
        #expect(log.checkpointInterval == .seconds(90))
        #expect(log.recentBytes == LogSettings().recentBytes)
    }

    @Test(arguments: [
        ("dta: x", "tidings.yaml:1: there is no setting \"dta\"; did you mean \"data\"?"),
        ("log:\n  levle: info", "tidings.yaml:2: there is no setting \"log.levle\"; did you mean \"level\"?"),
        ("loops: many", "tidings.yaml:1: loops: it is a whole number, not \"many\""),
        ("loops: 65", "tidings.yaml:1: loops: it is at least 0 and at most 64, not 65"),
        ("loops: [1]", "tidings.yaml:1: loops is one value, not several"),
        ("loops:", "tidings.yaml:1: loops has no value"),
        ("insecure: no", "tidings.yaml:1: insecure: it is true or false, not \"no\""),
        ("stop_deadline: 10", "tidings.yaml:1: stop_deadline: it is a duration (250ms, 10s, 1h30m, 7d), not \"10\""),
        (
            "log.format: txt",
            "tidings.yaml:1: log.format: it is one of text, json, not \"txt\"; did you mean \"text\"?"
        ),
        ("data: a\ndata: b", "tidings.yaml:2: the key \"data\" is given twice"),
        ("log.level: info\nlog: {level: info}", "tidings.yaml:2: log.level is given twice"),
        ("data: &a x\n", "tidings.yaml:1: anchors, aliases and tags are not taken here"),
        ("data: x\n---\ndata: y\n", "tidings.yaml:2: one document is taken, not several"),
        ("- data", "tidings.yaml:1: a mapping of settings is expected"),
        ("log: text", "tidings.yaml:1: log holds settings"),
    ])
    func `a wrong file is refused with its line`(_ yaml: String, _ reason: String) {
        let error = #expect(throws: SettingsError.self) { try Self.load(yaml) }
        #expect(error?.reasons == [reason])
    }

    @Test(arguments: ["data: [", "a: b: c", "\tdata: x", "data: \"x", "data: \u{1}"])
    func `what is not YAML is refused with its line`(_ yaml: String) throws {
        let error = #expect(throws: SettingsError.self) { try Self.load(yaml) }
        #expect(
            error?.reasons.first?.contains(/^tidings.yaml:[12]: this is not YAML/) == true, "\(error?.reasons ?? [])")
    }

    @Test func `values nest at most so deep`() throws {
        let error = #expect(throws: SettingsError.self) {
            try Self.load(String(repeating: "[", count: 100_000))
        }
        #expect(error?.reasons.first?.contains("nest deeper") == true)
    }

    @Test func `every wrong value is named at once`() throws {
        let error = #expect(throws: SettingsError.self) {
            try Self.load("lops: 1\nloops: x", environment: ["TIDINGS_INSECURE": "1"], flags: ["log.level": "loud"])
        }
        #expect(error?.reasons.count == 4)
        #expect(error?.reasons.contains { $0.hasPrefix("TIDINGS_INSECURE: it is true or false") } == true)
        #expect(error?.reasons.contains { $0.hasPrefix("--log-level: it is one of debug") } == true)
    }

    @Test func `a stranger in the environment is pointed out`() throws {
        let settings = try Self.load(environment: ["TIDINGS_LOPS": "1", "TIDINGS_SERVER": "http://x", "HOME": "/"])
        #expect(settings.warnings == ["TIDINGS_LOPS in the environment is no setting; did you mean TIDINGS_LOOPS?"])
    }

    @Test func `every default keeps its own limits and no name or flag comes twice`() throws {
        _ = try Self.load()
        let names = SettingDescription.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(Set(SettingDescription.all.map(\.flag)).count == names.count)
        #expect(Set(SettingDescription.all.map(\.variable)).count == names.count)
    }

    @Test(arguments: [
        ("127.0.0.1:7400", "127.0.0.1", UInt16(7400)), ("[::1]:0", "::1", 0), ("localhost:80", "localhost", 80),
    ])
    func `an address to listen on is read`(_ text: String, _ host: String, _ port: UInt16) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.host == host)
        #expect(address.port == port)
    }

    @Test(arguments: ["", "7400", ":7400", "a:65536", "::1:80", "[1.2.3.4]:80", "a b:1", "http://a:80", "a:", "a:-1"])
    func `anything else is no address`(_ text: String) { #expect(ListenAddress(text) == nil) }
}
