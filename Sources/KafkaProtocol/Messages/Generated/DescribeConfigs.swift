// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DescribeConfigsRequest (key 32, versions 0-4): tells configurations.
package struct DescribeConfigsRequest: Sendable {
    package var resources: [DescribeConfigsResource] = []
    package var includeSynonyms: Bool = false
    package var includeDocumentation: Bool = false

    package init(
        resources: [DescribeConfigsResource] = [], includeSynonyms: Bool = false, includeDocumentation: Bool = false
    ) {
        self.resources = resources; self.includeSynonyms = includeSynonyms
        self.includeDocumentation = includeDocumentation
    }

    /// An element of ``resources``.
    package struct DescribeConfigsResource: Sendable {
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var configurationKeys: [String]? = []

        package init(resourceType: Int8 = 0, resourceName: String = "", configurationKeys: [String]? = []) {
            self.resourceType = resourceType; self.resourceName = resourceName; self.configurationKeys = configurationKeys
        }
    }
}

extension DescribeConfigsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DescribeConfigsRequest", version, 0...4, flexible: 4)
        resources = try reader.array("Resources", version)
        if version >= 1 { includeSynonyms = try reader.bool("IncludeSynonyms") }
        if version >= 3 { includeDocumentation = try reader.bool("IncludeDocumentation") }
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension DescribeConfigsRequest.DescribeConfigsResource: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        resourceType = try reader.int8("ResourceType")
        resourceName = try reader.string("ResourceName")
        configurationKeys = try reader.nullableStrings("ConfigurationKeys")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 4 ? 4 : 7 }
}

/// Kafka's DescribeConfigsResponse (key 32, versions 0-4): answers ``DescribeConfigsRequest``.
package struct DescribeConfigsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var results: [DescribeConfigsResult] = []

    package init(throttleTimeMs: Int32 = 0, results: [DescribeConfigsResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.results = results
    }

    /// An element of ``results``.
    package struct DescribeConfigsResult: Sendable {
        package var errorCode: Int16 = 0
        package var errorMessage: String? = ""
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var configs: [DescribeConfigsResourceResult] = []

        package init(
            errorCode: Int16 = 0, errorMessage: String? = "", resourceType: Int8 = 0, resourceName: String = "",
            configs: [DescribeConfigsResourceResult] = []
        ) {
            self.errorCode = errorCode; self.errorMessage = errorMessage; self.resourceType = resourceType
            self.resourceName = resourceName; self.configs = configs
        }
    }

    /// An element of ``configs``.
    package struct DescribeConfigsResourceResult: Sendable {
        package var name: String = ""
        package var value: String? = ""
        package var readOnly: Bool = false
        package var isDefault: Bool = false
        package var configSource: Int8 = -1
        package var isSensitive: Bool = false
        package var synonyms: [DescribeConfigsSynonym] = []
        package var configType: Int8 = 0
        package var documentation: String? = ""

        package init(
            name: String = "", value: String? = "", readOnly: Bool = false, isDefault: Bool = false,
            configSource: Int8 = -1, isSensitive: Bool = false, synonyms: [DescribeConfigsSynonym] = [],
            configType: Int8 = 0, documentation: String? = ""
        ) {
            self.name = name; self.value = value; self.readOnly = readOnly; self.isDefault = isDefault
            self.configSource = configSource; self.isSensitive = isSensitive; self.synonyms = synonyms
            self.configType = configType; self.documentation = documentation
        }
    }

    /// An element of ``synonyms``.
    package struct DescribeConfigsSynonym: Sendable {
        package var name: String = ""
        package var value: String? = ""
        package var source: Int8 = 0

        package init(name: String = "", value: String? = "", source: Int8 = 0) {
            self.name = name; self.value = value; self.source = source
        }
    }
}

extension DescribeConfigsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeConfigsResponse", version, 0...4, flexible: 4)
        writer.int32(throttleTimeMs)
        writer.array(results, version)
        writer.noTags()
    }
}

extension DescribeConfigsResponse.DescribeConfigsResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.int8(resourceType)
        writer.string(resourceName)
        writer.array(configs, version)
        writer.noTags()
    }
}

extension DescribeConfigsResponse.DescribeConfigsResourceResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.nullableString(value)
        writer.bool(readOnly)
        if version <= 0 { writer.bool(isDefault) }
        if version >= 1 { writer.int8(configSource) }
        writer.bool(isSensitive)
        if version >= 1 { writer.array(synonyms, version) }
        if version >= 3 {
            writer.int8(configType)
            writer.nullableString(documentation)
        }
        writer.noTags()
    }
}

extension DescribeConfigsResponse.DescribeConfigsSynonym: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(name)
        writer.nullableString(value)
        writer.int8(source)
        writer.noTags()
    }
}
