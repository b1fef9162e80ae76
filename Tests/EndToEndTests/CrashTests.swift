// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Dispatch
import Foundation
import Synchronization
import Testing
import TidingsCore
import TidingsTesting

/// The real server, killed with SIGKILL while producers publish and consumers receive; the history is checked after
/// facts that only the consumers and the stored log can tell (F1 of the fault catalogue).
@Suite(.serialized) struct CrashTests {
    /// Cycles of publish, kill, restart: a few on every run, many for a soak.
    static let cycles = Int(ProcessInfo.processInfo.environment["TIDINGS_CRASH_CYCLES"] ?? "") ?? 8
    static let producers = 4
    static let entitiesOfEach = 5
    static let eventsPerCycle = 150

    @Test func `nothing acknowledged is lost and no entity comes out of order, however often the server is killed`()
        async throws
    {
        let seed =
            UInt64(ProcessInfo.processInfo.environment["TIDINGS_SEED"] ?? "") ?? UInt64.random(in: 0...UInt64.max)
        print("crash test: seed \(seed), \(Self.cycles) cycles")
        let random = SeededRandom(seed: seed)
        let server = try ServerUnderTest()
        try server.start()

        let ledger = Mutex(DeliveryLedger())
        let names = ["fast", "slow"]
        var receivers: [Receiver] = []
        for name in names {
            let count = Atomic(0)
            receivers.append(
                try Receiver { request in
                    let place = count.add(1, ordering: .relaxed).newValue
                    if name == "slow", place % 7 == 0 { return .answer(500) }
                    guard let id = try? JSONValue.parse(request.body)["id"]?.string else { return .answer(400) }
                    ledger.withLock { $0.received(by: name, id: id) }
                    return name == "slow" ? .after(.milliseconds(1), .answer(200)) : .answer(204)
                })
        }
        let setup = server.client()
        let route = try #require(setup.send("PUT", "/v1/routes/load", json: #"{"types":["load.*"],"topic":"load"}"#))
        #expect(route.status == 201, "\(route.text)")
        for (name, receiver) in zip(names, receivers) {
            let answer = try #require(
                setup.send(
                    "PUT", "/v1/subscriptions/\(name)",
                    json: #"{"consumer":"\#(name)","types":["load.*"],"endpoint":{"url":"\#(receiver.url)"},"#
                        + #""retry":{"attempts":16,"first":"20ms","longest":"200ms"}}"#))
            #expect(answer.status == 201, "\(answer.text)")
        }

        var next = Array(repeating: 0, count: Self.producers)
        let places = Mutex<[String: String]>([:])
        for cycle in 0..<Self.cycles {
            let acknowledged = Atomic(0)
            let fatal = Int(random.next() % UInt64(Self.eventsPerCycle / 2)) + Self.eventsPerCycle / 4
            let from = next
            let restart = DispatchSemaphore(value: 0)
            // One thread beside the producers kills and restarts; the server dies amid their requests.
            DispatchQueue.concurrentPerform(iterations: Self.producers + 1) { worker in
                if worker == Self.producers {
                    restart.wait()
                    server.crash()
                    do { try server.start() } catch { Issue.record(error) }
                    return
                }
                let client = server.client()
                for number in from[worker]..<from[worker] + Self.eventsPerCycle / Self.producers {
                    let entity = "p\(worker)-e\(number % Self.entitiesOfEach)"
                    let id = "\(worker).\(number)"
                    ledger.withLock { $0.publishing(id: id, type: "load.made", entity: entity) }
                    let body =
                        #"{"event_id":"\#(id)","event_type":"load.made","entity_id":"\#(entity)","data":{"n":\#(number)}}"#
                    let deadline = ContinuousClock.now + .seconds(60)
                    while ContinuousClock.now < deadline {
                        guard let answer = client.send("POST", "/v1/events", json: body) else {
                            sched_yield()
                            continue
                        }
                        if answer.status == 503 { continue }
                        #expect(answer.status == 201, "\(answer.text)")
                        let stored = try? JSONValue.parse(answer.body)
                        let place = "\(stored?["partition"]?.integer ?? -1)/\(stored?["offset"]?.integer ?? -1)"
                        places.withLock { $0[id] = place }
                        ledger.withLock { $0.acknowledged(id: id) }
                        break
                    }
                    if acknowledged.add(1, ordering: .relaxed).newValue == fatal { restart.signal() }
                }
            }
            for worker in next.indices { next[worker] += Self.eventsPerCycle / Self.producers }
            _ = cycle
        }

        let all = ledger.withLock { $0.acknowledgedCount }
        #expect(all == Self.cycles * Self.producers * (Self.eventsPerCycle / Self.producers))
        for (name, receiver) in zip(names, receivers) {
            var tally = ledger.withLock { $0.tally(of: name, wanting: { _ in true }) }
            let deadline = ContinuousClock.now + .seconds(60)
            while tally.lost > 0, ContinuousClock.now < deadline {
                _ = await receiver.gets(receiver.receivedCount + 1, within: .seconds(1))
                tally = ledger.withLock { $0.tally(of: name, wanting: { _ in true }) }
            }
            print("crash test: \(name): \(tally)")
            #expect(tally.isClean, "seed \(seed): \(name): \(tally)")
        }
        try checkLog(server, ledger: ledger, places: places.withLock { $0 }, seed: seed)
        #expect(server.stop() == 0)
    }

    /// Every acknowledged event lies where its answer said, offsets are dense, nothing lies there that nobody sent.
    private func checkLog(
        _ server: ServerUnderTest, ledger: borrowing Mutex<DeliveryLedger>, places: [String: String], seed: UInt64
    ) throws {
        let client = server.client()
        var found: [String: Set<String>] = [:]
        for partition in 0..<4 {
            var offset: Int64 = 0
            while true {
                let answer = try #require(
                    client.send("GET", "/v1/topics/load/events?partition=\(partition)&offset=\(offset)&limit=500"))
                try #require(answer.status == 200, "\(answer.text)")
                let items = try JSONValue.parse(answer.body)["items"]?.array ?? []
                if items.isEmpty { break }
                for item in items {
                    let at = try #require(item["offset"]?.integer)
                    #expect(at == offset, "seed \(seed): partition \(partition) has a gap before offset \(at)")
                    offset = at + 1
                    let id = try #require((item["event"] ?? item)["id"]?.string)
                    found[id, default: []].insert("\(partition)/\(at)")
                }
            }
        }
        for (id, place) in places {
            #expect(
                found[id]?.contains(place) == true, "seed \(seed): \(id) was acknowledged at \(place) and is not there")
        }
        for id in found.keys {
            #expect(places[id] != nil, "seed \(seed): \(id) is stored and nobody published it")
        }
    }
}
