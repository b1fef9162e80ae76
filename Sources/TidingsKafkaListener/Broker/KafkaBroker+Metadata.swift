// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsNetwork

extension KafkaBroker {
    // MARK: - ApiVersions

    /// Tells which requests are served.
    func apiVersions(_ request: ApiVersionsRequest, _ answer: KafkaAnswer) {
        if answer.version >= 3 {
            guard Self.isSoftwareName(request.clientSoftwareName), Self.isSoftwareName(request.clientSoftwareVersion)
            else {
                return give(answer, ApiVersionsResponse(errorCode: ErrorCode.invalidRequest.rawValue))
            }
            answer.connection.clientSoftware = (request.clientSoftwareName, request.clientSoftwareVersion)
        }
        // Version 3's readers take no feature that begins at level 0 for one; what is finalized they all know.
        let supported = answer.version >= 4 ? Self.features : []
        give(
            answer,
            ApiVersionsResponse(
                apiKeys: Self.served, supportedFeatures: supported, finalizedFeaturesEpoch: 0,
                finalizedFeatures: Self.features.map {
                    .init(name: $0.name, maxVersionLevel: $0.maxVersion, minVersionLevel: $0.maxVersion)
                }))
    }

    /// What clients ask for by a level rather than by a request's version. `transaction.version` 2 is KIP-890: the
    /// epoch rises with each transaction, and a produce makes its partitions part of it. `group.version` 1 is KIP-848.
    private static let features: [ApiVersionsResponse.SupportedFeatureKey] = [
        .init(name: "group.version", minVersion: 0, maxVersion: 1),
        .init(name: "transaction.version", minVersion: 0, maxVersion: 2),
    ]

    /// Answers a version of ApiVersions that is not known, so that every client can read it: in the oldest form.
    func refuseVersion(_ answer: KafkaAnswer) {
        let own = APIKey.apiVersions
        let response = ApiVersionsResponse(
            errorCode: ErrorCode.unsupportedVersion.rawValue,
            apiKeys: [
                .init(apiKey: own.rawValue, minVersion: own.versions.lowerBound, maxVersion: own.versions.upperBound)
            ])
        answer.give(response, &writer, version: 0)
    }

    static let served: [ApiVersionsResponse.ApiVersion] = APIKey.allCases.filter { isServed($0) }.map {
        .init(
            apiKey: $0.rawValue, minVersion: $0.advertisedVersions.lowerBound,
            maxVersion: $0.advertisedVersions.upperBound)
    }

    private static func isServed(_ api: APIKey) -> Bool {
        switch api {
        // Who asks for these learns that there is no authentication; nobody is led to ask.
        case .saslHandshake, .saslAuthenticate: false
        default: true
        }
    }

    /// Names and versions of clients are shown: `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?`, as KIP-511 says.
    static func isSoftwareName(_ text: String) -> Bool {
        func isPlain(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard let first = text.utf8.first, let last = text.utf8.last, isPlain(first), isPlain(last) else {
            return false
        }
        return text.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    // MARK: - Metadata

    /// Tells brokers, topics and partitions; makes topics that are asked for and missing.
    func metadata(_ request: MetadataRequest, _ answer: KafkaAnswer) {
        // Version 0 asks for everything by an empty list, later ones by none at all.
        guard let named = request.topics, answer.version > 0 || !named.isEmpty else {
            let all = log.topics.all.filter { !$0.name.isInternal }.sorted { $0.name < $1.name }
            return give(answer, metadata(all.map { described($0) }, answer))
        }
        struct Topic: Hashable {
            let name: String?
            let id: UUID128
        }
        let wanted = named.once { Topic(name: $0.name, id: $0.topicID) }
        let mayCreate = settings.createsTopics && (answer.version < 4 || request.allowAutoTopicCreation)
        var missing: [TopicName] = []
        if mayCreate {
            let topics = log.topics
            missing = wanted.compactMap { entry in
                guard let name = entry.name.flatMap({ TopicName($0) }), !name.isInternal, topics[name] == nil else {
                    return nil
                }
                return name
            }.once { $0 }
        }
        guard !missing.isEmpty else { return give(answer, metadata(wanted.map { described($0) }, answer)) }
        var left = missing.count
        var refusals: [String: ErrorCode] = [:]
        for name in missing {
            session.createTopic(name, partitions: settings.partitions, settings: TopicSettings()) { result in
                if case .failure(let error) = result { refusals[name.text] = ErrorCode(error) }
                left -= 1
                guard left == 0 else { return }
                let topics = wanted.map { entry in
                    var topic = self.described(entry)
                    if let refusal = entry.name.flatMap({ refusals[$0] }) { topic.errorCode = refusal.rawValue }
                    return topic
                }
                self.give(answer, self.metadata(topics, answer))
            }
        }
    }

    private func metadata(
        _ topics: [MetadataResponse.MetadataResponseTopic], _ answer: KafkaAnswer
    ) -> MetadataResponse {
        let (host, port) = advertised(answer)
        return MetadataResponse(
            brokers: [.init(nodeID: settings.nodeID, host: host, port: port)], clusterID: identity.clusterID,
            controllerID: settings.nodeID, topics: topics)
    }

    /// Where clients are told to connect to: as set, or where this one came in.
    func advertised(_ answer: KafkaAnswer) -> (host: String, port: Int32) {
        let local = answer.connection.stream.localAddress
        return (
            settings.advertisedHost ?? local?.ip ?? "127.0.0.1",
            Int32(settings.advertisedPort ?? local?.port ?? 9092)
        )
    }

    private func described(_ entry: MetadataRequest.MetadataRequestTopic) -> MetadataResponse.MetadataResponseTopic {
        guard let name = entry.name else {
            guard let topic = log.topics.all.first(where: { $0.uuid == entry.topicID && !$0.name.isInternal }) else {
                return .init(errorCode: ErrorCode.unknownTopicID.rawValue, name: nil, topicID: entry.topicID)
            }
            return described(topic)
        }
        guard let valid = TopicName(name) else {
            return .init(errorCode: ErrorCode.invalidTopicException.rawValue, name: name)
        }
        guard let topic = topic(valid.text) else {
            return .init(errorCode: ErrorCode.unknownTopicOrPartition.rawValue, name: name)
        }
        return described(topic)
    }

    private func described(_ topic: TopicDescription) -> MetadataResponse.MetadataResponseTopic {
        let own = [settings.nodeID]
        return .init(
            name: topic.name.text, topicID: topic.uuid,
            partitions: (0..<topic.partitionCount).map {
                .init(partitionIndex: $0, leaderID: settings.nodeID, leaderEpoch: 0, replicaNodes: own, isrNodes: own)
            })
    }

    // MARK: - The cluster

    /// Tells the one broker there is.
    func describeCluster(_ request: DescribeClusterRequest, _ answer: KafkaAnswer) {
        guard answer.version == 0 || request.endpointType == 1 else {
            return give(
                answer,
                DescribeClusterResponse(
                    errorCode: (request.endpointType == 2
                        ? ErrorCode.mismatchedEndpointType : .unsupportedEndpointType).rawValue,
                    errorMessage: "endpoint type \(request.endpointType): brokers (1) are told, nothing else"))
        }
        let (host, port) = advertised(answer)
        give(
            answer,
            DescribeClusterResponse(
                endpointType: 1, clusterID: identity.clusterID, controllerID: settings.nodeID,
                brokers: [.init(brokerID: settings.nodeID, host: host, port: port)]))
    }
}
