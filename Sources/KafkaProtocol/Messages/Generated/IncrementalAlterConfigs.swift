// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's IncrementalAlterConfigsRequest (key 44, versions 0-1): changes single values of configurations.
package struct IncrementalAlterConfigsRequest: Sendable {
    package var resources: [AlterConfigsResource] = []
    package var validateOnly: Bool = false

    package init(resources: [AlterConfigsResource] = [], validateOnly: Bool = false) {
        self.resources = resources; self.validateOnly = validateOnly
    }

    /// An element of ``resources``.
    package struct AlterConfigsResource: Sendable {
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var configs: [AlterableConfig] = []

        package init(resourceType: Int8 = 0, resourceName: String = "", configs: [AlterableConfig] = []) {
            self.resourceType = resourceType; self.resourceName = resourceName; self.configs = configs
        }
    }

    /// An element of ``configs``.
    package struct AlterableConfig: Sendable {
        package var name: String = ""
        package var configOperation: Int8 = 0
        package var value: String? = ""

        package init(name: String = "", configOperation: Int8 = 0, value: String? = "") {
            self.name = name; self.configOperation = configOperation; self.value = value
        }
    }
}

extension IncrementalAlterConfigsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("IncrementalAlterConfigsRequest", version, 0...1, flexible: 1)
        resources = try reader.array("Resources", version)
        validateOnly = try reader.bool("ValidateOnly")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension IncrementalAlterConfigsRequest.AlterConfigsResource: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        resourceType = try reader.int8("ResourceType")
        resourceName = try reader.string("ResourceName")
        configs = try reader.array("Configs", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 1 ? 4 : 7 }
}

extension IncrementalAlterConfigsRequest.AlterableConfig: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        configOperation = try reader.int8("ConfigOperation")
        value = try reader.nullableString("Value")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 1 ? 4 : 5 }
}

/// Kafka's IncrementalAlterConfigsResponse (key 44, versions 0-1): answers ``IncrementalAlterConfigsRequest``.
package struct IncrementalAlterConfigsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var responses: [AlterConfigsResourceResponse] = []

    package init(throttleTimeMs: Int32 = 0, responses: [AlterConfigsResourceResponse] = []) {
        self.throttleTimeMs = throttleTimeMs; self.responses = responses
    }

    /// An element of ``responses``.
    package struct AlterConfigsResourceResponse: Sendable {
        package var errorCode: Int16 = 0
        package var errorMessage: String? = ""
        package var resourceType: Int8 = 0
        package var resourceName: String = ""

        package init(errorCode: Int16 = 0, errorMessage: String? = "", resourceType: Int8 = 0, resourceName: String = "") {
            self.errorCode = errorCode; self.errorMessage = errorMessage; self.resourceType = resourceType
            self.resourceName = resourceName
        }
    }
}

extension IncrementalAlterConfigsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("IncrementalAlterConfigsResponse", version, 0...1, flexible: 1)
        writer.int32(throttleTimeMs)
        writer.array(responses, version)
        writer.noTags()
    }
}

extension IncrementalAlterConfigsResponse.AlterConfigsResourceResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.int8(resourceType)
        writer.string(resourceName)
        writer.noTags()
    }
}
