// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// One setting of a topic as Kafka's clients see it.
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

    /// What is described of every topic: what acts here, then what Kafka's tools expect to find, as it is here.
    static func all(of settings: TopicSettings, log: KafkaListenerSettings) -> [ConfigEntry] {
        let standard = TopicSettings()
        let own = TopicSettingName.allCases.map { name -> ConfigEntry in
            let value = settings.value(of: name)
            let isOwn = value != standard.value(of: name)
            let shown =
                value
                ?? (name == .segmentBytes ? String(log.segmentBytes) : String(log.batchBytes))
            return ConfigEntry(
                name: name.rawValue, value: shown, source: isOwn ? .topic : .standard, kind: kind(of: name),
                documentation: documentation(of: name))
        }
        return own + fixed
    }

    /// Settings of Kafka's that have one value here; writing that value is accepted.
    static let fixed: [ConfigEntry] = [
        fixed("compression.type", "producer", .string, "Batches are kept as their producers compressed them."),
        fixed("file.delete.delay.ms", "0", .long, "Deleted segments go at once."),
        fixed("flush.messages", "1", .long, "Every round is synced; see tidings.durability."),
        fixed("flush.ms", "0", .long, "Every round is synced; see tidings.durability."),
        fixed("follower.replication.throttled.replicas", "", .list, "There are no followers."),
        fixed("leader.replication.throttled.replicas", "", .list, "There are no followers."),
        fixed("index.interval.bytes", "4096", .int, "How far apart index entries are."),
        fixed("max.compaction.lag.ms", "9223372036854775807", .long, "Compaction goes by what is new."),
        fixed("message.format.version", "3.0-IV1", .string, "Records have format 2, whatever is wished."),
        fixed("message.timestamp.after.max.ms", "9223372036854775807", .long, "Times to come are accepted."),
        fixed("message.timestamp.before.max.ms", "9223372036854775807", .long, "Old times are accepted."),
        fixed("min.insync.replicas", "1", .int, "There is one copy."),
        fixed("preallocate", "false", .boolean, "Segments grow."),
        fixed("segment.index.bytes", "10485760", .int, "Indexes grow with their segment."),
        fixed("segment.jitter.ms", "0", .long, "Segments are closed when their time is over."),
        fixed("unclean.leader.election.enable", "false", .boolean, "There is one copy."),
    ]

    private static func fixed(_ name: String, _ value: String, _ kind: Kind, _ documentation: String) -> ConfigEntry {
        ConfigEntry(name: name, value: value, source: .standard, kind: kind, documentation: documentation)
    }

    private static func kind(of name: TopicSettingName) -> Kind {
        switch name {
        case .durability, .timestampType: .string
        case .cleanup: .list
        case .segmentBytes, .maxBatchBytes: .int
        case .retentionTime, .retentionBytes, .segmentTime, .minCompactionLag, .tombstoneTime: .long
        case .minDirtyPercent: .double
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
        case .minCompactionLag: "How old a record is before compaction may drop it, in milliseconds."
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
        guard let fixed = fixed.first(where: { $0.name == name }) else {
            throw AdminRefusal(.invalidConfig, "a topic has no setting '\(name)'")
        }
        guard value == nil || value == fixed.value || isHarmless(name, value ?? "") else {
            throw AdminRefusal(
                .invalidConfig,
                "\(name) is '\(fixed.value)' here, and cannot be '\(value ?? "")': \(fixed.documentation)")
        }
    }

    /// What Kafka's tools and frameworks write without meaning more than the default: it changes nothing here.
    private static func isHarmless(_ name: String, _ value: String) -> Bool {
        switch name {
        case "min.insync.replicas", "flush.messages", "flush.ms", "file.delete.delay.ms", "segment.jitter.ms",
            "index.interval.bytes", "segment.index.bytes", "max.compaction.lag.ms", "message.timestamp.after.max.ms",
            "message.timestamp.before.max.ms":
            Int64(value).map { $0 >= 0 } ?? false
        case "message.format.version": true
        case "preallocate", "unclean.leader.election.enable": value == "true" || value == "false"
        case "compression.type": ["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"].contains(value)
        default: false
        }
    }
}

