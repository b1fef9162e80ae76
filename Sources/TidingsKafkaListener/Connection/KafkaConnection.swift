// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsNetwork

/// One client's connection: requests come in, and are answered in the order they came.
///
/// A request is handled as soon as it is whole, also while earlier ones wait for a sync or for records; only the answers
/// keep the order. What is not read yet waits in the socket: while too many answers are owed, while the client does not
/// take them, while too many records wait for the disk. A fetch waits until the one before it has left: its records are
/// in memory meanwhile.
///
/// - Concurrency: lives on its stream's loop.
final class KafkaConnection: ByteStreamHandler {
    let stream: any ByteStream
    private unowned let server: KafkaServer
    private var frames: FrameReader
    /// Answers that are owed, oldest first.
    private var owed = Fifo<KafkaAnswer>()
    /// How many of them are of fetches.
    private var owedFetches = 0
    /// Bytes of answers that are behind one that is owed, without the stored batches in them.
    private var answeredBytes = 0
    /// Bytes of stored batches that did not leave.
    private var unsentBytes = 0
    /// What the stream did not take yet, in order.
    private var outgoing = Fifo<OutgoingPiece>()
    /// What the connection reads, from one fetch to the next.
    var fetchSession: FetchSession?
    /// What the client said of itself.
    var clientSoftware: (name: String, version: String)?
    /// When something came in or went out last; nanoseconds of the loop's clock.
    private(set) var lastUse: Int64
    /// The place among the server's connections.
    var slot = -1
    private(set) var isOver = false
    /// Whether a whole request waits until it may be taken.
    private var isStalled = false
    private var counted = 0
    /// Whether it waits for others' records to be synced.
    var waitsForDisk = false

    init(_ server: KafkaServer, _ stream: any ByteStream) {
        self.server = server
        self.stream = stream
        frames = FrameReader(limit: server.settings.requestBytes)
        lastUse = server.broker.loop.time.now.nanos
    }

    var meter: KafkaMeter { server.meter }
    var now: Int64 { server.now }

    /// Whether nothing is in flight.
    var isIdle: Bool { owed.isEmpty && outgoing.isEmpty }

    // MARK: - In

    func streamDidReceive(_ bytes: UnsafeRawBufferPointer) {
        guard !isOver else { return }
        lastUse = server.now
        do throws(FrameReader.BadLength) {
            try frames.take(bytes) { take($0, in: $1) }
        } catch {
            return refuse("a request of \(error.length) bytes; at most \(server.settings.requestBytes) are read")
        }
        settleReading()
    }

    /// Goes on with what waited.
    func resume() {
        guard !isOver, isStalled else { return }
        do throws(FrameReader.BadLength) {
            try frames.resume { take($0, in: $1) }
        } catch {
            return refuse("a request of \(error.length) bytes; at most \(server.settings.requestBytes) are read")
        }
        settleReading()
    }

    private func settleReading() {
        guard !isOver else { return frames.end() }
        stream.receive(into: frames.room)
        isStalled = frames.isStalled
        server.held(frames.heldBytes - counted)
        counted = frames.heldBytes
        guard server.heldBytes <= server.settings.collectedBytes || counted < 1 << 16 else {
            return refuse("requests that have not come whole take \(server.heldBytes) bytes on this loop")
        }
        if isStalled { stream.pauseReading() } else if stream.isPaused { stream.resumeReading() }
    }

    private var isBusy: Bool {
        owed.count >= server.settings.inFlight || !outgoing.isEmpty || stream.isFull
            || answeredBytes >= server.settings.answeredBytes
    }

    private func take(_ frame: UnsafeRawBufferPointer, in room: PageRoom?) -> FrameReader.Step {
        guard !isOver else { return .ended }
        guard !isBusy else { return .notNow }
        guard frame.count >= 8 else {
            refuse("a request of \(frame.count) bytes has no header")
            return .ended
        }
        let number = frame.number(0, Int16.self)
        let version = frame.number(2, Int16.self)
        guard let api = APIKey(rawValue: number) else {
            refuse("request \(number) of Kafka's protocol is not known here")
            return .ended
        }
        if api == .fetch, owedFetches > 0 { return .notNow }
        if api == .produce, !server.takesRecords(of: frame.count, from: self) { return .notNow }
        let answer = KafkaAnswer(
            self, api: api, version: version, correlationID: frame.number(4, Int32.self), size: frame.count)
        if api == .apiVersions, !api.versions.contains(version) {
            // So that the client learns which it may use: its own version is not known, the oldest is to everybody.
            owed.append(answer)
            server.broker.refuseVersion(answer)
            return isOver ? .ended : .taken
        }
        guard api.versions.contains(version) else {
            refuse("\(api) version \(version) is not served; versions \(api.versions) are")
            return .ended
        }
        var reader = MessageReader(frame)
        do throws(MessageError) {
            let header = try RequestHeader(from: &reader, version: api.requestHeaderVersion(version))
            answer.clientID = header.clientID ?? ""
            owed.append(answer)
            if api == .fetch { owedFetches += 1 }
            try server.broker.handle(answer, &reader, frame, in: room)
        } catch {
            refuse(error.description)
            return .ended
        }
        return isOver ? .ended : .taken
    }

