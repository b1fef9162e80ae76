// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reading on from another place.
extension SubscriptionRunner {
    /// Finds the place in every partition that is meant, then moves there, unless it is only asked what would happen.
    /// What is on its way there is broken off; what is out of the way (waiting events, dead letters) stays.
    /// - Parameter then: the steps by partition; called when the move is made, not when it is durable.
    func seek(
        _ request: SeekRequest, dryRun: Bool, patience: Int = 100,
        then: @escaping (Result<[SeekStep], Problem>) -> Void
    ) {
        let meant = cursors.compactMap { $0 }.filter { cursor in
            (request.topic == nil || cursor.partition.topic == request.topic)
                && (request.partition == nil || cursor.partition.index == request.partition)
        }.sorted { $0.partition < $1.partition }
        guard !meant.isEmpty else {
            return then(.failure(Problem(.conflict, "subscription '\(subscription.name)' reads nothing there")))
        }
        guard meant.allSatisfy({ $0.mode != .starting }) else {
            // One that was made just now is still looking its first place up.
            guard patience > 0 else {
                return then(
                    .failure(
                        Problem(
                            .unavailable, "the subscription is still finding its first place", retryAfter: .seconds(1)))
                )
            }
            _ = home.loop.schedule(after: .milliseconds(10)) { [self] in
                seek(request, dryRun: dryRun, patience: patience - 1, then: then)
            }
            return
        }
        find(request.target, meant[...], []) { [weak tie] found in
            guard let self = tie?.owner, !self.isDeleted else { return }
            switch found {
            case .failure(let problem): then(.failure(problem))
            case .success(let places):
                let steps = zip(meant, places).map { self.step($0, to: $1) }
                if !dryRun {
                    for (cursor, place) in zip(meant, places) where !cursor.isOver { self.move(cursor, to: place) }
                    self.pump()
                }
                then(.success(steps))
            }
        }
    }

    /// One partition after another.
    private func find(
        _ target: SeekRequest.Target, _ left: ArraySlice<PartitionCursor>, _ found: [Offset],
        then: @escaping (Result<[Offset], Problem>) -> Void
    ) {
        guard let cursor = left.first else { return then(.success(found)) }
        let seen = cursor.tail.seen
        let start = min(seen, max(home.log.bounds(of: cursor.partition)?.start ?? seen, cursor.tail.givenUp))
        let place: Offset
        switch target {
        case .beginning: place = start
        case .now: place = seen
        case .offset(let offset):
            guard offset >= start, offset <= seen else {
                let sentence = "partition \(home.name(of: cursor.partition)) has offsets from \(start) to \(seen)"
                return then(
                    .failure(
                        Problem(
                            .conflict, "'/to' is not stored: \(sentence)",
                            [.init("/to", "range", found: offset.description)])))
            }
            place = offset
        case .time(let time):
            return home.session.offset(in: cursor.partition, atTime: time) { [weak tie] result in
                guard let self = tie?.owner else { return }
                switch result {
                case .failure(let error): then(.failure(Problem(error)))
                case .success(let timed):
                    let place = min(max(timed.offset, start), cursor.tail.seen)
                    self.find(target, left.dropFirst(), found + [place], then: then)
                }
            }
        }
        find(target, left.dropFirst(), found + [place], then: then)
    }

    private func step(_ cursor: PartitionCursor, to place: Offset) -> SeekStep {
        let open = cursor.position?.outstanding ?? []
        let next = cursor.next
        let above = Int64(open.count { $0 >= place })
        return SeekStep(
            partition: cursor.partition, from: open.first ?? next, to: place,
            again: max(0, max(0, next - place) - above),
            skipped: max(0, place - next) + Int64(open.count) - above)
    }

    private func lanesOnTheWay(of cursor: PartitionCursor) -> [Lane] {
        var found: [Lane] = []
        for (_, last) in lanes {
            var lane: Lane? = last
            while let present = lane {
                if present.cursor === cursor, !present.isAway { found.append(present) }
                lane = present.previous
            }
        }
        return found
    }

    /// Takes a keyed lane out; what its key has in other partitions goes on without it.
    private func drop(_ lane: Lane) {
        held[lane.serial] = nil
        let (before, after) = lane.leaveChain()
        if let id = lane.id, lanes[id] === lane { lanes[id] = before }
        guard before == nil, let after, held.removeValue(forKey: after.serial) != nil else { return }
        after.state = .ready
        ready.append(after)
    }

    /// Leaves a place for another: attempts on the way are broken off, a new cursor reads on.
    private func move(_ cursor: PartitionCursor, to place: Offset) {
        let now = home.time.now
        for (serial, lane) in inFlight where lane.cursor === cursor && !lane.isAway {
            lane.handle?.cancel()
            lane.handle = nil
            inFlight[serial] = nil
            breaker.ended(at: now)
        }
        metrics.inFlight.set(Int64(inFlight.count))
        for lane in lanesOnTheWay(of: cursor) { drop(lane) }
        windowCount -= cursor.outstanding.count
        dirtyCursors.removeAll { $0 === cursor }
        cursor.end()
        let fresh = PartitionCursor(cursor.tail)
        cursors[cursor.tail.index] = fresh
        begin(fresh, at: place)
    }
}
