// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Synchronization
import Testing
import TidingsCore
import TidingsTesting

/// Writers and readers of the real server, each on a thread and a connection of its own, whose history is recorded.
///
/// Writers publish requests of 1 to 20 events of many entities to two topics, and send a request again until it is
/// answered. Readers read every partition from a position of their own: by pages, and by the live tail.
///
/// - Concurrency: one test drives it.
final class RecordedLoad: Sendable {
    /// The topics, in the order of their numbers in the history: a partition's number there is 100 times the topic's
    /// and its own.
    static let topics = ["load", "audit"]
    static let partitions = 3
    static let partitionCount = topics.count * partitions

    private let server: ServerUnderTest
    private let recorder: HistoryRecorder
    private let path: String
    private let seed: UInt64
    private let pause: UInt32
    private let padding: Int
    private let isEnding = Atomic(false)
    private let isDrained = Atomic(false)
    private let writing = DispatchGroup()
    private let reading = DispatchGroup()
    private let refusalsByCode = Mutex<[String: Int]>([:])
    private let acknowledged = Atomic(0)

    /// Acknowledged events so far.
    var acknowledgedCount: Int { acknowledged.load(ordering: .relaxed) }
    /// Answers other than 200 so far, by status and the last word of the problem's type.
    var refusals: [String: Int] { refusalsByCode.withLock { $0 } }

    /// Prepares a load.
    /// - Parameters:
    ///   - pause: microseconds between a writer's requests.
    ///   - padding: at most so many bytes in an event's data.
    init(on server: ServerUnderTest, seed: UInt64, pause: UInt32 = 1_000, padding: Int = 200) throws {
        self.server = server
        self.seed = seed
        self.pause = pause
        self.padding = padding
        path = server.folder + "/history"
        recorder = try HistoryRecorder(path)
    }

    /// Settings that make blocks go round, segments roll and checkpoints come while a test looks.
    static let smallStorage = [
        "TIDINGS_STORAGE_SEGMENT_BYTES": "128KiB", "TIDINGS_STORAGE_WRITE_AHEAD_BLOCK_BYTES": "1MiB",
        "TIDINGS_STORAGE_WRITE_AHEAD_BYTES": "6MiB", "TIDINGS_STORAGE_CHECKPOINT_BYTES": "1MiB",
        "TIDINGS_STORAGE_CHECKPOINT_INTERVAL": "150ms", "TIDINGS_STORAGE_MAX_WAITING_BYTES": "1MiB",
        "TIDINGS_STORAGE_RECENT_BYTES": "1MiB",
    ]

