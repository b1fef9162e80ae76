// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's ApiVersionsRequest (key 18, versions 0-4): tells which APIs and versions are served.
package struct ApiVersionsRequest: Sendable {
    package var clientSoftwareName: String = ""
    package var clientSoftwareVersion: String = ""

    package init(clientSoftwareName: String = "", clientSoftwareVersion: String = "") {
        self.clientSoftwareName = clientSoftwareName; self.clientSoftwareVersion = clientSoftwareVersion
    }
}

extension ApiVersionsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("ApiVersionsRequest", version, 0...4, flexible: 3)
        if version >= 3 {
            clientSoftwareName = try reader.string("ClientSoftwareName")
            clientSoftwareVersion = try reader.string("ClientSoftwareVersion")
        }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's ApiVersionsResponse (key 18, versions 0-4): answers ``ApiVersionsRequest``.
package struct ApiVersionsResponse: Sendable {
    package var errorCode: Int16 = 0
    package var apiKeys: [ApiVersion] = []
    package var throttleTimeMs: Int32 = 0
    package var supportedFeatures: [SupportedFeatureKey] = []
    package var finalizedFeaturesEpoch: Int64 = -1
    package var finalizedFeatures: [FinalizedFeatureKey] = []
    package var zkMigrationReady: Bool = false

    package init(
        errorCode: Int16 = 0, apiKeys: [ApiVersion] = [], throttleTimeMs: Int32 = 0,
        supportedFeatures: [SupportedFeatureKey] = [], finalizedFeaturesEpoch: Int64 = -1,
        finalizedFeatures: [FinalizedFeatureKey] = [], zkMigrationReady: Bool = false
    ) {
        self.errorCode = errorCode; self.apiKeys = apiKeys; self.throttleTimeMs = throttleTimeMs
        self.supportedFeatures = supportedFeatures; self.finalizedFeaturesEpoch = finalizedFeaturesEpoch
        self.finalizedFeatures = finalizedFeatures; self.zkMigrationReady = zkMigrationReady
    }

    /// An element of ``apiKeys``.
    package struct ApiVersion: Sendable {
        package var apiKey: Int16 = 0
        package var minVersion: Int16 = 0
        package var maxVersion: Int16 = 0

        package init(apiKey: Int16 = 0, minVersion: Int16 = 0, maxVersion: Int16 = 0) {
            self.apiKey = apiKey; self.minVersion = minVersion; self.maxVersion = maxVersion
        }
    }

    /// An element of ``supportedFeatures``.
    package struct SupportedFeatureKey: Sendable {
        package var name: String = ""
        package var minVersion: Int16 = 0
        package var maxVersion: Int16 = 0

        package init(name: String = "", minVersion: Int16 = 0, maxVersion: Int16 = 0) {
            self.name = name; self.minVersion = minVersion; self.maxVersion = maxVersion
        }
    }

    /// An element of ``finalizedFeatures``.
    package struct FinalizedFeatureKey: Sendable {
        package var name: String = ""
        package var maxVersionLevel: Int16 = 0
        package var minVersionLevel: Int16 = 0

        package init(name: String = "", maxVersionLevel: Int16 = 0, minVersionLevel: Int16 = 0) {
            self.name = name; self.maxVersionLevel = maxVersionLevel; self.minVersionLevel = minVersionLevel
        }
    }
}

extension ApiVersionsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("ApiVersionsResponse", version, 0...4, flexible: 3)
        writer.errorCode(errorCode)
        writer.array(apiKeys, version)
        if version >= 1 { writer.int32(throttleTimeMs) }
        if version >= 3 {
            var tags = writer.tags()
            if !supportedFeatures.isEmpty {
                writer.begin(0, in: &tags)
                writer.array(supportedFeatures, version)
                writer.finish(tags)
            }
            if finalizedFeaturesEpoch != -1 {
                writer.begin(1, in: &tags)
                writer.int64(finalizedFeaturesEpoch)
                writer.finish(tags)
            }
            if !finalizedFeatures.isEmpty {
                writer.begin(2, in: &tags)
                writer.array(finalizedFeatures, version)
                writer.finish(tags)
            }
            if zkMigrationReady != false {
                writer.begin(3, in: &tags)
                writer.bool(zkMigrationReady)
                writer.finish(tags)
            }
            writer.end(tags)
        }
    }
}

extension ApiVersionsResponse.ApiVersion: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int16(apiKey)
        writer.int16(minVersion)
        writer.int16(maxVersion)
        writer.noTags()
    }
}

extension ApiVersionsResponse.SupportedFeatureKey: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int16(minVersion)
        writer.int16(maxVersion)
        writer.noTags()
    }
}

extension ApiVersionsResponse.FinalizedFeatureKey: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.int16(maxVersionLevel)
        writer.int16(minVersionLevel)
        writer.noTags()
    }
}
