// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// An answer that a connection owes: made when its request came, given once.
///
/// - Concurrency: lives on its connection's loop.
final class KafkaAnswer {
    private enum State {
        case owed
        /// Written, and behind others.
        case written([UInt8], [MessageWriter.Insertion], [[StoredBatch]])
        /// The request wants none, or it has left.
        case none
    }

    private(set) unowned var connection: KafkaConnection
    let api: APIKey
    let version: Int16
    let correlationID: Int32
    /// The request's bytes.
    let size: Int
    var clientID = ""
    /// When it came; nanoseconds of the loop's clock.
    private let begun: Int64
    private var state = State.owed
    /// What is to be ended when the connection ends before the answer was given: a wait, a timer.
    var whenGivenUp: (() -> Void)?
    private(set) var isGivenUp = false

    init(_ connection: KafkaConnection, api: APIKey, version: Int16, correlationID: Int32, size: Int) {
        self.connection = connection
        self.api = api
        self.version = version
        self.correlationID = correlationID
        self.size = size
        begun = connection.lastUse
    }

    /// Counts it, with what is written of its answer.
    private func count(_ writer: borrowing MessageWriter) {
        let meter = connection.meter
        meter.count(api, nanos: connection.now - begun, received: size + 4, sent: writer.totalCount)
        if !writer.errorCodes.isEmpty { meter.count(errors: writer.errorCodes) }
    }

    /// Whether it may leave.
    var isReady: Bool { if case .owed = state { false } else { true } }

    /// Gives the answer.
    /// - Parameter blocks: the stored batches of each `records` field, by the places its message says.
    func give(
        _ message: some WritableMessage, _ writer: inout MessageWriter, blocks: [[StoredBatch]] = [],
        version: Int16? = nil
    ) {
        guard !isGivenUp, case .owed = state else { return }
        whenGivenUp = nil
        writer.removeAll()
        let frame = writer.beginFrame()
        ResponseHeader(correlationID: correlationID).write(
            to: &writer, version: api.responseHeaderVersion(self.version))
        message.write(to: &writer, version: version ?? self.version)
        do throws(MessageError) {
            try writer.endFrame(frame)
        } catch {
            state = .none
            return connection.refuse("the answer cannot be written: \(error.description)")
        }
        count(writer)
        connection.batchesWait(blocks.reduce(0) { $1.reduce($0) { $0 + $1.bytes.count } })
        if connection.isNext(self) {
            state = .none
            connection.send(self, writer, blocks)
        } else {
            state = .written([UInt8](writer.written), writer.insertions, blocks)
            connection.answerWaits(writer.written.count)
            connection.ready(self)
        }
    }

    /// There is no answer to the request.
    func skip() {
        guard !isGivenUp, case .owed = state else { return }
        whenGivenUp = nil
        state = .none
        connection.meter.count(api, nanos: connection.now - begun, received: size + 4, sent: 0)
        connection.ready(self)
    }

    /// Puts a written answer into the pieces that leave.
    func leave(into outgoing: inout Fifo<OutgoingPiece>) {
        guard case .written(let bytes, let insertions, let blocks) = state else { return }
        state = .none
        connection.answerWaits(-bytes.count)
        var start = 0
        for insertion in insertions {
            outgoing.append(.bytes([UInt8](bytes[start..<insertion.position])))
            start = insertion.position
            for batch in blocks[insertion.bytes.place] { outgoing.append(.batch(batch)) }
        }
        if start < bytes.count { outgoing.append(.bytes(start == 0 ? bytes : [UInt8](bytes[start...]))) }
    }

    /// The connection is over.
    func giveUp() {
        isGivenUp = true
        state = .none
        let end = whenGivenUp
        whenGivenUp = nil
        end?()
    }
}