extension KafkaBroker {
    private static let topicType: Int8 = 2
    private static let brokerType: Int8 = 4

    /// Tells settings of topics and of the broker.
    func describeConfigs(_ request: DescribeConfigsRequest, _ answer: KafkaAnswer) {
        let results = request.resources.map { wanted -> DescribeConfigsResponse.DescribeConfigsResult in
            var result = DescribeConfigsResponse.DescribeConfigsResult(
                resourceType: wanted.resourceType, resourceName: wanted.resourceName)
            let entries: [ConfigEntry]
            switch wanted.resourceType {
            case Self.topicType:
                guard let known = topic(wanted.resourceName) else {
                    result.errorCode =
                        (TopicName(wanted.resourceName) == nil
                        ? ErrorCode.invalidTopicException : .unknownTopicOrPartition).rawValue
                    return result
                }
                entries = ConfigEntry.all(of: known.settings, log: self.settings)
            case Self.brokerType:
                guard wanted.resourceName == String(settings.nodeID) || wanted.resourceName.isEmpty else {
                    result.errorCode = ErrorCode.invalidRequest.rawValue
                    result.errorMessage = "there is no broker '\(wanted.resourceName)'"
                    return result
                }
                entries = brokerEntries
            default:
                result.errorCode = ErrorCode.invalidRequest.rawValue
                result.errorMessage = "resources of type \(wanted.resourceType) have no settings here"
                return result
            }
            let isReadOnly = wanted.resourceType == Self.brokerType
            result.configs = entries.filter { wanted.configurationKeys?.contains($0.name) ?? true }.map { entry in
                .init(
                    name: entry.name, value: entry.value, readOnly: isReadOnly, isDefault: entry.source == .standard,
                    configSource: entry.source.rawValue,
                    synonyms: request.includeSynonyms
                        ? [.init(name: entry.name, value: entry.value, source: entry.source.rawValue)] : [],
                    configType: entry.kind.rawValue,
                    documentation: request.includeDocumentation ? entry.documentation : nil)
            }
            return result
        }
        give(answer, DescribeConfigsResponse(results: results))
    }

    private var brokerEntries: [ConfigEntry] {
        func entry(_ name: String, _ value: String, _ kind: ConfigEntry.Kind, _ text: String) -> ConfigEntry {
            ConfigEntry(name: name, value: value, source: .staticBroker, kind: kind, documentation: text)
        }
        return [
            entry("broker.id", String(settings.nodeID), .int, "The broker's number."),
            entry("node.id", String(settings.nodeID), .int, "The broker's number."),
            entry("num.partitions", String(settings.partitions), .int, "Partitions of a topic that says none."),
            entry("default.replication.factor", "1", .int, "There is one copy."),
            entry(
                "auto.create.topics.enable", String(settings.createsTopics), .boolean,
                "Whether a topic is made when it is named."),
            entry("message.max.bytes", String(settings.batchBytes), .int, "The largest batch."),
            entry("delete.topic.enable", "true", .boolean, "Topics can be deleted."),
            entry("min.insync.replicas", "1", .int, "There is one copy."),
            entry("socket.request.max.bytes", String(settings.requestBytes), .int, "The longest request."),
            entry("fetch.max.bytes", String(settings.fetchBytes), .int, "The longest answer to a fetch."),
        ]
    }

    /// Replaces all settings of topics.
    func alterConfigs(_ request: AlterConfigsRequest, _ answer: KafkaAnswer) {
        alter(
            request.resources.map { resource in
                Alteration(type: resource.resourceType, name: resource.resourceName) { settings throws(AdminRefusal) in
                    settings = TopicSettings()
                    for config in resource.configs { try ConfigEntry.set(config.name, to: config.value, in: &settings) }
                }
            }, isTrial: request.validateOnly
        ) { [self] refusals in
            give(
                answer,
                AlterConfigsResponse(
                    responses: zip(request.resources, refusals).map { resource, refusal in
                        .init(
                            errorCode: refusal?.code.rawValue ?? 0, errorMessage: refusal?.sentence,
                            resourceType: resource.resourceType, resourceName: resource.resourceName)
                    }))
        }
    }

