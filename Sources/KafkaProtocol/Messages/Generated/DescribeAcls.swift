// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DescribeAclsRequest (key 29, versions 1-3): lists access rules.
package struct DescribeAclsRequest: Sendable {
    package var resourceTypeFilter: Int8 = 0
    package var resourceNameFilter: String? = ""
    package var patternTypeFilter: Int8 = 3
    package var principalFilter: String? = ""
    package var hostFilter: String? = ""
    package var operation: Int8 = 0
    package var permissionType: Int8 = 0

    package init(
        resourceTypeFilter: Int8 = 0, resourceNameFilter: String? = "", patternTypeFilter: Int8 = 3,
        principalFilter: String? = "", hostFilter: String? = "", operation: Int8 = 0, permissionType: Int8 = 0
    ) {
        self.resourceTypeFilter = resourceTypeFilter; self.resourceNameFilter = resourceNameFilter
        self.patternTypeFilter = patternTypeFilter; self.principalFilter = principalFilter
        self.hostFilter = hostFilter; self.operation = operation; self.permissionType = permissionType
    }
}

extension DescribeAclsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DescribeAclsRequest", version, 1...3, flexible: 2)
        resourceTypeFilter = try reader.int8("ResourceTypeFilter")
        resourceNameFilter = try reader.nullableString("ResourceNameFilter")
        patternTypeFilter = try reader.int8("PatternTypeFilter")
        principalFilter = try reader.nullableString("PrincipalFilter")
        hostFilter = try reader.nullableString("HostFilter")
        operation = try reader.int8("Operation")
        permissionType = try reader.int8("PermissionType")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

/// Kafka's DescribeAclsResponse (key 29, versions 1-3): answers ``DescribeAclsRequest``.
package struct DescribeAclsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var errorCode: Int16 = 0
    package var errorMessage: String? = ""
    package var resources: [DescribeAclsResource] = []

    package init(
        throttleTimeMs: Int32 = 0, errorCode: Int16 = 0, errorMessage: String? = "",
        resources: [DescribeAclsResource] = []
    ) {
        self.throttleTimeMs = throttleTimeMs; self.errorCode = errorCode; self.errorMessage = errorMessage
        self.resources = resources
    }

    /// An element of ``resources``.
    package struct DescribeAclsResource: Sendable {
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var patternType: Int8 = 3
        package var acls: [AclDescription] = []

        package init(
            resourceType: Int8 = 0, resourceName: String = "", patternType: Int8 = 3, acls: [AclDescription] = []
        ) {
            self.resourceType = resourceType; self.resourceName = resourceName; self.patternType = patternType
            self.acls = acls
        }
    }

    /// An element of ``acls``.
    package struct AclDescription: Sendable {
        package var principal: String = ""
        package var host: String = ""
        package var operation: Int8 = 0
        package var permissionType: Int8 = 0

        package init(principal: String = "", host: String = "", operation: Int8 = 0, permissionType: Int8 = 0) {
            self.principal = principal; self.host = host; self.operation = operation; self.permissionType = permissionType
        }
    }
}

extension DescribeAclsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DescribeAclsResponse", version, 1...3, flexible: 2)
        writer.int32(throttleTimeMs)
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.array(resources, version)
        writer.noTags()
    }
}

extension DescribeAclsResponse.DescribeAclsResource: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.int8(resourceType)
        writer.string(resourceName)
        writer.int8(patternType)
        writer.array(acls, version)
        writer.noTags()
    }
}

extension DescribeAclsResponse.AclDescription: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.string(principal)
        writer.string(host)
        writer.int8(operation)
        writer.int8(permissionType)
        writer.noTags()
    }
}
