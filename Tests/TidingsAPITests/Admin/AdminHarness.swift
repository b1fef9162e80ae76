// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsDelivery
import TidingsHTTP
import TidingsRouting
import TidingsTesting

@testable import TidingsAPI

/// The administration's routes, served over a wire in memory with a log in memory behind them.
final class AdminHarness {
    /// An answer taken apart.
    struct Answer {
        let status: Int
        let head: String
        let body: String

        var json: JSONValue { (try? JSONValue.parse(body)) ?? .null }
        /// A header's value by its name.
        func header(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2, parts[0].lowercased() == name.lowercased() {
                    return String(parts[1].drop { $0 == " " })
                }
            }
            return nil
        }
        /// Pointers and rules of a refusal.
        var brokenRules: [String] {
            (json["errors"]?.array ?? []).map { "\($0["pointer"]?.string ?? "") \($0["rule"]?.string ?? "")" }
        }
    }

    let clock = ManualClock()
    let log = InMemoryEventLog()
    let loop: SimulatedLoop
    let store: RoutingStore
    let delivery = ScriptedDelivery()
    let quarantines = ScriptedQuarantine()
    let readers = ScriptedReaders()
    let groups = ScriptedGroups()
    private let server: HTTPServer

    /// - Parameter keepsGroups: whether a Kafka listener is there that keeps groups.
    init(keepsGroups: Bool = true) throws {
        loop = SimulatedLoop(clock: clock)
        let logger = Logger("test", to: nil)
        store = RoutingStore(log: log, loop: loop, random: SeededRandom(seed: 9), logger: logger)
        store.start { _ in }
        let router = Router(logger: logger)
        AdminAPI(
            store: store, log: log, delivery: delivery, readers: readers, groups: keepsGroups ? groups : nil,
            quarantines: quarantines, loop: loop
        ).register(on: router)
        server = HTTPServer(
            loop: loop, settings: HTTPServerSettings(), handler: router, random: SeededRandom(seed: 8), logger: logger)
        clock.runUntilIdle()
    }

    /// Sends one request on the connection and waits for its answer.
    func send(_ method: String, _ path: String, _ body: String? = nil, _ headers: [String: String] = [:]) -> Answer {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        text += "\r\n" + (body ?? "")
        // A connection of its own: time may have passed since the last one.
        let wire = MemoryStream()
        server.serve(wire)
        wire.receive(text)
        clock.runUntilIdle()
        let answer = wire.take()
        guard let end = answer.firstRange(of: "\r\n\r\n") else { return Answer(status: 0, head: answer, body: "") }
        let head = String(answer[..<end.lowerBound])
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(status: status, head: head, body: String(answer[end.upperBound...]))
    }
}

/// Deliveries that stand as a test says.
final class ScriptedDelivery: DeliveryAdmin, @unchecked Sendable {
    var status = SubscriptionStatus()
    var resumed: [UUID128] = []
    var seeks: [(request: SeekRequest, dryRun: Bool)] = []
    var steps: Result<[SeekStep], Problem> = .success([])
    var attempt: Result<AttemptRecord, Problem> = .failure(Problem(.notFound, "no attempt"))

    func status(
        of uuid: UUID128, on loop: any Loop, then: @escaping (Result<SubscriptionStatus, Problem>) -> Void
    ) {
        let answer = Later { then(.success(self.status)) }
        loop.post { answer.run() }
    }

    func seek(
        of uuid: UUID128, _ request: SeekRequest, dryRun: Bool, on loop: any Loop,
        then: @escaping (Result<[SeekStep], Problem>) -> Void
    ) {
        seeks.append((request, dryRun))
        then(steps)
    }

    func test(of uuid: UUID128, on loop: any Loop, then: @escaping (Result<AttemptRecord, Problem>) -> Void) {
        then(attempt)
    }

    func resume(of uuid: UUID128, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void) {
        resumed.append(uuid)
        then(.success(()))
    }

    func entities(
        of uuid: UUID128, in state: EntityState?, after: String?, limit: Int, on loop: any Loop,
        then: @escaping (Result<Page<WaitingEntity>, Problem>) -> Void
    ) {
        then(.success(Page(items: [], next: nil)))
    }

