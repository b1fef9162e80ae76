// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP

/// Collects the next records of some partitions, as they lie, from where the caller is on; waits for the first one if asked.
///
/// In each partition the order of offsets holds; every partition gets its share of an answer. What cannot be read is an item
/// that says so, and is passed over.
///
/// - Concurrency: lives on its loop; keeps itself alive until it has answered.
final class RecordFeed {
    /// How many records one request looks at.
    static let mostScanned = 20_000
    /// How many bytes of log one request reads.
    static let mostBytes = 16 << 20
    /// How many bytes an answer has before it is ended.
    static let mostAnswered = 4 << 20

    struct Place {
        let partition: PartitionID
        var next: Offset
    }

    private let log: any EventLog
    private let session: any LogSession
    private let loop: any Loop
    private let isolation: LookDoor.Isolation
    private let limit: Int
    private let deadline: MonotonicTime
    private var places: [Place]
    /// Which place is read, and how many records it may bring.
    private var at = 0
    private var quota = 0
    private var found = 0
    private var scanned = 0
    private var bytesRead = 0
    private var items = ByteBuffer(capacity: 4_096)
    private var follower: LogFollower?
    private var timer: LoopTimer?
    private var then: ((Result<[UInt8], Problem>) -> Void)?

    /// - Parameter wait: how long to wait for the first record.
    init(
        log: any EventLog, session: any LogSession, loop: any Loop, places: [Place], isolation: LookDoor.Isolation,
        limit: Int, wait: Duration
    ) {
        self.log = log
        self.session = session
        self.loop = loop
        self.places = places
        self.isolation = isolation
        self.limit = limit
        deadline = loop.time.now + wait
    }

    /// Runs to the end and hands over the answer's body, or why there is none.
    func run(_ then: @escaping (Result<[UInt8], Problem>) -> Void) {
        self.then = then
        begin()
    }

    /// Answers with what is there, if it waits.
    func stopWaiting() {
        guard follower != nil else { return }
        rest()
        finish()
    }

    /// Forgets it all: nobody wants the answer.
    func giveUp() {
        rest()
        then = nil
    }

    // MARK: - Reading

    private func begin() {
        at = 0
        share()
        step()
    }

    /// What is left to be found, shared among the places that are left.
    private func share() {
        let left = max(1, places.count - at)
        quota = found + max(1, (limit - found + left - 1) / left)
    }

    private var isFull: Bool {
        found >= limit || scanned >= Self.mostScanned || bytesRead >= Self.mostBytes || items.count >= Self.mostAnswered
    }

    private func end(of place: Place) -> Offset? {
        log.bounds(of: place.partition).map { isolation == .committed ? $0.lastStable : $0.end }
    }

    private func step() {
        while at < places.count, !isFull {
            let place = places[at]
            guard let bounds = log.bounds(of: place.partition) else {
                return answer(.failure(Problem(.notFound, "the topic is gone")))
            }
            if place.next > bounds.end {
                return answer(
                    .failure(
                        Problem(
                            .notFound,
                            "partition \(place.partition.index) ends at \(bounds.end); there is no offset \(place.next)"
                        )))
            }
            places[at].next = max(place.next, bounds.start)
            if found < quota, let end = end(of: place), places[at].next < end { return read() }
            at += 1
            share()
        }
        if found == 0, !isFull, loop.time.now < deadline, then != nil { return wait() }
        finish()
    }

    private func read() {
        let place = places[at]
        session.read(place.partition, from: place.next, maxBytes: 256 << 10) { [self] result in
            guard then != nil else { return }
            switch result {
            case .success(let batches):
                if batches.isEmpty { places[at].next = max(place.next, end(of: place) ?? place.next) }
                for batch in batches where !isFull && found < quota {
                    scan(batch)
                    if places[at].next <= batch.lastOffset { break }
                }
            case .failure(let error):
                guard let resume = error.resume, resume > place.next else { return answer(.failure(Problem(error))) }
                if error.code == .quarantined { addUnreadable(through: resume.value - 1, error.description) }
                places[at].next = resume
            }
            step()
        }
    }

