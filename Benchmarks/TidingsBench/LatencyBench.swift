// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore
import TidingsHTTP
import TidingsNetwork

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Publishes at a fixed rate, every event its own request, and times each to its answer and to its webhook.
///
/// - Concurrency: `run` on the main thread; the load on `sender`, the receivers on `taker`.
final class LatencyBench: @unchecked Sendable {
    private let server = Bench.option("server")!
    private let rate = Bench.number("rate", 1_000)
    private let seconds = Bench.number("seconds", 4)
    private let subscriptions = Bench.number("subscriptions", 1)
    private let hanging = Bench.number("hanging", 0)
    private let sender: EventLoop
    private let taker: EventLoop
    private let clock = SystemTime()
    private let fields: [UInt8] = Array("content-type: application/json\r\n".utf8)
    private let url: EndpointURL
    private var client: HTTPClient!
    private var sentAt: [Int64] = []
    private let began = Mutex<[Int64]>([])
    private var published = Percentiles()
    private let received = Mutex(Percentiles())
    private let receivedCount = Atomic(0)
    private var answered = 0
    private var refused = 0

    init() throws {
        sender = try EventLoop("sender")
        taker = try EventLoop("taker")
        url = EndpointURL(server + "/v1/events")!
    }

    /// Takes webhooks: times them, or hangs.
    private final class Taker: HTTPHandler {
        let hangs: Bool
        let take: (Int) -> Void
        var kept: [HTTPResponder] = []
        init(hangs: Bool, _ take: @escaping (Int) -> Void) {
            self.hangs = hangs
            self.take = take
        }
        func begin(_ head: borrowing HTTPRequest) throws(Problem) -> (match: RouteMatch, body: HTTPBodyPlan) {
            (RouteMatch(), .collect(atMost: 1 << 20))
        }
        func handle(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) {
            if hangs { return kept.append(responder) }
            if let id = request.text("ce-id"), let number = Int(id.dropFirst(2)) { take(number) }
            responder.respond(.noContent)
        }
    }

    private func receiver(hangs: Bool) throws -> HTTPServerGroup {
        try HTTPServerGroup(
            on: SocketAddress("127.0.0.1:0")!, loops: [taker], random: SystemRandom(), logger: Logger("bench", to: nil)
        ) { [self] _ in
            Taker(hangs: hangs) { number in
                let now = self.clock.now.nanos
                let began = self.began.withLock { number < $0.count ? $0[number] : 0 }
                if began > 0 { self.received.withLock { $0.add(now - began) } }
                self.receivedCount.add(1, ordering: .relaxed)
            }
        }
    }

    func run() throws -> String {
        let total = rate * seconds
        let good = try receiver(hangs: false)
        let bad = try receiver(hangs: true)
        onSender { [self] in
            var settings = HTTPClientSettings()
            settings.perOrigin = 256
            settings.waiting = 100_000
            client = HTTPClient(
                loop: sender, settings: settings, ways: HTTPWays(resolve: { _, _, then in then(.success([])) }))
        }
        for number in 0..<subscriptions {
            let target = number < hanging ? bad.address : good.address
            let made = call(
                .put, "/v1/subscriptions/s-\(number)",
                #"{"consumer":"bench","types":["load.k\#(number)"],"endpoint":{"url":"http://\#(target)/","mode":"binary"}}"#
            )
            guard made == 201 else { throw Failure(description: "the subscription was answered with \(made)") }
        }
        // Connections and caches come to life before anything counts.
        for _ in 0..<50 { _ = call(.post, "/v1/events", body("warm", 0)) }
        let start = clock.now.nanos
        onSender { [self] in tick(from: start, of: total) }
        while onSender({ [self] in answered }) < total { usleep(20_000) }
        let wanted = subscriptions == 0 ? 0 : (0..<total).count { $0 % subscriptions >= hanging }
        for _ in 0..<500 where receivedCount.load(ordering: .relaxed) < wanted { usleep(10_000) }
        let took = onSender { [self] in (sentAt.last ?? start) - start }
        let achieved = Double(total) / (Double(took) / 1e9)
        let publish = onSender { [self] in published.json }
        let lost = wanted - receivedCount.load(ordering: .relaxed)
        return #"{"publish":\#(publish),"received":\#(received.withLock { $0.json }),"achieved":\#(achieved),"#
            + #""refused":\#(onSender { [self] in refused }),"missing":\#(lost)}"#
    }

    private func body(_ id: String, _ kind: Int) -> [UInt8] {
        Array(
            #"{"event_id":"\#(id)","event_type":"load.k\#(kind)","entity_id":"e-\#(id.hashValue & 1023)","source":"/bench","data":{"total":42,"currency":"EUR","note":"as it was ordered"}}"#
                .utf8)
    }

    /// Sends what is due and comes again in a millisecond.
    private func tick(from start: Int64, of total: Int) {
        let due = min(total, Int((clock.now.nanos - start) * Int64(rate) / 1_000_000_000) + 1)
        while sentAt.count < due {
            let number = sentAt.count
            let now = clock.now.nanos
            sentAt.append(now)
            began.withLock { $0.append(now) }
            let text = body("l-\(number)", subscriptions == 0 ? 0 : number % subscriptions)
            send(.post, url, text) { [self] status in
                published.add(clock.now.nanos - now)
                answered += 1
                if status != 201 { refused += 1 }
            }
        }
        if due < total { _ = sender.schedule(after: .microseconds(500)) { [self] in tick(from: start, of: total) } }
    }

    private func send(_ method: HTTPMethod, _ url: EndpointURL, _ body: [UInt8], _ then: @escaping (Int) -> Void) {
        fields.withUnsafeBytes { fields in
            body.withUnsafeBytes { body in
                _ = client.send(method, url, fields: fields, body: body) { result in
                    if case .success(let answer) = result { then(answer.status.code) } else { then(0) }
                }
            }
        }
    }

    private func call(_ method: HTTPMethod, _ path: String, _ json: String) -> Int {
        call(method, path, Array(json.utf8))
    }

    private func call(_ method: HTTPMethod, _ path: String, _ body: [UInt8]) -> Int {
        let answer = Mutex<Int?>(nil)
        sender.post { [self] in
            send(method, EndpointURL(server + path)!, body) { status in answer.withLock { $0 = status } }
        }
        while true {
            if let status = answer.withLock({ $0 }) { return status }
            usleep(200)
        }
    }

    @discardableResult
    private func onSender<Answer: Sendable>(_ work: @escaping @Sendable () -> Answer) -> Answer {
        let answer = Mutex<Answer?>(nil)
        sender.post {
            let made = work()
            answer.withLock { $0 = made }
        }
        while true {
            if let made = answer.withLock({ $0 }) { return made }
            usleep(200)
        }
    }

    struct Failure: Error, CustomStringConvertible { let description: String }
}
