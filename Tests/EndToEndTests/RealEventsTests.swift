// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import Synchronization
import Testing
import TidingsCore
import TidingsNetwork
import TidingsTesting

/// Real GitHub webhooks through the inbound webhook to two subscriptions, over failures and crashes: every
/// acknowledged body arrives byte for byte, and first receipts are in order per repository.
@Suite(.serialized) struct RealEventsTests {
    static let rounds = Int(ProcessInfo.processInfo.environment["TIDINGS_REAL_ROUNDS"] ?? "") ?? 2
    static let kills = Int(ProcessInfo.processInfo.environment["TIDINGS_REAL_KILLS"] ?? "") ?? 2
    /// How long at least one receiver refuses connections.
    static let outage = Duration.seconds(Int(ProcessInfo.processInfo.environment["TIDINGS_REAL_OUTAGE"] ?? "") ?? 1)
    static let secret = "a-secret-of-the-hub"

    struct Payload {
        let event: String
        let body: [UInt8]
        let repository: String?
        let type: String
    }

    /// The payloads lie beside the repository on the machines of its developers.
    static let payloads: [Payload] = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/real-events/github")
        let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
            guard let data = FileManager.default.contents(atPath: root.appendingPathComponent(name).path),
                let json = try? JSONValue.parse([UInt8](data))
            else { return nil }
            let event = String(name.prefix { $0 != "/" })
            let action = json["action"]?.string.map { ".\($0)" } ?? ""
            return Payload(
                event: event, body: [UInt8](data), repository: json["repository"]?["full_name"]?.string,
                type: "com.github.\(event)\(action)")
        }
    }()

    @Test(.enabled(if: !payloads.isEmpty, "no real events beside the repository"))
    func `real webhooks arrive byte for byte, in order per repository, through failures and crashes`() async throws {
        let seed =
            UInt64(ProcessInfo.processInfo.environment["TIDINGS_SEED"] ?? "") ?? UInt64.random(in: 0...UInt64.max)
        print("real events: seed \(seed), \(Self.payloads.count) files, \(Self.rounds) rounds, \(Self.kills) kills")
        let random = SeededRandom(seed: seed)
        let server = try ServerUnderTest()
        try server.start()

        let ledger = Mutex(DeliveryLedger())
        let bodies = Mutex<[String: [UInt8]]>([:])
        let damaged = Mutex<[String]>([])
        func receiver(_ name: String, failsEveryFifth: Bool) throws -> Receiver {
            let count = Atomic(0)
            return try Receiver { request in
                if failsEveryFifth, count.add(1, ordering: .relaxed).newValue % 5 == 0 { return .answer(500) }
                guard let id = request[header: "ce-id"] else { return .answer(400) }
                if bodies.withLock({ $0[id] != request.body }) { damaged.withLock { $0.append("\(name): \(id)") } }
                ledger.withLock { $0.received(by: name, id: id) }
                return .answer(204)
            }
        }
        let steady = try receiver("steady", failsEveryFifth: false)
        let shaky = try receiver("shaky", failsEveryFifth: true)

        let client = server.client()
        func put(_ path: String, _ json: String) throws {
            let answer = try #require(client.send("PUT", path, json: json))
            try #require(answer.status == 201, "\(path): \(answer.text)")
        }
        try put("/v1/inbound/hub", #"{"kind":"github","secret":"\#(Self.secret)"}"#)
        for (name, url) in [("steady", steady.url), ("shaky", shaky.url)] {
            try put(
                "/v1/subscriptions/\(name)",
                #"{"consumer":"\#(name)","types":["com.github.*"],"endpoint":{"url":"\#(url)","mode":"binary"},"#
                    + #""retry":{"attempts":100,"first":"20ms","longest":"500ms"}}"#)
        }

        let total = Self.rounds * Self.payloads.count
        let deadly = Set((0..<Self.kills).map { total * ($0 + 1) / (Self.kills + 1) + Int(random.next() % 7) - 3 })
        let down = total / 3
        var wentDown = ContinuousClock.now
        let key = HMACKey(Array(Self.secret.utf8))
        var sent = 0
        for round in 0..<Self.rounds {
            for (place, payload) in Self.payloads.enumerated() {
                if sent == down {
                    shaky.refuse()
                    wentDown = .now
                }
                if sent == down * 2 {
                    let left = Self.outage - (ContinuousClock.now - wentDown)
                    if left > .zero { _ = await steady.gets(.max, within: left) }
                    try shaky.acceptAgain()
                }
                let id = "delivery-\(round)-\(place)"
                bodies.withLock { $0[id] = payload.body }
                ledger.withLock { $0.publishing(id: id, type: payload.type, entity: payload.repository) }
                let signature = "sha256=" + Hex.encode(payload.body.withUnsafeBytes { key.code(for: $0) })
                let headers = [
                    ("Content-Type", "application/json"), ("X-GitHub-Event", payload.event), ("X-GitHub-Delivery", id),
                    ("X-Hub-Signature-256", signature),
                ]
                if deadly.contains(sent) {
                    // The request is on its way or answered, deliveries are in flight.
                    server.crash()
                    try server.start()
                }
                let deadline = ContinuousClock.now + .seconds(30)
                while ContinuousClock.now < deadline {
                    guard let answer = client.send("POST", "/in/hub", headers: headers, body: payload.body) else {
                        continue
                    }
                    try #require(answer.status == 202, "\(answer.status) \(answer.text)")
                    ledger.withLock { $0.acknowledged(id: id) }
                    break
                }
                sent += 1
            }
        }

        #expect(ledger.withLock { $0.acknowledgedCount } == total)
        for (name, receiver) in [("steady", steady), ("shaky", shaky)] {
            var tally = ledger.withLock { $0.tally(of: name, wanting: { _ in true }) }
            let deadline = ContinuousClock.now + .seconds(120)
            while tally.lost > 0, ContinuousClock.now < deadline {
                _ = await receiver.gets(receiver.receivedCount + 1, within: .seconds(1))
                tally = ledger.withLock { $0.tally(of: name, wanting: { _ in true }) }
            }
            print("real events: \(name): \(tally)")
            #expect(tally.isClean, "seed \(seed): \(name): \(tally)")
        }
        #expect(damaged.withLock { $0 }.isEmpty)
        #expect(server.stop() == 0)
    }
}