    private func scan(_ batch: StoredBatch) {
        bytesRead += batch.bytes.count
        if isolation == .committed, batch.fate != .counts {
            // An open one was read before its end was known, and is read again.
            if batch.fate == .aborted { pass(batch) }
            return
        }
        let records: BatchRecords
        do throws(RecordError) {
            records = try batch.records()
        } catch {
            addUnreadable(through: batch.lastOffset.value, error.description)
            return pass(batch)
        }
        if !records.isControl {
            for index in records.index(from: places[at].next)..<records.endIndex {
                if isFull || found >= quota { return }
                places[at].next = records[index].offset.next
                scanned += 1
                add(records[index], places[at].partition)
            }
        }
        pass(batch)
    }

    private func pass(_ batch: StoredBatch) { places[at].next = max(places[at].next, batch.lastOffset.next) }

    // MARK: - Waiting

    private func wait() {
        follower = session.follow { [self] round in
            guard round.batches.contains(where: { batch in places.contains { $0.partition == batch.partition } }) else {
                return
            }
            rest()
            begin()
        }
        timer = loop.schedule(after: max(.zero, deadline - loop.time.now)) { [self] in
            timer = nil
            stopWaiting()
        }
        // What came between the last look and now is not told.
        if places.contains(where: { place in end(of: place).map { $0 > place.next } ?? true }) {
            rest()
            begin()
        }
    }

    private func rest() {
        if let follower { session.unfollow(follower) }
        if let timer { loop.cancel(timer) }
        follower = nil
        timer = nil
    }

    // MARK: - The answer

    private func add(_ record: RecordView, _ partition: PartitionID) {
        begin(partition, record.offset)
        JSONWriter.write(into: &items) { json in
            // The object is begun and ended by hand: its members are written as those of any other.
            json.beginObject()
            json.member("partition", partition.index)
            json.member("offset", record.offset.value)
            json.member("timestamp", RFC3339.format(record.timestamp))
            json.bytes("key", "key_base64", record.key)
            json.bytes("value", "value_base64", record.value)
            json.key("headers")
            json.beginArray()
            record.forEachHeader { name, value in
                json.beginObject()
                json.key("name")
                json.string(name)
                json.bytes("value", "value_base64", value)
                json.endObject()
            }
            json.endArray()
            json.endObject()
        }
    }

    private func addUnreadable(through last: Int64, _ reason: String) {
        begin(places[at].partition, places[at].next)
        JSONWriter.write(into: &items) { json in
            json.object { json in
                json.member("partition", places[at].partition.index)
                json.member("offset", places[at].next.value)
                json.member("to", last)
                json.member("unreadable", reason)
            }
        }
    }

    private func begin(_ partition: PartitionID, _ offset: Offset) {
        if found > 0 { items.append(UInt8(ascii: ",")) }
        found += 1
    }

    private func finish() {
        let isAtEnd = places.allSatisfy { place in end(of: place).map { $0 <= place.next } ?? true }
        let positions = places.map { "\($0.partition.index):\($0.next)" }.joined(separator: ",")
        var body = ByteBuffer(capacity: items.count + 64)
        body.append("{\"items\":[" as StaticString)
        body.append(items.bytes)
        body.append("],\"positions\":" as StaticString)
        body.append(jsonString: positions)
        body.append(",\"at_end\":" as StaticString)
        body.append(isAtEnd ? "true}" as StaticString : "false}")
        answer(.success(body.array()))
    }

    private func answer(_ result: Result<[UInt8], Problem>) {
        let work = then
        then = nil
        work?(result)
    }
}

extension JSONWriter {
    /// Writes bytes as a text where they are one, else in base64 under another name; null for none.
    fileprivate mutating func bytes(_ name: StaticString, _ base64Name: StaticString, _ bytes: UnsafeRawBufferPointer?)
    {
        guard let bytes else {
            key(name)
            return null()
        }
        if UTF8Check.firstBadByte(bytes) == nil {
            key(name)
            string(bytes)
        } else {
            key(base64Name)
            base64(bytes)
        }
    }
}
