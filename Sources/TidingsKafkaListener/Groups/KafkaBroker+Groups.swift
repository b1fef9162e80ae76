// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsGroups
import TidingsNetwork

extension ErrorCode {
    /// What Kafka calls a refusal of a group.
    init(_ refusal: GroupRefusal) {
        self =
            switch refusal {
            case .coordinatorNotAvailable: .coordinatorNotAvailable
            case .coordinatorLoadInProgress: .coordinatorLoadInProgress
            case .notCoordinator: .notCoordinator
            case .unknownServerError: .unknownServerError
            case .invalidRequest: .invalidRequest
            case .policyViolation: .policyViolation
            case .invalidGroupID: .invalidGroupID
            case .groupIDNotFound: .groupIDNotFound
            case .nonEmptyGroup: .nonEmptyGroup
            case .groupSubscribedToTopic: .groupSubscribedToTopic
            case .groupMaxSizeReached: .groupMaxSizeReached
            case .invalidSessionTimeout: .invalidSessionTimeout
            case .inconsistentGroupProtocol: .inconsistentGroupProtocol
            case .memberIDRequired: .memberIDRequired
            case .unknownMemberID: .unknownMemberID
            case .fencedInstanceID: .fencedInstanceID
            case .illegalGeneration: .illegalGeneration
            case .rebalanceInProgress: .rebalanceInProgress
            case .offsetMetadataTooLarge: .offsetMetadataTooLarge
            case .invalidCommitOffsetSize: .invalidCommitOffsetSize
            case .unstableOffsetCommit: .unstableOffsetCommit
            case .invalidProducerEpoch: .invalidProducerEpoch
            case .fencedMemberEpoch: .fencedMemberEpoch
            case .staleMemberEpoch: .staleMemberEpoch
            case .unreleasedInstanceID: .unreleasedInstanceID
            case .unsupportedAssignor: .unsupportedAssignor
            case .invalidRegularExpression: .invalidRegularExpression
            }
    }
}

extension KafkaBroker {
    /// Asks a group's rules; `then` runs on this loop.
    func group(
        _ body: @escaping (inout GroupTable, RequestToken, Moment) -> [GroupStep],
        then: @escaping (GroupAnswer) -> Void
    ) {
        coordinator.ask(on: loop) {
            $0.group($1, body)
        } then: {
            then($0)
        }
    }

    /// Reads the groups; nil until they are there.
    func look<Found>(_ body: @escaping (GroupTable) -> Found, then: @escaping (Found?) -> Void) {
        coordinator.ask(on: loop) { (coordinator, reply: @escaping (Found?) -> Void) in
            reply(coordinator.groups.map { body($0) })
        } then: {
            then($0)
        }
    }

    // MARK: - Coordinators

    /// Finds the broker that coordinates groups and transactional ids: there is one.
    func findCoordinator(_ request: FindCoordinatorRequest, _ answer: KafkaAnswer) {
        let (host, port) = advertised(answer)
        let isKnown = request.keyType == 0 || request.keyType == 1
        let refusal = isKnown ? ErrorCode.noError : .invalidRequest
        let sentence: String? = isKnown ? nil : "a coordinator of type \(request.keyType) is not known"
        func coordinator(_ key: String) -> FindCoordinatorResponse.Coordinator {
            .init(
                key: key, nodeID: isKnown ? settings.nodeID : -1, host: isKnown ? host : "", port: isKnown ? port : -1,
                errorCode: refusal.rawValue, errorMessage: sentence)
        }
        let one = coordinator(request.key)
        give(
            answer,
            FindCoordinatorResponse(
                errorCode: one.errorCode, errorMessage: one.errorMessage, nodeID: one.nodeID, host: one.host,
                port: one.port, coordinators: answer.version >= 4 ? request.coordinatorKeys.map { coordinator($0) } : []
            ))
    }

    // MARK: - Members