    /// Closes the connection of a client that does not keep to the protocol.
    func refuse(_ reason: String) {
        guard !isOver else { return }
        meter.countRefusal()
        server.logger.info(
            "a Kafka client's connection was closed",
            [("client", stream.remoteAddress.description), ("reason", reason)])
        close()
    }

    // MARK: - Out

    /// An answer is ready: it leaves when all before it have.
    func ready(_ answer: KafkaAnswer) {
        guard !isOver else { return }
        while let oldest = owed.oldest, oldest.isReady {
            popOwed()
            oldest.leave(into: &outgoing)
        }
        push()
        if isStalled, !isBusy { server.resumeSoon(self) }
        closeIfDone()
    }

    private func popOwed() {
        if let answer = owed.popFirst(), answer.api == .fetch { owedFetches -= 1 }
    }

    /// An answer was written behind others, or is no more.
    func answerWaits(_ byteCount: Int) { answeredBytes += byteCount }

    /// Stored batches are to be sent, or were.
    func batchesWait(_ byteCount: Int) {
        guard !isOver else { return }
        unsentBytes += byteCount
        server.fetched(byteCount)
    }

    /// Whether the client takes nothing of an answer.
    var isStuck: Bool { !outgoing.isEmpty }

    /// Whether an answer to it would leave at once.
    func isNext(_ answer: KafkaAnswer) -> Bool { owed.oldest === answer && outgoing.isEmpty && !isOver }

    /// Sends an answer that is next straight out of the writer it was written by.
    func send(_ answer: KafkaAnswer, _ writer: borrowing MessageWriter, _ blocks: [[StoredBatch]]) {
        popOwed()
        lastUse = server.now
        writer.forEachPiece { written, inserted in
            if outgoing.isEmpty, !stream.isFull {
                stream.write(written)
            } else {
                outgoing.append(.bytes([UInt8](written)))
            }
            guard let inserted else { return }
            for batch in blocks[inserted.place] {
                if outgoing.isEmpty, !stream.isFull {
                    stream.write(batch.bytes)
                    batchesWait(-batch.bytes.count)
                } else {
                    outgoing.append(.batch(batch))
                }
            }
        }
        ready(answer)
    }

    private func push() {
        while !stream.isFull, let piece = outgoing.popFirst() {
            lastUse = server.now
            switch piece {
            case .bytes(let bytes): bytes.withUnsafeBytes { stream.write($0) }
            case .batch(let batch):
                stream.write(batch.bytes)
                batchesWait(-batch.bytes.count)
            }
        }
    }

    func streamDidDrain() {
        push()
        if isStalled, !isBusy { resume() }
        closeIfDone()
    }

    /// Closes a connection with nothing in flight that its client or the server ends.
    private func closeIfDone() {
        if isIdle, !isOver, endsWhenIdle && !isStalled || server.isStopping { close() }
    }

    // MARK: - The end

    /// Closes in order: what was written still leaves.
    func close() {
        guard !isOver else { return }
        over()
        stream.close()
    }

    /// Breaks off.
    func breakOff() {
        guard !isOver else { return }
        over()
        stream.abort()
    }

    func streamDidEnd() {
        // A client that says it is done may still wait for answers.
        if isIdle { close() } else { endsWhenIdle = true }
    }

    /// Whether the client sends no more.
    private(set) var endsWhenIdle = false

    func streamDidClose(_ error: NetworkError?) { over() }

    private func over() {
        guard !isOver else { return }
        batchesWait(-unsentBytes)
        isOver = true
        // Its memory is over with the frames.
        stream.receive(into: nil)
        server.held(-counted)
        counted = 0
        while let answer = owed.popFirst() { answer.giveUp() }
        while outgoing.popFirst() != nil {}
        fetchSession = nil
        server.forget(self)
    }
}

/// What waits for a slow client.
enum OutgoingPiece {
    case bytes([UInt8])
    case batch(StoredBatch)
}