    func deadLetters(
        of uuid: UUID128, where filter: DeadLetterFilter, after: String?, limit: Int, on loop: any Loop,
        then: @escaping (Result<Page<DeadLetterSummary>, Problem>) -> Void
    ) {
        then(.success(Page(items: [], next: nil)))
    }

    func deadLetter(
        of uuid: UUID128, id: DeadLetterID, on loop: any Loop,
        then: @escaping (Result<DeadLetterDetails, Problem>) -> Void
    ) {
        then(.failure(Problem(.notFound, "none")))
    }

    func redrive(
        of uuid: UUID128, id: DeadLetterID, data: [UInt8]?, on loop: any Loop,
        then: @escaping (Result<Void, Problem>) -> Void
    ) {
        then(.failure(Problem(.notFound, "none")))
    }

    func discard(
        of uuid: UUID128, id: DeadLetterID, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void
    ) {
        then(.failure(Problem(.notFound, "none")))
    }

    func redrive(
        of uuid: UUID128, _ selection: DeadLetterSelection, dryRun: Bool, on loop: any Loop,
        then: @escaping (Result<RedriveCount, Problem>) -> Void
    ) {
        then(.success(RedriveCount()))
    }
}

/// A quarantine that holds what a test says.
final class ScriptedQuarantine: QuarantineList, @unchecked Sendable {
    var entries: [QuarantineEntry] = []

    func accept(_ ids: Set<String>, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void) {
        for place in entries.indices where ids.contains(entries[place].id) {
            entries[place].acceptedAt = loop.time.wall
        }
        let answer = Later { then(.success(())) }
        loop.post { answer.run() }
    }
}

/// Readers that stand as a test says.
final class ScriptedReaders: TopicReaders, @unchecked Sendable {
    var found: [TopicReader] = []

    func readers(of topic: TopicID, on loop: any Loop, then: @escaping ([TopicReader]) -> Void) { then(found) }
}

/// Groups that stand as a test says.
final class ScriptedGroups: GroupAdmin, @unchecked Sendable {
    var found: [ClientGroup] = []
    /// What was asked for, in order.
    private(set) var calls: [String] = []

    func groups(
        of topic: String?, after: String?, limit: Int, on loop: any Loop,
        then: @escaping (Result<[ClientGroup], Problem>) -> Void
    ) {
        let items = found.sorted { $0.name < $1.name }.filter { group in
            (after.map { group.name > $0 } ?? true)
                && (topic == nil || group.members.contains { $0.assigned.contains { $0.topic == topic } })
        }
        then(.success(Array(items.prefix(limit))))
    }

    func group(_ name: String, on loop: any Loop, then: @escaping (Result<ClientGroup, Problem>) -> Void) {
        then(
            found.first { $0.name == name }.map { .success($0) }
                ?? .failure(Problem(.notFound, "there is no group '\(name)'")))
    }

    func delete(_ name: String, on loop: any Loop, then: @escaping (Result<Void, Problem>) -> Void) {
        group(name, on: loop) { [self] result in
            calls.append("delete \(name)")
            then(result.map { _ in })
        }
    }

    func forgetOffsets(
        of name: String, in partitions: [PartitionID], on loop: any Loop,
        then: @escaping (Result<Void, Problem>) -> Void
    ) {
        calls.append("forget \(name) \(partitions.map { String($0.index) }.joined(separator: ","))")
        then(.success(()))
    }

    func setOffsets(
        of name: String, _ offsets: [(partition: PartitionID, offset: Offset)], on loop: any Loop,
        then: @escaping (Result<Void, Problem>) -> Void
    ) {
        calls.append("set \(name) \(offsets.map { "\($0.partition.index):\($0.offset)" }.joined(separator: ","))")
        then(.success(()))
    }
}

/// Work that is posted to a loop of the test's own thread.
private struct Later: @unchecked Sendable {
    let work: () -> Void
    init(_ work: @escaping () -> Void) { self.work = work }
    func run() { work() }
}
