// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsHTTP

/// One live tail: events in the log's total order, as Server-Sent Events.
///
/// - Concurrency: lives on its connection's loop.
final class EventStream {
    /// How often a comment is sent while nothing else is, so that both ends see a dead connection.
    static let heartbeat: Duration = .seconds(15)

    private let log: any EventLog
    private let merge: LogMerge
    private let stream: HTTPResponseStream
    private let wish: EventWish
    private let loop: any Loop
    private let lens: EventLens
    private var lastTopic: (TopicID, TopicName)?
    private var renderer = EventRenderer()
    private var json = ByteBuffer(capacity: 1_024)
    /// How many events are still to be sent; nil for no end.
    private var left: Int?
    private let timeout: Duration?
    /// It ends before what is stored then or later; nil for no end.
    private let until: WallTime?
    private var timer: LoopTimer?
    private var lastTimer: LoopTimer?
    private var untilTimer: LoopTimer?
    private var onEnd: ((EventStream) -> Void)?

    init(
        log: any EventLog, session: any LogSession, stream: HTTPResponseStream, wish: EventWish, limit: Int?,
        timeout: Duration?, until: WallTime? = nil, lens: EventLens, loop: any Loop,
        onEnd: @escaping (EventStream) -> Void
    ) {
        self.log = log
        self.lens = lens
        merge = LogMerge(log: log, session: session, loop: loop)
        self.stream = stream
        self.wish = wish
        self.loop = loop
        self.onEnd = onEnd
        left = limit
        self.timeout = timeout
        self.until = until
    }

    /// Begins to send; the stream keeps itself alive until its end.
    func start(_ start: LogMerge.Start) {
        stream.onClose = { [self] in end() }
        stream.onDrain = { [weak self] in self?.merge.resume() }
        merge.wantsMore = { [weak self] in self?.stream.wantsMore ?? false }
        merge.take = { [weak self] batch, from in self?.send(batch, from) }
        // How soon a client comes back; and the head goes out at once.
        stream.write("retry: 1000\n\n")
        merge.reachedEnd = { [weak self] in self?.end() }
        let left = until.map { Duration.milliseconds($0.millis - loop.time.wall.millis) }
        merge.start(start, until: left.map { $0 <= .zero } == true ? until : nil)
        if let left, left > .zero { untilTimer = loop.schedule(after: left) { [weak self] in self?.untilCame() } }
        // Where "now" was, so that a connection lost before the first event leaves no gap.
        if case .now = start { stream.write("id: \(merge.knownPlace)\n\n") }
        beat()
        if let timeout { lastTimer = loop.schedule(after: timeout) { [weak self] in self?.end() } }
    }

    /// Ends it, once.
    func end() {
        merge.stop()
        if let timer { loop.cancel(timer) }
        if let lastTimer { loop.cancel(lastTimer) }
        if let untilTimer { loop.cancel(untilTimer) }
        timer = nil
        lastTimer = nil
        untilTimer = nil
        stream.end()
        let work = onEnd
        onEnd = nil
        work?(self)
    }

    /// Ends it because the server stops: a reader that does not keep up is cut off, since it goes on from its last id.
    func stop() {
        let isBehind = !stream.wantsMore
        end()
        if isBehind { stream.abort() }
    }

    /// The time came at which it ends: what is stored by now is still sent.
    private func untilCame() {
        untilTimer = nil
        merge.end()
        if merge.isAtEnd { end() }
    }

    private func beat() {
        timer = loop.schedule(after: Self.heartbeat) { [weak self] in
            guard let self, stream.isOpen else { return }
            // A reader that takes nothing needs no sign of life.
            // A reader whose events are rare goes on from here after a lost connection, not from its last event.
            if stream.wantsMore { stream.write(merge.isAtEnd ? "id: \(merge.knownPlace)\n\n" : ":\n\n") }
            beat()
        }
    }

    private func send(_ batch: StoredBatch, _ from: Offset) {
        // A batch that cannot be decoded is passed over: it has no events for anybody here.
        guard let records = try? batch.records(), !records.isControl, let topic = topicName(batch.partition.topic)
        else { return }
        let limit = merge.end(of: batch.partition)
        for index in records.index(from: from)..<records.endIndex {
            if let limit, records[index].offset >= limit { return }
            let event = lens.event(records[index], in: topic, batch.partition.index)
            guard !event.isCopy, wish.wants(event) else { continue }
            write(event, LogCursor(round: batch.round, partition: batch.partition, offset: event.record.offset))
            if let count = left {
                left = count - 1
                if count == 1 { return end() }
            }
        }
    }

    private func topicName(_ id: TopicID) -> TopicName? {
        if let (known, name) = lastTopic, known == id { return name }
        let name = log.topics[id]?.name
        lastTopic = name.map { (id, $0) }
        return name
    }

    private func write(_ event: EventView, _ cursor: LogCursor) {
        json.removeAll()
        renderer.structured(event, into: &json)
        let data = json.bytes
        stream.write { part in
            part.append("id: " as StaticString)
            cursor.format(into: &part)
            // A line end in a type, which only another Kafka client can write, would be a field of its own.
            if !event.type.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
                part.append("\nevent: " as StaticString)
                part.append(event.type)
            }
            part.append("\n" as StaticString)
            var start = 0
            while start <= data.count {
                var end = start
                while end < data.count, data[end] != 0x0A, data[end] != 0x0D { end += 1 }
                part.append("data: " as StaticString)
                part.append(data.part(start..<end))
                part.append(UInt8(ascii: "\n"))
                start = end + 1
            }
            part.append(UInt8(ascii: "\n"))
        }
    }
}
