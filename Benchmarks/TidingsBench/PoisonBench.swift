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

/// Receives what a subscription is sent; one entity in a hundred may be poisoned: always answered with 500.
/// Prints its port, then the number of good receipts and their rate each time a line comes on standard input.
final class PoisonBench: @unchecked Sendable {
    private let poisons = Bench.option("poison") != nil
    private let clock = SystemTime()
    private let good = Atomic(0)
    private let first = Atomic<Int64>(0)
    private let last = Atomic<Int64>(0)

    private final class Taker: HTTPHandler {
        let bench: PoisonBench
        init(_ bench: PoisonBench) { self.bench = bench }
        func begin(_ head: borrowing HTTPRequest) throws(Problem) -> (match: RouteMatch, body: HTTPBodyPlan) {
            (RouteMatch(), .collect(atMost: 1 << 20))
        }
        func handle(_ request: borrowing HTTPRequest, _ responder: HTTPResponder) {
            let entity = request.text("ce-subject")
            if entity == "e-0" {
                return responder.respond(bench.poisons ? HTTPStatus(500) : .noContent)
            }
            let now = bench.clock.now.nanos
            if bench.good.add(1, ordering: .relaxed).oldValue == 0 { bench.first.store(now, ordering: .relaxed) }
            bench.last.store(now, ordering: .relaxed)
            responder.respond(.noContent)
        }
    }

    func run() throws {
        let loop = try EventLoop("taker")
        let server = try HTTPServerGroup(
            on: SocketAddress("127.0.0.1:0")!, loops: [loop], random: SystemRandom(), logger: Logger("bench", to: nil)
        ) { [self] _ in Taker(self) }
        print(server.address.port)
        fflush(nil)
        while readLine() != nil {
            let seconds = Double(last.load(ordering: .relaxed) - first.load(ordering: .relaxed)) / 1e9
            print(good.load(ordering: .relaxed), seconds)
            fflush(nil)
        }
    }
}
