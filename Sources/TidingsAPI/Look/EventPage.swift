// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP

/// Collects one page of a topic's events, partition after partition, looking at a bounded amount of them.
///
/// - Concurrency: lives on its loop; keeps itself alive while it reads.
final class EventPage {
    /// How many records one request looks at before it hands a cursor.
    static let mostScanned = 20_000
    /// How many bytes of log one request reads before it hands a cursor.
    static let mostBytes = 16 << 20
    /// How many bytes an answer has before it is ended with a cursor.
    static let mostAnswered = 4 << 20

    /// Which records are meant, by when they were stored: in each partition from the first one at `since` or later up to
    /// the first one at `until` or later.
    struct Span {
        var since: WallTime?
        var until: WallTime?
    }

    private let log: any EventLog
    private let session: any LogSession
    private let topic: TopicName
    private let wish: EventWish
    private let isolation: LookDoor.Isolation
    private let limit: Int
    private var partitions: ArraySlice<PartitionID>
    private var next: Offset
    private let others: Offset
    private let span: Span
    /// Where the partition at hand ends by the span; nil until that was looked up.
    private var end: Offset?
    private var scanned = 0
    private var bytesRead = 0
    private var found = 0
    private var items = ByteBuffer(capacity: 4_096)
    private let lens: EventLens
    private var renderer = EventRenderer()
    private var then: ((Result<[UInt8], Problem>) -> Void)?

    /// - Parameters:
    ///   - first: where to begin in the first of `partitions`; nil for its beginning.
    ///   - others: where to begin in those after it; nil for their beginnings.
    init(
        log: any EventLog, session: any LogSession, topic: TopicName, partitions: ArraySlice<PartitionID>,
        first: Offset?, others: Offset?, span: Span = Span(), wish: EventWish,
        isolation: LookDoor.Isolation = .committed, limit: Int, lens: EventLens
    ) {
        self.topic = topic
        self.lens = lens
        self.log = log
        self.session = session
        self.partitions = partitions
        self.span = span
        self.wish = wish
        self.isolation = isolation
        self.limit = limit
        next = first ?? .zero
        self.others = others ?? .zero
    }

    /// Runs to the end and hands over the answer's body, or why there is none.
    func run(_ then: @escaping (Result<[UInt8], Problem>) -> Void) {
        self.then = then
        step()
    }

    private func step() {
        while let partition = partitions.first {
            if isFull { return finish(PageCursor(partition: partition.index, offset: next)) }
            if let bounds = log.bounds(of: partition) {
                if next < bounds.start { next = bounds.start }
                if end == nil, span.since != nil || span.until != nil { return enter(partition, bounds) }
                let end = end ?? bounds.end
                self.end = end
                if next < min(end, isolation == .committed ? bounds.lastStable : bounds.end) { return read(partition) }
            }
            partitions = partitions.dropFirst()
            next = others
            end = nil
        }
        finish(nil)
    }

    /// Looks up what of a partition is meant.
    private func enter(_ partition: PartitionID, _ bounds: PartitionBounds) {
        find(span.since, in: partition, or: bounds.start) { [self] from in
            next = max(next, from)
            find(span.until, in: partition, or: bounds.end) { [self] to in
                end = to
                step()
            }
        }
    }

    private func find(
        _ time: WallTime?, in partition: PartitionID, or standard: Offset, then: @escaping (Offset) -> Void
    ) {
        guard let time else { return then(standard) }
        session.offset(in: partition, atTime: time) { [self] found in
            switch found {
            case .success(let found): then(found.offset)
            case .failure(let error): finish(Problem(error))
            }
        }
    }

    private var isFull: Bool {
        found >= limit || scanned >= Self.mostScanned || bytesRead >= Self.mostBytes || items.count >= Self.mostAnswered
    }

    private func read(_ partition: PartitionID) {
        session.read(partition, from: next, maxBytes: 256 << 10) { [self] result in
            switch result {
            case .success(let batches):
                if batches.isEmpty { next = log.bounds(of: partition)?.end ?? next.next }
                for batch in batches where !isFull {
                    scan(batch)
                    if next <= batch.lastOffset { break }
                }
            case .failure(let error):
                guard let resume = error.resume, resume > next else { return finish(Problem(error)) }
                if error.code == .quarantined { addUnreadable(partition, through: resume.value - 1, error.description) }
                next = resume
            }
            step()
        }
    }

    private func scan(_ batch: StoredBatch) {
        bytesRead += batch.bytes.count
        if isolation == .committed, batch.fate != .counts {
            // An open one was read before its end was known, and is read again.
            if batch.fate == .aborted { next = max(next, batch.lastOffset.next) }
            return
        }
        let records: BatchRecords
        do throws(RecordError) {
            records = try batch.records()
        } catch {
            addUnreadable(batch.partition, through: batch.lastOffset.value, error.description)
            next = max(next, batch.lastOffset.next)
            return
        }
        for index in records.index(from: next)..<records.endIndex {
            let record = records[index]
            if isFull { return }
            if let end, record.offset >= end {
                next = max(next, end)
                return
            }
            next = record.offset.next
            scanned += 1
            if records.isControl { continue }
            let event = lens.event(record, in: topic, batch.partition.index)
            if wish.wants(event) { add(event, batch.partition) }
        }
        next = max(next, batch.lastOffset.next)
    }

    private func add(_ event: EventView, _ partition: PartitionID) {
        begin(partition, event.record.offset)
        items.append(",\"timestamp\":\"" as StaticString)
        RFC3339.format(event.record.timestamp, into: &items)
        items.append("\",\"event\":" as StaticString)
        renderer.structured(event, into: &items)
        items.append(UInt8(ascii: "}"))
    }

    private func addUnreadable(_ partition: PartitionID, through last: Int64, _ reason: String) {
        begin(partition, next)
        items.append(",\"to\":" as StaticString)
        items.append(decimal: last)
        items.append(",\"unreadable\":" as StaticString)
        items.append(jsonString: reason)
        items.append(UInt8(ascii: "}"))
    }

    private func begin(_ partition: PartitionID, _ offset: Offset) {
        if found > 0 { items.append(UInt8(ascii: ",")) }
        found += 1
        items.append("{\"partition\":" as StaticString)
        items.append(decimal: Int64(partition.index))
        items.append(",\"offset\":" as StaticString)
        items.append(decimal: offset.value)
    }

    private func finish(_ cursor: PageCursor?) {
        var body = ByteBuffer(capacity: items.count + 64)
        body.append("{\"items\":[" as StaticString)
        body.append(items.bytes)
        body.append("],\"next\":" as StaticString)
        if let cursor { body.append(jsonString: cursor.text) } else { body.append("null" as StaticString) }
        body.append(UInt8(ascii: "}"))
        answer(.success(body.array()))
    }

    private func finish(_ problem: Problem) { answer(.failure(problem)) }

    private func answer(_ result: Result<[UInt8], Problem>) {
        let work = then
        then = nil
        work?(result)
    }
}