    /// Makes the topics and their routes.
    func prepare() throws {
        let client = server.client()
        for topic in Self.topics {
            for (path, body) in [
                ("/v1/topics/\(topic)", #"{"partitions":\#(Self.partitions)}"#),
                ("/v1/routes/\(topic)", #"{"types":["\#(topic).*"],"topic":"\#(topic)"}"#),
            ] {
                let answer = try #require(client.send("PUT", path, json: body))
                #expect(answer.status == 201, "\(answer.text)")
            }
        }
    }

    /// Starts the threads.
    func start(writers: Int, readers: Int) {
        for worker in 0..<writers { Self.run(in: writing) { self.write(worker) } }
        for reader in 0..<readers {
            Self.run(in: reading) {
                if reader % 2 == 0 { self.readPages(1_000 + reader) } else { self.readTail(1_000 + reader) }
            }
        }
    }

    private static func run(in group: DispatchGroup, _ work: @escaping @Sendable () -> Void) {
        group.enter()
        Thread.detachNewThread {
            work()
            group.leave()
        }
    }

    /// Ends the writers, lets the readers come to the end, reads everything once more, and judges. The server is up.
    func finish() throws -> HistoryReport {
        isEnding.store(true, ordering: .releasing)
        writing.wait()
        // The readers end when nothing is left for them.
        isDrained.store(true, ordering: .releasing)
        reading.wait()
        readAll(9_999)
        let events = try #require(HistoryRecorder.events(at: path), "the history cannot be read")
        return HistoryChecker.check(events)
    }

    // MARK: writing

    private func write(_ worker: Int) {
        let random = SeededRandom(seed: seed &+ UInt64(worker) &* 7_919)
        let client = server.client()
        var counter = 0
        while !isEnding.load(ordering: .acquiring) {
            let count = [1, 1, 2, 5, 20][Int(random.next() % 5)]
            let values = (counter..<counter + count).map { HistoryValue(worker, $0) }
            counter += count
            let lines = values.map { value in
                let topic = Self.topics[value.counter / 7 % Self.topics.count]
                let text = String(repeating: "x", count: Int(random.next() % UInt64(padding)))
                return #"{"event_id":"\#(value)","event_type":"\#(topic).made","#
                    + #""entity_id":"e\#(worker)-\#(value.counter % 25)","data":{"text":"\#(text)"}}"#
            }
            send(values, Array(lines.joined(separator: "\n").utf8), client, worker)
            usleep(pause)
        }
    }

    /// Sends a request until it is answered, as a producer does; at the end at the latest when the server is back.
    private func send(_ values: [HistoryValue], _ body: [UInt8], _ client: PlainClient, _ worker: Int) {
        while true {
            recorder.note(worker, .invoke, .send(values.map { HistoryPlace($0) }))
            let answer = client.send(
                "POST", "/v1/events", headers: [("Content-Type", "application/x-ndjson")], body: body)
            guard let answer else {
                recorder.note(worker, .info, .send([]))
                usleep(2_000)
                continue
            }
            if answer.status == 200 {
                let results = (try? JSONValue.parse(answer.body))?["results"]?.array ?? []
                let places = zip(values, results).compactMap { Self.place($0, $1) }
                if places.count != values.count { Issue.record("an event was refused: \(answer.text.prefix(300))") }
                recorder.note(worker, .ok, .send(places))
                acknowledged.add(places.count, ordering: .relaxed)
                return
            }
            let code = (try? JSONValue.parse(answer.body))?["type"]?.string?.split(separator: "/").last ?? "?"
            refusalsByCode.withLock { $0["\(answer.status) \(code)", default: 0] += 1 }
            // Full is surely not stored; of others nobody knows.
            recorder.note(worker, code == "disk-full" ? .fail : .info, .send([]))
            if answer.status != 503 { Issue.record("\(answer.status): \(answer.text.prefix(300))") }
            if code == "disk-full", isEnding.load(ordering: .acquiring) { return }
            usleep(5_000)
        }
    }

    private static func place(_ value: HistoryValue, _ result: JSONValue) -> HistoryPlace? {
        guard let topic = result["topic"]?.string.flatMap({ topics.firstIndex(of: $0) }),
            let partition = result["partition"]?.integer, let offset = result["offset"]?.integer
        else { return nil }
        return HistoryPlace(value, partition: topic * 100 + Int(partition), offset: offset)
    }

    // MARK: reading

    private static var everywhere: [Int: Int64] {
        Dictionary(
            uniqueKeysWithValues: topics.indices.flatMap { topic in (0..<partitions).map { (topic * 100 + $0, 0) } })
    }

    /// One page of a partition; nil when nobody answered.
    private func page(_ partition: Int, from offset: Int64, _ client: PlainClient, _ worker: Int) -> [HistoryPlace]? {
        recorder.note(worker, .invoke, .poll([]))
        let answer = client.send(
            "GET",
            "/v1/topics/\(Self.topics[partition / 100])/events?partition=\(partition % 100)&offset=\(offset)&limit=500")
        guard let answer, answer.status == 200, let items = (try? JSONValue.parse(answer.body))?["items"]?.array else {
            recorder.note(worker, .info, .poll([]))
            return nil
        }
        var places: [HistoryPlace] = []
        for item in items {
            guard let offset = item["offset"]?.integer,
                let value = item["event"]?["id"]?.string.flatMap({ HistoryValue($0) })
            else {
                Issue.record("an item that is no event of ours: \(item)")
                continue
            }
            places.append(HistoryPlace(value, partition: partition, offset: offset))
        }
        recorder.note(worker, .ok, .poll(places))
        return places
    }

    private func readPages(_ worker: Int) {
        var client = server.client()
        var positions = Self.everywhere
        recorder.note(worker, .ok, .assign(positions))
        var rounds = 0
        while true {
            let isLast = isDrained.load(ordering: .acquiring)
            var isEmpty = true
            for partition in positions.keys.sorted() {
                guard let places = page(partition, from: positions[partition] ?? 0, client, worker) else {
                    isEmpty = false
                    usleep(2_000)
                    continue
                }
                guard let last = places.last?.offset else { continue }
                positions[partition] = last + 1
                isEmpty = false
            }
            if isLast, isEmpty { return }
            if isEmpty { usleep(5_000) }
            rounds += 1
            if rounds % 200 == 0 {
                // A client's hidden state must not hide anything.
                recorder.note(worker, .ok, .crash)
                client = server.client()
                recorder.note(worker, .ok, .assign(positions))
            }
        }
    }

    private func readTail(_ worker: Int) {
        let client = server.client()
        recorder.note(worker, .ok, .assign(Self.everywhere))
        var last: String?
        while true {
            let isLast = isDrained.load(ordering: .acquiring)
            recorder.note(worker, .invoke, .poll([]))
            let answer = client.send(
                "GET", "/v1/events/stream?types=load.*,audit.*&from=beginning&limit=500&timeout=200ms",
                headers: last.map { [("Last-Event-ID", $0)] } ?? [])
            guard let answer, answer.status == 200 else {
                recorder.note(worker, .info, .poll([]))
                usleep(2_000)
                continue
            }
            var places: [HistoryPlace] = []
            for event in answer.text.split(separator: "\n\n") {
                guard let (id, place) = Self.place(ofTail: event) else { continue }
                last = id
                places.append(place)
            }
            recorder.note(worker, .ok, .poll(places))
            if isLast, places.isEmpty { return }
        }
    }

    /// An event of the live tail: its id is `round.topic.partition.offset`.
    private static func place(ofTail event: Substring) -> (id: String, place: HistoryPlace)? {
        var (id, type, data) = ("", Substring(), Substring())
        for line in event.split(separator: "\n") {
            if line.hasPrefix("id: ") { id = String(line.dropFirst(4)) }
            if line.hasPrefix("event: ") { type = line.dropFirst(7) }
            if line.hasPrefix("data: ") { data = line.dropFirst(6) }
        }
        let numbers = id.split(separator: ".")
        guard numbers.count == 4, let partition = Int(numbers[2]), let offset = Int64(numbers[3]),
            let topic = topics.firstIndex(where: { type.hasPrefix($0 + ".") }),
            let value = (try? JSONValue.parse(Array(data.utf8)))?["id"]?.string.flatMap({ HistoryValue($0) })
        else { return nil }
        return (id, HistoryPlace(value, partition: topic * 100 + partition, offset: offset))
    }

    /// A fresh reader reads everything from the beginning.
    private func readAll(_ worker: Int) {
        let client = server.client()
        recorder.note(worker, .ok, .assign(Self.everywhere))
        for partition in Self.everywhere.keys.sorted() {
            var next: Int64 = 0
            while let places = page(partition, from: next, client, worker), let last = places.last?.offset {
                next = last + 1
            }
        }
    }
}

/// Whether something becomes true within a minute.
func becomesTrue(_ condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if condition() { return true }
        usleep(2_000)
    }
    return false
}
