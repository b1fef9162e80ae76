// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Clients that number their records, each with its own sequence per partition: what they know of what they sent.
struct CrashClients {
    struct Name: Hashable, Comparable {
        let producer: Int64
        let partition: PartitionID

        static func < (a: Name, b: Name) -> Bool { (a.partition, a.producer) < (b.partition, b.producer) }
    }

    struct Batch {
        let sequence: Int32
        let texts: [String]
        let bytes: [UInt8]
        /// Where it lies, once that is known.
        var offset: Offset?
    }

    private struct Client {
        var stored: [Batch] = []
        var waiting: Batch?
    }

    private var clients: [Name: Client] = [:]

    func nextSequence(of name: Name) -> Int32 {
        clients[name]?.stored.last.map { $0.sequence + Int32($0.texts.count) } ?? 0
    }

    /// The batch to be sent again, as it has no answer yet.
    func waiting(_ name: Name) -> Batch? { clients[name]?.waiting }

    /// The last batch that has one.
    func lastStored(_ name: Name) -> Batch? { clients[name]?.stored.last }

    mutating func sends(_ batch: Batch, _ name: Name) { clients[name, default: Client()].waiting = batch }

    mutating func lies(at offset: Offset, _ name: Name) { clients[name]?.waiting?.offset = offset }

    mutating func isStored(_ name: Name) {
        guard let batch = clients[name]?.waiting else { return }
        clients[name]?.waiting = nil
        clients[name]?.stored.append(batch)
    }

    mutating func forget(_ partition: PartitionID) {
        clients = clients.filter { $0.key.partition != partition }
    }

    /// After an opening each client looks what there is, and goes on from there.
    mutating func look(at told: [PartitionID: [CrashPromises.Record]]) {
        for (name, client) in clients {
            let texts = (told[name.partition] ?? []).map(\.text)
            var client = client
            client.stored.removeAll { batch in batch.offset.map { $0.value >= Int64(texts.count) } ?? true }
            clients[name] = client
            guard var waiting = client.waiting else { continue }
            if let place = texts.firstIndex(of: waiting.texts[0]) {
                waiting.offset = Offset(Int64(place))
                clients[name]?.waiting = waiting
                isStored(name)
            } else if waiting.sequence != nextSequence(of: name) {
                clients[name]?.waiting = nil
            }
        }
    }
}
