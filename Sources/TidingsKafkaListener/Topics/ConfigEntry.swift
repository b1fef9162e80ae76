// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// One setting as Kafka's clients see it.
struct ConfigEntry {
    /// Where a value comes from, by Kafka's numbers.
    enum Source: Int8 {
        case topic = 1
        case staticBroker = 4
        case standard = 5
    }

    /// Kafka's numbers for the types of values.
    enum Kind: Int8 {
        case boolean = 1
        case string = 2
        case int = 3
        case long = 5
        case double = 6
        case list = 7
    }

    let name: String
    let value: String
    let source: Source
    let kind: Kind
    let documentation: String
    /// What the server calls the same setting, and its value there: what holds where a topic says nothing.
    var inherited: (name: String, value: String)?

    /// The values that count, the first one first.
    var synonyms: [(name: String, value: String, source: Source)] {
        let own = source == .standard && inherited != nil ? [] : [(name, value, source)]
        return own + (inherited.map { [($0.name, $0.value, .standard)] } ?? [])
    }

    /// What is described of every topic: what acts here, then what Kafka's tools expect to find, as it is here.
    static func all(of settings: TopicSettings, log: KafkaListenerSettings) -> [ConfigEntry] {
        let standard = TopicSettings()
        func shown(_ name: TopicSettingName, _ settings: TopicSettings) -> String {
            settings.value(of: name) ?? String(name == .segmentBytes ? log.segmentBytes : log.batchBytes)
        }
        let own = TopicSettingName.allCases.map { name -> ConfigEntry in
            let isOwn = settings.value(of: name) != standard.value(of: name)
            return ConfigEntry(
                name: name.rawValue, value: shown(name, settings), source: isOwn ? .topic : .standard,
                kind: kind(of: name), documentation: documentation(of: name),
                inherited: serverName(of: name).map { ($0, shown(name, standard)) })
        }
        return (own + FixedConfig.all.map(\.entry)).sorted { $0.name < $1.name }
    }

    private static func kind(of name: TopicSettingName) -> Kind {
        switch name {
        case .durability, .timestampType: .string
        case .cleanup: .list
        case .segmentBytes, .maxBatchBytes: .int
        case .retentionTime, .retentionBytes, .segmentTime, .minCompactionLag, .maxCompactionLag, .tombstoneTime,
            .timestampPast, .timestampFuture:
            .long
        case .minDirtyPercent: .double
        }
    }

    private static func serverName(of name: TopicSettingName) -> String? {
        switch name {
        case .durability: nil
        case .cleanup: "log.cleanup.policy"
        case .retentionTime: "log.retention.ms"
        case .retentionBytes: "log.retention.bytes"
        case .segmentBytes: "log.segment.bytes"
        case .segmentTime: "log.roll.ms"
        case .maxBatchBytes: "message.max.bytes"
        case .timestampType, .timestampPast, .timestampFuture: "log." + name.rawValue
        case .minCompactionLag, .maxCompactionLag, .tombstoneTime: "log.cleaner." + name.rawValue
        case .minDirtyPercent: "log.cleaner.min.cleanable.ratio"
        }
    }

    private static func documentation(of name: TopicSettingName) -> String {
        switch name {
        case .durability: "What an acknowledged record survives: synced, interval or os."
        case .cleanup: "What is done with old records: delete, compact, or both."
        case .retentionTime: "How old a record may become, in milliseconds; -1 for ever."
        case .retentionBytes: "How many bytes a partition keeps; -1 without limit."
        case .segmentBytes: "When a segment is closed, in bytes."
        case .segmentTime: "When a segment is closed, in milliseconds after its first record."
        case .maxBatchBytes: "The largest batch that is taken, in bytes."
        case .timestampType: "Whose time a record has: CreateTime or LogAppendTime."
        case .timestampPast: "How far behind the server's clock a record's time may lie, in milliseconds."
        case .timestampFuture: "How far ahead of the server's clock a record's time may lie, in milliseconds."
        case .minCompactionLag: "How old a record is before compaction may drop it, in milliseconds."
        case .maxCompactionLag: "How old a record becomes before its partition is compacted, in milliseconds."
        case .tombstoneTime: "How long compaction keeps a tombstone, in milliseconds."
        case .minDirtyPercent: "Which part must be new before a partition is compacted."
        }
    }

