// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

extension KafkaBroker {
    private static let topicType: Int8 = 2
    private static let brokerType: Int8 = 4

    /// Tells settings of topics and of the broker.
    func describeConfigs(_ request: DescribeConfigsRequest, _ answer: KafkaAnswer) {
        struct Resource: Hashable {
            let type: Int8
            let name: String
        }
        let resources = request.resources.once { Resource(type: $0.resourceType, name: $0.resourceName) }
        let results = resources.map { wanted -> DescribeConfigsResponse.DescribeConfigsResult in
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
                // Nobody's name stands for what was changed for all brokers while they run, which is nothing.
                if wanted.resourceName.isEmpty { return result }
                guard wanted.resourceName == String(settings.nodeID) else {
                    result.errorCode = ErrorCode.invalidRequest.rawValue
                    result.errorMessage = "there is no broker '\(wanted.resourceName)'"
                    return result
                }
                entries = brokerEntries(toldTo: answer)
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
                        ? entry.synonyms.map { .init(name: $0.name, value: $0.value, source: $0.source.rawValue) } : [],
                    configType: entry.kind.rawValue,
                    documentation: request.includeDocumentation ? entry.documentation : nil)
            }
            return result
        }
        give(answer, DescribeConfigsResponse(results: results))
    }

    /// Replaces all settings of topics.
    func alterConfigs(_ request: AlterConfigsRequest, _ answer: KafkaAnswer) {
        alter(
            request.resources.map { resource in
                Alteration(type: resource.resourceType, name: resource.resourceName) { settings throws(AdminRefusal) in
                    settings = TopicSettings()
                    for config in resource.configs {
                        guard let value = config.value else {
                            throw AdminRefusal(.invalidRequest, "'\(config.name)' is set to nothing")
                        }
                        try ConfigEntry.set(config.name, to: value, in: &settings)
                    }
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
