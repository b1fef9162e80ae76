// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What people do with dead letters and waiting entities.
extension SubscriptionRunner {
    /// Data that a redrive puts in the place of an event's has at most so many bytes.
    static let editLimit = 512 * 1_024

    /// What lists show of a dead letter.
    func summary(_ letter: Letter) -> DeadLetterSummary {
        let state = letter.state
        return DeadLetterSummary(
            id: DeadLetterID(state.id), event: state.event, key: state.key.map { String(decoding: $0, as: UTF8.self) },
            type: state.type, eventID: state.eventID, time: state.time, reason: state.reason, attempts: state.attempts,
            isBlocking: state.isBlocking, isRedriven: state.isRedriven)
    }

    /// Dead letters after one, the oldest first.
    func deadLetters(where filter: DeadLetterFilter, after: UInt64, limit: Int) -> Page<DeadLetterSummary> {
        var items: [DeadLetterSummary] = []
        for id in letters.keys.sorted() where id > after {
            guard let letter = letters[id] else { continue }
            let summary = summary(letter)
            guard filter.matches(summary) else { continue }
            if items.count == limit { return Page(items: items, next: items.last.map { String($0.id.number) }) }
            items.append(summary)
        }
        return Page(items: items, next: nil)
    }

    /// Entities out of the way after one, in the order they left it.
    func entities(in state: EntityState?, after: UInt64, limit: Int) -> Page<WaitingEntity> {
        var items: [(serial: UInt64, entity: WaitingEntity)] = []
        let (now, wall) = (home.time.now, home.time.wall)
        for serial in away.keys.sorted() where serial > after {
            // A held lane is shown with the one that holds it.
            guard let lane = away[serial], lane.state != .held else { continue }
            let found: EntityState = lane.state == .parked ? .parked : .resting
            guard state == nil || state == found else { continue }
            if items.count == limit {
                return Page(items: items.map(\.entity), next: items.last.map { String($0.serial) })
            }
            let letter = lane.deadLetter.flatMap { letters[$0]?.state }
            items.append(
                (
                    serial,
                    WaitingEntity(
                        key: lane.key.map { String(decoding: $0, as: UTF8.self) }, state: found, since: lane.since,
                        until: found == .parked ? nil : lane.head(at: now, wall).until ?? wall,
                        behind: lane.countOfChain - 1,
                        event: EventReference(lane.partition, lane.offset), failures: lane.failures,
                        deadLetter: lane.deadLetter.map { DeadLetterID($0) }, type: letter?.type,
                        eventID: letter?.eventID)
                ))
        }
        return Page(items: items.map(\.entity), next: nil)
    }

    /// Tries a dead letter again.
    func redrive(_ id: DeadLetterID, data: [UInt8]?) throws(Problem) {
        guard var letter = letters[id.number] else { throw Self.unknown(id) }
        if letter.state.isRedriven { throw Problem(.conflict, "\(id) is being redriven already") }
        if let data, data.count > Self.editLimit {
            throw Problem(.tooLarge, "edited data has at most \(Self.editLimit) bytes; found \(data.count)")
        }
        letter.state.isRedriven = true
        if let data { letter.edit = data }
        let lane: Lane
        if let parked = letter.lane {
            lane = parked
            parkedCount -= 1
        } else {
            lastSerial += 1
            lane = Lane(
                serial: lastSerial, partition: letter.state.event.partition, cursor: nil, id: nil,
                offset: letter.state.event.offset, stored: letter.state.time, batch: nil)
            lane.leave(key: nil, at: home.time.wall)
            away[lane.serial] = lane
            waitingCount += 1
            letter.lane = lane
        }
        lane.state = .ready
        lane.failures = 0
        lane.deadLetter = id.number
        lane.chain = letter.state.chain
        lane.attempts = letter.attempts
        letter.attempts = []
        if let data { lane.editedData = data }
        letters[id.number] = letter
        markDirty(letter: id.number)
        markDirty(lane)
        ready.prepend(lane)
        pump()
    }

    /// Gives a dead letter up.
    func discard(_ id: DeadLetterID) throws(Problem) {
        guard let letter = letters[id.number] else { throw Self.unknown(id) }
        if letter.state.isRedriven { throw Problem(.conflict, "\(id) is being redriven; discard it when that failed") }
        home.writer.add(
            AttemptNote(
                uuid: uuid, event: letter.state.event, previous: letter.state.chain?.last,
                content: .discarded(id.number)))
        forgetLetter(id.number)
        if let lane = letter.lane {
            parkedCount -= 1
            finish(lane)
            pump()
        }
        readOnIfRoom()
    }

    /// Redrives many, or only counts them.
    func redrive(_ selection: DeadLetterSelection, dryRun: Bool) -> RedriveCount {
        var count = RedriveCount()
        let ids: [UInt64] =
            switch selection {
            case .ids(let ids): ids.map(\.number)
            case .filter(let filter):
                letters.values.map { summary($0) }.filter { filter.matches($0) }.map(\.id.number).sorted()
            }
        for id in ids {
            guard let letter = letters[id] else {
                count.missing += 1
                continue
            }
            if letter.state.isRedriven {
                count.underWay += 1
                continue
            }
            count.redriven += 1
            if !dryRun { try? redrive(DeadLetterID(id), data: nil) }
        }
        return count
    }