    /// A member joins; answered when the generation is complete.
    func joinGroup(_ request: JoinGroupRequest, _ answer: KafkaAnswer, _ frame: UnsafeRawBufferPointer) {
        var join = JoinRequest(
            protocols: request.protocols.map {
                GroupProtocol(name: $0.name, metadata: [UInt8]($0.metadata.bytes(in: frame)))
            })
        join.memberID = request.memberID
        join.instanceID = request.groupInstanceID
        join.clientID = answer.clientID
        join.clientHost = "/" + answer.connection.stream.remoteAddress.ip
        join.sessionTimeout = .milliseconds(request.sessionTimeoutMs)
        // Version 0 has one time-out for both.
        join.rebalanceTimeout = .milliseconds(
            answer.version == 0 ? request.sessionTimeoutMs : max(request.rebalanceTimeoutMs, 0))
        join.protocolType = request.protocolType
        join.requiresMemberID = answer.version >= 4
        join.skipsAssignment = answer.version >= 9
        let asked = join
        group({ $0.join(request.groupID, asked, $1, at: $2) }) { [self] result in
            switch result {
            case .joined(let joined): give(answer, joined: joined)
            case .notJoined(let refusal, let memberID):
                give(
                    answer,
                    JoinGroupResponse(
                        errorCode: ErrorCode(refusal).rawValue, generationID: -1,
                        protocolName: answer.version >= 7 ? nil : "", memberID: memberID))
            case .refused(let refusal):
                give(
                    answer,
                    JoinGroupResponse(
                        errorCode: ErrorCode(refusal).rawValue, generationID: -1,
                        protocolName: answer.version >= 7 ? nil : "", memberID: request.memberID))
            default: answer.connection.refuse("a join has no such answer")
            }
        }
    }

    private func give(_ answer: KafkaAnswer, joined: JoinAnswer) {
        // The members' own bytes go out one after the other, each in its place.
        give(
            answer,
            JoinGroupResponse(
                generationID: joined.generation, protocolType: joined.protocolType,
                protocolName: joined.protocolName ?? (answer.version >= 7 ? nil : ""), leader: joined.leader,
                skipAssignment: joined.skipsAssignment, memberID: joined.memberID,
                members: joined.members.map {
                    .init(memberID: $0.memberID, groupInstanceID: $0.instanceID, metadata: $0.metadata)
                }))
    }

    /// A member waits for its assignment.
    func syncGroup(_ request: SyncGroupRequest, _ answer: KafkaAnswer, _ frame: UnsafeRawBufferPointer) {
        // From version 5 on both names are needed, and have to be the group's.
        if answer.version >= 5, request.protocolType == nil || request.protocolName == nil {
            return give(answer, SyncGroupResponse(errorCode: ErrorCode.inconsistentGroupProtocol.rawValue))
        }
        let sync = SyncRequest(
            MemberIdentity(request.memberID, instanceID: request.groupInstanceID), generation: request.generationID,
            protocolType: request.protocolType, protocolName: request.protocolName,
            assignments: request.assignments.map { ($0.memberID, [UInt8]($0.assignment.bytes(in: frame))) })
        group({ $0.sync(request.groupID, sync, $1, at: $2) }) { [self] result in
            switch result {
            case .synced(let synced):
                give(
                    answer,
                    SyncGroupResponse(
                        protocolType: synced.protocolType, protocolName: synced.protocolName,
                        assignment: synced.assignment))
            case .refused(let refusal): give(answer, SyncGroupResponse(errorCode: ErrorCode(refusal).rawValue))
            default: answer.connection.refuse("a sync has no such answer")
            }
        }
    }

    /// A member says that it is there.
    func heartbeat(_ request: HeartbeatRequest, _ answer: KafkaAnswer) {
        let member = MemberIdentity(request.memberID, instanceID: request.groupInstanceID)
        coordinator.ask(on: loop) { (coordinator, reply: @escaping (ErrorCode) -> Void) in
            reply(coordinator.heartbeat(request.groupID, member, generation: request.generationID))
        } then: { [self] code in
            give(answer, HeartbeatResponse(errorCode: code.rawValue))
        }
    }