    /// Changes single settings of topics.
    func incrementalAlterConfigs(_ request: IncrementalAlterConfigsRequest, _ answer: KafkaAnswer) {
        alter(
            request.resources.map { resource in
                Alteration(type: resource.resourceType, name: resource.resourceName) { settings throws(AdminRefusal) in
                    let twice = Self.repeated(resource.configs.map(\.name))
                    if let name = twice.first { throw AdminRefusal(.invalidRequest, "'\(name)' is changed twice") }
                    for config in resource.configs {
                        try Self.change(config.name, config.configOperation, config.value, in: &settings)
                    }
                }
            }, isTrial: request.validateOnly
        ) { [self] refusals in
            give(
                answer,
                IncrementalAlterConfigsResponse(
                    responses: zip(request.resources, refusals).map { resource, refusal in
                        .init(
                            errorCode: refusal?.code.rawValue ?? 0, errorMessage: refusal?.sentence,
                            resourceType: resource.resourceType, resourceName: resource.resourceName)
                    }))
        }
    }

    /// One step of an incremental change: set, delete, and for lists append and subtract.
    private static func change(
        _ name: String, _ operation: Int8, _ value: String?, in settings: inout TopicSettings
    ) throws(AdminRefusal) {
        switch operation {
        case 0:
            guard let value else { throw AdminRefusal(.invalidRequest, "'\(name)' is set to nothing") }
            try ConfigEntry.set(name, to: value, in: &settings)
        case 1: try ConfigEntry.set(name, to: nil, in: &settings)
        case 2, 3:
            guard name == TopicSettingName.cleanup.rawValue, let value else {
                throw AdminRefusal(.invalidConfig, "'\(name)' is no list that can be added to or taken from")
            }
            var parts = (settings.value(of: .cleanup) ?? "").split(separator: ",").map { String($0) }
            for part in value.split(separator: ",") {
                parts.removeAll { $0 == part }
                if operation == 2 { parts.append(String(part)) }
            }
            try ConfigEntry.set(name, to: parts.joined(separator: ","), in: &settings)
        default: throw AdminRefusal(.invalidRequest, "operation \(operation) on a setting is not known")
        }
    }

    /// A change of one resource's settings.
    private struct Alteration {
        let type: Int8
        let name: String
        let change: (inout TopicSettings) throws(AdminRefusal) -> Void
    }

    private func alter(
        _ alterations: [Alteration], isTrial: Bool, then: @escaping ([AdminRefusal?]) -> Void
    ) {
        let gather = Gather([AdminRefusal?](repeating: nil, count: alterations.count), then: then)
        let twice = Self.repeated(alterations.map { "\($0.type) \($0.name)" })
        for (place, alteration) in alterations.enumerated() {
            guard !twice.contains("\(alteration.type) \(alteration.name)") else {
                gather.value[place] = AdminRefusal(.invalidRequest, "the resource is named more than once")
                continue
            }
            guard alteration.type == Self.topicType else {
                gather.value[place] = AdminRefusal(
                    .invalidRequest,
                    alteration.type == Self.brokerType
                        ? "the server's settings are changed in its settings file"
                        : "resources of type \(alteration.type) have no settings here")
                continue
            }
            guard let known = topic(alteration.name) else {
                gather.value[place] = AdminRefusal(.unknownTopicOrPartition, "there is no topic '\(alteration.name)'")
                continue
            }
            var changed = known.settings
            do throws(AdminRefusal) {
                try alteration.change(&changed)
            } catch {
                gather.value[place] = error
                continue
            }
            guard !isTrial else { continue }
            gather.begin()
            session.configureTopic(known.id, changed) { result in
                if case .failure(let error) = result {
                    gather.value[place] = AdminRefusal(ErrorCode(error), error.description)
                }
                gather.end()
            }
        }
        gather.end()
    }
}