    /// Everything about a dead letter; its attempts are read from where they were recorded.
    func details(of id: DeadLetterID, then: @escaping (Result<DeadLetterDetails, Problem>) -> Void) {
        guard let letter = letters[id.number] else { return then(.failure(Self.unknown(id))) }
        let chain = letter.state.isRedriven ? letter.lane?.chain ?? letter.state.chain : letter.state.chain
        let latest = letter.state.isRedriven ? letter.lane?.attempts ?? [] : letter.attempts
        let summary = summary(letter)
        readChain(letter.state.event, chain?.last, []) { [weak tie] older in
            let attempts = older.reversed() + latest
            guard letter.edit == nil, let place = letter.state.edit, let self = tie?.owner else {
                return then(
                    .success(DeadLetterDetails(summary: summary, attempts: attempts, editedData: letter.edit)))
            }
            self.home.readNote(at: place, shard: self.home.shardNumber(of: self.uuid)) { note in
                var data: [UInt8]?
                if case .edit(let found)? = note?.content { data = found }
                then(.success(DeadLetterDetails(summary: summary, attempts: attempts, editedData: data)))
            }
        }
    }

    /// Follows a chain of attempts from its end; stops at a record that is not the event's.
    private func readChain(
        _ event: EventReference, _ place: Offset?, _ found: [AttemptRecord], then: @escaping ([AttemptRecord]) -> Void
    ) {
        guard let place, found.count < RetryPolicy.allowedAttempts.upperBound * 2 else { return then(found) }
        home.readNote(at: place, shard: home.shardNumber(of: uuid)) { [weak tie] note in
            guard let self = tie?.owner, let note, note.uuid == self.uuid, note.event == event,
                case .attempt(let attempt) = note.content
            else { return then(found) }
            let previous = note.previous.flatMap { $0 < place ? $0 : nil }
            self.readChain(event, previous, found + [attempt], then: then)
        }
    }

    private static func unknown(_ id: DeadLetterID) -> Problem { Problem(.notFound, "there is no dead letter \(id)") }

    // MARK: - Test

    /// Sends a marked event that is not stored anywhere.
    func test(then: @escaping (Result<AttemptRecord, Problem>) -> Void) {
        guard tests.count < 4, !isDeleted, !home.isStopping else {
            return then(.failure(Problem(.tooManyRequests, "4 test events are on their way", retryAfter: .seconds(1))))
        }
        lastSerial += 1
        let serial = lastSerial
        guard let records = try? TestEvent.batch(for: subscription, at: home.time.wall, serial).records() else {
            return then(.failure(Problem(.internalError, "the test event could not be made")))
        }
        let began = home.time.now
        let place = PartitionID(TopicID(0), 0)
        let attempt = DeliveryAttempt(
            target: target, records: records, index: 0, topic: TestEvent.topic,
            messageID: DeliveryNames.messageID(uuid, place, Offset(Int64(home.random.next() >> 1))),
            trace: .root(from: home.random))
        tests[serial] = home.transport.send(attempt) { [weak tie] result in
            guard let self = tie?.owner, self.tests.removeValue(forKey: serial) != nil else { return }
            let took = self.home.time.now - began
            then(.success(AttemptRecord(result, began: self.home.wall(minus: took), took: took)))
            self.endIfIdle()
            self.home.attemptEnded()
        }
    }
}

/// The event that `test` sends.
enum TestEvent {
    /// Where it would be stored.
    static let topic = TopicName("tidings")!

    static func batch(for subscription: Subscription, at time: WallTime, _ serial: UInt64) -> StoredBatch {
        var body = ByteBuffer()
        var data = ByteBuffer()
        JSONWriter.write(into: &data) { json in
            json.object { json in
                json.member("subscription", subscription.name.text)
                json.member("test", true)
            }
        }
        let texts: [(String, String)] = [
            ("ce_specversion", "1.0"), ("ce_id", "test-\(time.millis)-\(serial)"), ("ce_source", "/tidings"),
            ("ce_type", "tidings.delivery.test"), ("ce_subject", subscription.name.text),
            ("ce_time", RFC3339.format(time)), ("content-type", "application/json"), ("ce_tidingstest", "true"),
        ]
        var arena: [UInt8] = []
        var ranges: [(Range<Int>, Range<Int>)] = []
        for (name, value) in texts {
            let from = arena.count
            arena += Array(name.utf8)
            let middle = arena.count
            arena += Array(value.utf8)
            ranges.append((from..<middle, middle..<arena.count))
        }
        arena.withUnsafeBytes { arena in
            let headers = ranges.map { RecordHeader(arena.part($0.0), arena.part($0.1)) }
            EventRecord.encodeBody(key: nil, value: data.bytes, headers: headers, into: &body)
        }
        var builder = RecordBatchBuilder(capacity: body.count)
        builder.add(body: body.bytes, timestamp: time)
        let bytes = SharedBytes(copying: builder.seal(baseOffset: .zero))
        return StoredBatch(
            partition: PartitionID(TopicID(0), 0), baseOffset: .zero, lastOffset: .zero, round: 0, owner: bytes,
            range: 0..<bytes.count)
    }
}