    /// Members leave.
    func leaveGroup(_ request: LeaveGroupRequest, _ answer: KafkaAnswer) {
        let members =
            answer.version >= 3
            ? request.members.map { MemberIdentity($0.memberID, instanceID: $0.groupInstanceID) }
            : [MemberIdentity(request.memberID)]
        group({ $0.leave(request.groupID, members, $1, at: $2) }) { [self] result in
            switch result {
            case .left(let left):
                // Before version 3 one member leaves, and its refusal is the answer's.
                let first = left.first?.refusal.map { ErrorCode($0) } ?? .noError
                give(
                    answer,
                    LeaveGroupResponse(
                        errorCode: answer.version >= 3 ? 0 : first.rawValue,
                        members: answer.version < 3
                            ? []
                            : left.map {
                                .init(
                                    memberID: $0.member.memberID, groupInstanceID: $0.member.instanceID,
                                    errorCode: $0.refusal.map { ErrorCode($0).rawValue } ?? 0)
                            }))
            case .refused(let refusal): give(answer, LeaveGroupResponse(errorCode: ErrorCode(refusal).rawValue))
            default: answer.connection.refuse("a leave has no such answer")
            }
        }
    }

    // MARK: - Administration

    /// Tells states and members of groups.
    func describeGroups(_ request: DescribeGroupsRequest, _ answer: KafkaAnswer) {
        let wanted = request.groups.once { $0 }
        look({ table in wanted.map { table.group($0)?.description } }) { [self] found in
            let groups = wanted.enumerated().map { place, id -> DescribeGroupsResponse.DescribedGroup in
                guard let found else {
                    return .init(errorCode: ErrorCode.coordinatorLoadInProgress.rawValue, groupID: id)
                }
                // Members that the server coordinates are told by a request of their own.
                guard let group = found[place], group.coordinated == nil else {
                    // Up to version 5 a group that is not there is dead, and no error.
                    return answer.version >= 6
                        ? .init(
                            errorCode: ErrorCode.groupIDNotFound.rawValue,
                            errorMessage: "there is no group \(id) of the classic protocol",
                            groupID: id, groupState: "Dead")
                        : .init(groupID: id, groupState: "Dead")
                }
                return .init(
                    groupID: id, groupState: Self.state(of: group), protocolType: group.protocolType,
                    protocolData: group.protocolName,
                    members: group.members.map {
                        .init(
                            memberID: $0.memberID, groupInstanceID: $0.instanceID, clientID: $0.clientID,
                            clientHost: $0.clientHost, memberMetadata: $0.metadata, memberAssignment: $0.assignment)
                    })
            }
            give(answer, DescribeGroupsResponse(groups: groups))
        }
    }

    /// Lists groups.
    func listGroups(_ request: ListGroupsRequest, _ answer: KafkaAnswer) {
        let states = Set(request.statesFilter.map { $0.lowercased() })
        let types = Set(request.typesFilter.map { $0.lowercased() })
        look({ table in table.ids.compactMap { table.group($0)?.description } }) { [self] found in
            guard let found else {
                return give(answer, ListGroupsResponse(errorCode: ErrorCode.coordinatorLoadInProgress.rawValue))
            }
            let shown = found.filter { group in
                (states.isEmpty || states.contains(Self.state(of: group).lowercased()))
                    && (types.isEmpty || types.contains(Self.type(of: group)))
            }
            give(
                answer,
                ListGroupsResponse(
                    groups: shown.map {
                        .init(
                            groupID: $0.id, protocolType: $0.protocolType, groupState: Self.state(of: $0),
                            groupType: Self.type(of: $0))
                    }))
        }
    }

    private static func type(of group: GroupDescription) -> String {
        group.coordinated == nil ? "classic" : "consumer"
    }

    /// What a group is doing, as Kafka calls it.
    static func state(of group: GroupDescription) -> String {
        switch group.phase {
        case .empty: "Empty"
        case .preparingRebalance: "PreparingRebalance"
        case .completingRebalance: "CompletingRebalance"
        case .stable: "Stable"
        case .reconciling: group.isAssigning ? "Assigning" : "Reconciling"
        case .dead: "Dead"
        }
    }

    /// Deletes groups without members.
    func deleteGroups(_ request: DeleteGroupsRequest, _ answer: KafkaAnswer) {
        let gather = Gather(DeleteGroupsResponse(results: request.groupsNames.map { .init(groupID: $0) })) {
            [self] in give(answer, $0)
        }
        for (place, id) in request.groupsNames.enumerated() {
            gather.begin()
            group({ $0.delete(id, $1, at: $2) }) { result in
                if case .refused(let refusal) = result {
                    gather.value.results[place].errorCode = ErrorCode(refusal).rawValue
                }
                gather.end()
            }
        }
        gather.end()
    }
}
