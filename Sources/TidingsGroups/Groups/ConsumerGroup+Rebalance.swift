// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// From one generation to the next.
extension ConsumerGroup {
    /// Whether all members, also those that only have their id, have joined.
    private var haveAllJoined: Bool { joiningCount == members.count && pendingMembers.isEmpty }

    mutating func rebalanceOrCompleteJoin(at moment: Moment) {
        switch phase {
        case .empty, .stable, .completingRebalance, .reconciling: prepareRebalance(at: moment)
        case .preparingRebalance, .dead: completeJoinIfAllCame(at: moment)
        }
    }

    /// A wait for the first generation takes its time even when all have come.
    mutating func completeJoinIfAllCame(at moment: Moment) {
        guard phase == .preparingRebalance, previousPhase != .empty, haveAllJoined else { return }
        completeJoin(at: moment)
    }

    /// Asks everybody to join again.
    mutating func prepareRebalance(at moment: Moment) {
        if phase == .completingRebalance { refuseSyncs(.rebalanceInProgress, at: moment) }
        unsynced.removeAll()
        syncDeadline = nil
        let isFirst = phase == .empty
        enter(.preparingRebalance, at: moment)
        guard isFirst else {
            if haveAllJoined { return completeJoin(at: moment) }
            joinWait = JoinWait(deadline: moment.now + rebalanceTimeout)
            return
        }
        let pause = limits.initialRebalanceDelay
        guard pause > .zero else { return completeJoin(at: moment) }
        joinWait = JoinWait(
            deadline: moment.now + pause, initial: (pause: pause, left: max(rebalanceTimeout - pause, .zero)))
    }

    /// The wait for members is over.
    mutating func endJoinWait(_ wait: JoinWait, at moment: Moment) {
        guard let initial = wait.initial, gotNewMember, initial.left > .zero else { return completeJoin(at: moment) }
        // Somebody came: a little longer.
        gotNewMember = false
        let pause = min(limits.initialRebalanceDelay, initial.left)
        joinWait = JoinWait(
            deadline: moment.now + pause, initial: (pause: pause, left: max(initial.left - initial.pause, .zero)))
    }

    /// Goes on with those who came. Static members stay even if they did not.
    mutating func completeJoin(at moment: Moment) {
        joinWait = nil
        for member in membersInOrder where member.joining == nil && member.instanceID == nil { remove(member.id) }
        guard members.isEmpty || electLeader() else {
            // Only static members, and none came: sessions will tell.
            joinWait = JoinWait(deadline: moment.now + max(rebalanceTimeout, .seconds(1)))
            return
        }
        generation = generation == .max ? 1 : generation + 1
        gotNewMember = false
        unsynced.removeAll()
        guard !members.isEmpty else { return becomeEmpty(at: moment) }
        protocolName = selectedProtocol()
        subscribed = computedTopics()
        enter(.completingRebalance, at: moment)
        for member in membersInOrder {
            if let token = member.joining { answer(token, joined(member.id, isLeader: member.id == leader)) }
            change(member.id) { member in
                member.joining = nil
                member.isNew = false
            }
            renewSession(member.id, at: moment)
            unsynced.insert(member.id)
        }
        syncDeadline = moment.now + rebalanceTimeout
    }

    /// The leader stays if it came; else the first who came leads.
    private mutating func electLeader() -> Bool {
        if let leader, members[leader]?.joining != nil { return true }
        guard let next = membersInOrder.first(where: { $0.joining != nil }) else { return false }
        leader = next.id
        return true
    }

    private mutating func becomeEmpty(at moment: Moment) {
        protocolName = nil
        leader = nil
        subscribed = computedTopics()
        enter(.empty, at: moment)
        // If it is not stored, the former generation comes back after a restart, and its members expire.
        store([record()], .emptied(nil, .done))
    }

    // MARK: - Members go

    /// A member is taken for dead, or leaves.
    mutating func drop(_ id: String, at moment: Moment) {
        remove(id)
        afterDrop(at: moment)
    }

    /// What follows when members are gone.
    mutating func afterDrop(at moment: Moment) {
        switch phase {
        case .stable, .completingRebalance: prepareRebalance(at: moment)
        case .preparingRebalance:
            if previousPhase != .empty || joinWait == nil, haveAllJoined { completeJoin(at: moment) }
        case .empty, .dead, .reconciling: break
        }
    }

    // MARK: - Time

    /// When time may change something next.
    package var deadline: MonotonicTime? {
        var next = joinWait?.deadline
        func take(_ time: MonotonicTime?) {
            guard let time else { return }
            next = next.map { min($0, time) } ?? time
        }
        take(syncDeadline)
        take(coordinated?.deadline)
        for member in members.values { take(member.deadline) }
        for time in pendingMembers.values { take(time) }
        return next
    }

    /// Time passed.
    mutating func pass(_ moment: Moment) {
        passCoordinated(moment)
        let expired = pendingMembers.filter { $0.value <= moment.now }.keys.sorted()
        for id in expired { drop(id, pending: true, at: moment) }
        for member in membersInOrder {
            guard let current = members[member.id], let deadline = current.deadline, deadline <= moment.now else {
                continue
            }
            if current.isHeld {
                // Its session goes on when its request is answered.
                change(current.id) { $0.deadline = nil }
            } else {
                drop(current.id, at: moment)
            }
        }
        if let deadline = syncDeadline, deadline <= moment.now {
            syncDeadline = nil
            let late = unsynced.sorted()
            for id in late { remove(id) }
            if !late.isEmpty, phase == .completingRebalance || phase == .stable { prepareRebalance(at: moment) }
        }
        if let wait = joinWait, wait.deadline <= moment.now {
            joinWait = nil
            endJoinWait(wait, at: moment)
        }
    }

    /// An id that was handed out expired, or left again.
    mutating func drop(_ id: String, pending: Bool, at moment: Moment) {
        pendingMembers[id] = nil
        if phase == .preparingRebalance, haveAllJoined, joinWait?.initial == nil { completeJoin(at: moment) }
    }
}