    /// Sets one setting; nil brings its default back.
    static func set(_ name: String, to value: String?, in settings: inout TopicSettings) throws(AdminRefusal) {
        if let own = TopicSettingName(rawValue: name) {
            do throws(TopicSettingError) {
                try settings.set(own, to: value)
            } catch {
                throw AdminRefusal(.invalidConfig, error.description)
            }
            return
        }
        guard let fixed = FixedConfig.all.first(where: { $0.entry.name == name }) else {
            throw AdminRefusal(.invalidConfig, "a topic has no setting '\(name)'")
        }
        guard let value, value != fixed.entry.value, !fixed.accepts(value) else { return }
        throw AdminRefusal(
            .invalidConfig,
            "\(name) is '\(fixed.entry.value)' here, and cannot be '\(value)': \(fixed.entry.documentation)")
    }
}

/// A setting of Kafka's topics that has one value here.
struct FixedConfig {
    /// What may be written though it changes nothing: what tools and frameworks set, and what is no promise to anybody.
    enum Harmless {
        case nothing
        case numbers(ClosedRange<Int64>)
        case words([String])
        case anything
    }

    let entry: ConfigEntry
    private let harmless: Harmless

    private init(
        _ name: String, _ value: String, _ kind: ConfigEntry.Kind, _ documentation: String, _ harmless: Harmless,
        server: String? = nil
    ) {
        entry = ConfigEntry(
            name: name, value: value, source: .standard, kind: kind, documentation: documentation,
            inherited: server.map { ($0, value) })
        self.harmless = harmless
    }

    /// Whether a value may be written.
    func accepts(_ value: String) -> Bool {
        switch harmless {
        case .nothing: false
        case .numbers(let range): Int64(value).map { range.contains($0) } ?? false
        case .words(let words): words.contains(value)
        case .anything: true
        }
    }

    private static let truths = Harmless.words(["true", "false"])
    private static let times = Harmless.numbers(0 ... .max)
    private static let synced = "Every round is synced; see tidings.durability."
    private static let kept = "Batches are kept as their producers compressed them."
    private static let local = "All records are local."

    static let all: [FixedConfig] = [
        .init(
            "compression.type", "producer", .string, kept,
            .words(["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"]), server: "compression.type"),
        .init("compression.gzip.level", "-1", .int, kept, .numbers(-1...9), server: "compression.gzip.level"),
        .init("compression.lz4.level", "9", .int, kept, .numbers(1...17), server: "compression.lz4.level"),
        .init("compression.zstd.level", "3", .int, kept, .numbers(-131_072...22), server: "compression.zstd.level"),
        .init(
            "file.delete.delay.ms", "0", .long, "Deleted segments go at once.", times,
            server: "log.segment.delete.delay.ms"),
        .init("flush.messages", "1", .long, synced, .numbers(1 ... .max), server: "log.flush.interval.messages"),
        .init("flush.ms", "0", .long, synced, times, server: "log.flush.interval.ms"),
        .init("follower.replication.throttled.replicas", "", .list, "There are no followers.", .nothing),
        .init("leader.replication.throttled.replicas", "", .list, "There are no followers.", .nothing),
        .init(
            "index.interval.bytes", "4096", .int, "How far apart index entries are.", .numbers(0...Int64(Int32.max)),
            server: "log.index.interval.bytes"),
        .init("local.retention.bytes", "-2", .long, local, .nothing, server: "log.local.retention.bytes"),
        .init("local.retention.ms", "-2", .long, local, .nothing, server: "log.local.retention.ms"),
        .init("message.format.version", "3.0-IV1", .string, "Records have format 2, whatever is wished.", .anything),
        .init(
            "min.insync.replicas", "1", .int, "There is one copy.", .numbers(1...Int64(Int32.max)),
            server: "min.insync.replicas"),
        .init("preallocate", "false", .boolean, "Segments grow.", truths, server: "log.preallocate"),
        .init("remote.log.copy.disable", "false", .boolean, local, truths),
        .init("remote.log.delete.on.disable", "false", .boolean, local, truths),
        .init("remote.storage.enable", "false", .boolean, local, .nothing),
        .init(
            "segment.index.bytes", "10485760", .int, "Indexes grow with their segment.",
            .numbers(4...Int64(Int32.max)), server: "log.index.size.max.bytes"),
        .init("segment.jitter.ms", "0", .long, "Segments are closed when their time is over.", times),
        .init(
            "unclean.leader.election.enable", "false", .boolean, "There is one copy.", truths,
            server: "unclean.leader.election.enable"),
    ]
}
