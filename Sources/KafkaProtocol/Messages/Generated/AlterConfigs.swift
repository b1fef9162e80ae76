// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's AlterConfigsRequest (key 33, versions 0-2): replaces configurations.
package struct AlterConfigsRequest: Sendable {
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
        package var value: String? = ""

        package init(name: String = "", value: String? = "") {
            self.name = name; self.value = value
        }
    }
}

extension AlterConfigsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("AlterConfigsRequest", version, 0...2, flexible: 2)
        resources = try reader.array("Resources", version)
        validateOnly = try reader.bool("ValidateOnly")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension AlterConfigsRequest.AlterConfigsResource: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        resourceType = try reader.int8("ResourceType")
        resourceName = try reader.string("ResourceName")
        configs = try reader.array("Configs", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 4 : 7 }
}

extension AlterConfigsRequest.AlterableConfig: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        name = try reader.string("Name")
        value = try reader.nullableString("Value")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 3 : 4 }
}

/// Kafka's AlterConfigsResponse (key 33, versions 0-2): answers ``AlterConfigsRequest``.
package struct AlterConfigsResponse: Sendable {
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

extension AlterConfigsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("AlterConfigsResponse", version, 0...2, flexible: 2)
        writer.int32(throttleTimeMs)
        writer.array(responses, version)
        writer.noTags()
    }
}

extension AlterConfigsResponse.AlterConfigsResourceResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.int8(resourceType)
        writer.string(resourceName)
        writer.noTags()
    }
}
