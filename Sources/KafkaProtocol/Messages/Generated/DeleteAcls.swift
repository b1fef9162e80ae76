// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.
// swift-format-ignore-file
// Written by script/kafka-messages from Kafka's definitions: change those or the script, not this file.

/// Kafka's DeleteAclsRequest (key 31, versions 1-3): deletes access rules.
package struct DeleteAclsRequest: Sendable {
    package var filters: [DeleteAclsFilter] = []

    package init(filters: [DeleteAclsFilter] = []) {
        self.filters = filters
    }

    /// An element of ``filters``.
    package struct DeleteAclsFilter: Sendable {
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
}

extension DeleteAclsRequest: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        try reader.begin("DeleteAclsRequest", version, 1...3, flexible: 2)
        filters = try reader.array("Filters", version)
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { 0 }
}

extension DeleteAclsRequest.DeleteAclsFilter: ReadableMessage {
    package init(from reader: inout MessageReader, version: Int16) throws(MessageError) {
        resourceTypeFilter = try reader.int8("ResourceTypeFilter")
        resourceNameFilter = try reader.nullableString("ResourceNameFilter")
        patternTypeFilter = try reader.int8("PatternTypeFilter")
        principalFilter = try reader.nullableString("PrincipalFilter")
        hostFilter = try reader.nullableString("HostFilter")
        operation = try reader.int8("Operation")
        permissionType = try reader.int8("PermissionType")
        try reader.skipTags()
    }
    package static func minimumSize(_ version: Int16) -> Int { version >= 2 ? 8 : 10 }
}

/// Kafka's DeleteAclsResponse (key 31, versions 1-3): answers ``DeleteAclsRequest``.
package struct DeleteAclsResponse: Sendable {
    package var throttleTimeMs: Int32 = 0
    package var filterResults: [DeleteAclsFilterResult] = []

    package init(throttleTimeMs: Int32 = 0, filterResults: [DeleteAclsFilterResult] = []) {
        self.throttleTimeMs = throttleTimeMs; self.filterResults = filterResults
    }

    /// An element of ``filterResults``.
    package struct DeleteAclsFilterResult: Sendable {
        package var errorCode: Int16 = 0
        package var errorMessage: String? = ""
        package var matchingACLs: [DeleteAclsMatchingAcl] = []

        package init(errorCode: Int16 = 0, errorMessage: String? = "", matchingACLs: [DeleteAclsMatchingAcl] = []) {
            self.errorCode = errorCode; self.errorMessage = errorMessage; self.matchingACLs = matchingACLs
        }
    }

    /// An element of ``matchingACLs``.
    package struct DeleteAclsMatchingAcl: Sendable {
        package var errorCode: Int16 = 0
        package var errorMessage: String? = ""
        package var resourceType: Int8 = 0
        package var resourceName: String = ""
        package var patternType: Int8 = 3
        package var principal: String = ""
        package var host: String = ""
        package var operation: Int8 = 0
        package var permissionType: Int8 = 0

        package init(
            errorCode: Int16 = 0, errorMessage: String? = "", resourceType: Int8 = 0, resourceName: String = "",
            patternType: Int8 = 3, principal: String = "", host: String = "", operation: Int8 = 0, permissionType: Int8 = 0
        ) {
            self.errorCode = errorCode; self.errorMessage = errorMessage; self.resourceType = resourceType
            self.resourceName = resourceName; self.patternType = patternType; self.principal = principal; self.host = host
            self.operation = operation; self.permissionType = permissionType
        }
    }
}

extension DeleteAclsResponse: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.begin("DeleteAclsResponse", version, 1...3, flexible: 2)
        writer.int32(throttleTimeMs)
        writer.array(filterResults, version)
        writer.noTags()
    }
}

extension DeleteAclsResponse.DeleteAclsFilterResult: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.array(matchingACLs, version)
        writer.noTags()
    }
}

extension DeleteAclsResponse.DeleteAclsMatchingAcl: WritableMessage {
    package func write(to writer: inout MessageWriter, version: Int16) {
        writer.errorCode(errorCode)
        writer.nullableString(errorMessage)
        writer.int8(resourceType)
        writer.string(resourceName)
        writer.int8(patternType)
        writer.string(principal)
        writer.string(host)
        writer.int8(operation)
        writer.int8(permissionType)
        writer.noTags()
    }
}
