// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's CreateAclsRequest (key 30, versions 1-3): creates access rules.
package struct CreateAclsRequest: Sendable {
    package var creations: [AclCreation] = []

    package init(creations: [AclCreation] = []) {
        self.creations = creations
    }

    /// An element of ``creations``.
    package struct AclCreation: Sendable {
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var resourcePatternType: Int8 = 3
        package var principal: String = ""
        package var host: String = ""
        package var operation: Int8 = 0
        package var permissionType: Int8 = 0

        package init(
            resourceType: Int8 = 0, resourceName: String = "", resourcePatternType: Int8 = 3, principal: String = "",
            host: String = "", operation: Int8 = 0, permissionType: Int8 = 0
        ) {
            self.resourceType = resourceType; self.resourceName = resourceName
            self.resourcePatternType = resourcePatternType; self.principal = principal; self.host = host
            self.operation = operation; self.permissionType = permissionType
        }
    }
}

extension CreateAclsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("CreateAclsRequest", version, 1...3, flexible: 2)
        creations = try reader.array("Creations", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension CreateAclsRequest.AclCreation: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        resourceType = try reader.int8("ResourceType")
        resourceName = try reader.string("ResourceName")
        resourcePatternType = try reader.int8("ResourcePatternType")
        principal = try reader.string("Principal")
        host = try reader.string("Host")
        operation = try reader.int8("Operation")
        permissionType = try reader.int8("PermissionType")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 8 : 10 }
}

/// Kafka's CreateAclsResponse (key 30, versions 1-3): answers ``CreateAclsRequest``.
package struct CreateAclsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var results: [AclCreationResult] = []

    package init(throttleTimeMs: Int32 = 0, results: [AclCreationResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.results = results
    }

    /// An element of ``results``.
    package struct AclCreationResult: Sendable {
        package var errorCode: Int16 = 0
        package var errorMessage: String? = ""

        package init(errorCode: Int16 = 0, errorMessage: String? = "") {
            self.errorCode = errorCode; self.errorMessage = errorMessage
        }
    }
}

extension CreateAclsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("CreateAclsResponse", version, 1...3, flexible: 2)
        writer.int32(throttleTimeMs)
        writer.array(results, version)
        writer.noTags()
    }
}

extension CreateAclsResponse.AclCreationResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.noTags()
    }
}
