// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore
import TidingsNetwork

/// Serves Kafka's protocol on one loop: it owns that loop's connections and their limits.
///
/// - Concurrency: lives on `broker.loop`; every method is called there.
package final class KafkaServer {
    let broker: KafkaBroker
    let settings: KafkaListenerSettings
    let logger: Logger
    let meter: KafkaMeter
    private(set) var connections: [KafkaConnection] = []
    /// Memory of requests that have not come whole.
    private(set) var heldBytes = 0
    /// Bytes of stored batches that are read for answers, or not sent yet.
    private(set) var fetchedBytes = 0
    /// Bytes of records that wait for their sync.
    private var waitingBytes = 0
    private var waitingForDisk = Fifo<KafkaConnection>()
    private(set) var isStopping = false
    private var whenStopped: (() -> Void)?
    private var sweepTimer: LoopTimer?
    private var deadlineTimer: LoopTimer?

    init(_ broker: KafkaBroker, _ settings: KafkaListenerSettings, meter: KafkaMeter, logger: Logger) {
        self.meter = meter
        self.broker = broker
        self.settings = settings
        self.logger = logger
        broker.server = self
    }

    var now: Int64 { broker.loop.time.now.nanos }

    /// Begins to serve a connection.
    func serve(_ stream: any ByteStream) {
        guard !isStopping else { return stream.abort() }
        let connection = KafkaConnection(self, stream)
        connection.slot = connections.count
        connections.append(connection)
        stream.handler = connection
        stream.resumeReading()
        if sweepTimer == nil { arm() }
    }

    func forget(_ connection: KafkaConnection) {
        let slot = connection.slot
        guard slot >= 0 else { return }
        connection.slot = -1
        let last = connections.removeLast()
        if last !== connection {
            connections[slot] = last
            last.slot = slot
        }
        if isStopping, connections.isEmpty { stopped() }
    }

    // MARK: - Limits

    /// Counts memory of requests that have not come whole.
    func held(_ change: Int) { heldBytes += change }

    /// Whether the records of a request may be taken; else its connection hears when it may try again.
    func takesRecords(of count: Int, from connection: KafkaConnection) -> Bool {
        // One request always goes, however long.
        if waitingBytes == 0 || waitingBytes + count <= settings.waitingBytes { return true }
        if !connection.waitsForDisk {
            connection.waitsForDisk = true
            waitingForDisk.append(connection)
        }
        return false
    }

    /// Counts records that wait for their sync.
    func recordsWait(_ count: Int) { waitingBytes += count }

    /// These records do not wait any more.
    func recordsAreStored(_ count: Int) {
        waitingBytes -= count
        guard waitingBytes <= settings.waitingBytes / 2 else { return }
        while let connection = waitingForDisk.popFirst() {
            connection.waitsForDisk = false
            resumeSoon(connection)
        }
    }

    /// Counts stored batches that are read for answers or not sent yet.
    func fetched(_ change: Int) { fetchedBytes += change }

    /// How much a fetch may still read; the first batch it may in any case.
    var fetchRoom: Int { max(settings.fetchedBytes - fetchedBytes, 1) }

    /// Lets a connection go on in a turn of its own.
    func resumeSoon(_ connection: KafkaConnection) {
        let later = Later(connection: connection)
        broker.loop.post { later.connection.resume() }
    }

    /// Touched on its loop only.
    private struct Later: @unchecked Sendable {
        let connection: KafkaConnection
    }

    private func arm() {
        sweepTimer = broker.loop.schedule(after: .seconds(1)) { [weak self] in
            guard let self else { return }
            self.sweepTimer = nil
            self.sweep()
            if !self.connections.isEmpty { self.arm() }
        }
    }

    private func sweep() {
        let limit = now - settings.idleTime.nanos
        for connection in connections where connection.lastUse < limit {
            if connection.isIdle { connection.close() } else if connection.isStuck { connection.breakOff() }
        }
    }

    // MARK: - The end

    /// Stops: connections with nothing in flight are closed, the others broken off after `deadline`.
    func stop(within deadline: Duration, then: @escaping () -> Void) {
        isStopping = true
        whenStopped = then
        broker.stop()
        for connection in connections where connection.isIdle { connection.close() }
        guard !connections.isEmpty else { return stopped() }
        deadlineTimer = broker.loop.schedule(after: deadline) { [weak self] in
            guard let self else { return }
            self.deadlineTimer = nil
            for connection in self.connections { connection.breakOff() }
        }
    }

    private func stopped() {
        if let sweepTimer { broker.loop.cancel(sweepTimer) }
        sweepTimer = nil
        if let deadlineTimer { broker.loop.cancel(deadlineTimer) }
        deadlineTimer = nil
        let work = whenStopped
        whenStopped = nil
        work?()
    }
}
