// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore
import TidingsNetwork
import TidingsTesting

@testable import TidingsHTTP

@Suite struct HTTPClientTests {
    @Test func `requests arrive as they were sent, over one connection`() async throws {
        let receiver = try Receiver(script: [
            .answer(200, headers: [("x-a", "b")], body: Array("yes".utf8)), .answer(204), .answer(201),
        ])
        defer { receiver.stop() }
        let bench = try await ClientBench()
        let body = [UInt8](repeating: 65, count: 100_000)
        let first = try await bench.send(receiver.url + "p?q=1", body: body, fields: ["X-Y": "z"]).get()
        #expect(first.status == 200 && first.fields["X-A"] == "b" && first.body == Array("yes".utf8))
        #expect(first.bodyCount == 3 && !first.isCutShort)
        #expect(await bench.outcome(receiver.url, method: .get, body: []) == "204 ")
        #expect(await bench.outcome(receiver.url, method: .put, body: []) == "201 ")
        let received = receiver.received
        #expect(received.map(\.method) == ["POST", "GET", "PUT"])
        #expect(received[0].target == "/p?q=1" && received[0].body == body)
        #expect(received[0][header: "x-y"] == "z" && received[0][header: "host"] == "127.0.0.1:\(receiver.port)")
        #expect(received[1][header: "content-length"] == nil && received[2][header: "content-length"] == "0")
        #expect(receiver.connectionCount == 1)
    }

    static let short = HTTPClientTimeouts(connect: .seconds(5), headers: .milliseconds(150), answer: .milliseconds(400))

    static let behaviours: [(ReceiverBehaviour, String)] = [
        (.hang, "client.headers-timed-out"), (.reset, "client.broken"), (.close, "client.broken"),
        (.raw(Array("<html>hello</html>\r\n".utf8)), "client.bad-answer"), (.raw([0, 1, 2]), "client.broken"),
        (
            .raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello".utf8)),
            "client.bad-answer"
        ),
        (.raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel".utf8)), "client.broken"),
        (.raw(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n".utf8)), "client.bad-answer"),
        (.raw(Array("HTTP/1.1 200 OK\r\n\r\nto the end".utf8)), "200 to the end"),
        (
            // It says that it closes: a call must not meet the close of a connection that rests.
            .raw(
                Array(
                    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n"
                        + "HTTP/1.1 204 No\r\nConnection: close\r\n\r\n").utf8)),
            "204 "
        ),
        (.raw(Array(String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 20).utf8)), "client.bad-answer"),
        (.raw(Array("HTTP/1.1 101 Switching\r\n\r\n".utf8)), "client.bad-answer"),
        (.slowBody(200, piece: [65], pause: .milliseconds(20)), "client.answer-timed-out"),
        (.endlessHeaders(200), "client.bad-answer"),
        (.answer(302, headers: [("Location", "http://127.0.0.1:1/")]), "302 "),
        (.after(.milliseconds(30), .answer(503)), "503 "),
    ]

    @Test(arguments: behaviours)
    func `a server that misbehaves costs one call`(_ behaviour: ReceiverBehaviour, _ outcome: String) async throws {
        let receiver = try Receiver(script: [behaviour, .answer(204)])
        defer { receiver.stop() }
        let bench = try await ClientBench()
        #expect(await bench.outcome(receiver.url, timeouts: Self.short) == outcome)
        #expect(await bench.outcome(receiver.url) == "204 ")
        #expect(await bench.onLoop { $0.callCount } == 0)
    }

    @Test func `of an endless body the beginning is kept, and no more is read than allowed`() async throws {
        let receiver = try Receiver(script: [.endlessBody(500), .answer(204)])
        defer { receiver.stop() }
        let bench = try await ClientBench {
            $0.keptBody = 10
            $0.readBody = 5000
        }
        let response = try await bench.send(receiver.url).get()
        #expect(response.status == 500 && response.body.count == 10 && response.isCutShort)
        #expect((5001..<200_000).contains(response.bodyCount))
        #expect(await bench.outcome(receiver.url) == "204 ")
    }

    @Test func `an answer that comes before the request is sent is taken`() async throws {
        let receiver = try Receiver(script: [.answer(204)])
        receiver.greeting = .speakFirst(Array("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno".utf8))
        defer { receiver.stop() }
        let bench = try await ClientBench()
        let body = [UInt8](repeating: 65, count: 20 << 20)
        let outcome = await bench.outcome(receiver.url, body: body)
        #expect(outcome == "413 no" || outcome == "client.broken", "\(outcome)")
        #expect(await bench.onLoop { $0.callCount } == 0)
    }

    @Test(arguments: [
        (ReceiverGreeting.close, "client.broken"), (.reset, "client.broken"), (.ignore, "client.headers-timed-out"),
    ])
    func `a server that does not listen to requests costs one call`(
        _ greeting: ReceiverGreeting, _ outcome: String
    ) async throws {
        let receiver = try Receiver(script: [.answer(204)])
        receiver.greeting = greeting
        defer { receiver.stop() }
        let bench = try await ClientBench()
        #expect(await bench.outcome(receiver.url, timeouts: Self.short) == outcome)
    }

    @Test func `nobody there is told as such`() async throws {
        let receiver = try Receiver(script: [.answer(204)])
        receiver.refuse()
        let bench = try await ClientBench(names: ["two.test": [.loopback(port: receiver.port), .loopback(port: 1)]])
        #expect(await bench.outcome(receiver.url) == "client.connection-refused")
        #expect(await bench.outcome("http://two.test:\(receiver.port)/") == "client.connection-refused")
        #expect(await bench.outcome("http://none.test/") == "client.name-not-found")
        #expect(await bench.outcome("https://127.0.0.1:\(receiver.port)/") == "client.connection-refused")
        #expect(await bench.onLoop { $0.connectionCount } == 0)
    }

    @Test func `every address is judged, and the judged one is called`() async throws {
        let receiver = try Receiver(script: [.answer(204)])
        defer { receiver.stop() }
        let asked = Locked<[String]>([])
        let allowed = SocketAddress.loopback(port: receiver.port)
        let bad = SocketAddress(ip: "127.0.0.2", port: receiver.port)!
        let bench = try await ClientBench(names: ["x.test": [bad, allowed], "bad.test": [bad]]) { address in
            asked.withLock { $0.append(address.description) }
            return address == allowed ? nil : "\(address.ip) may not be called"
        }
        #expect(await bench.outcome("http://x.test:\(receiver.port)/") == "204 ")
        #expect(receiver.received.first?[header: "host"] == "x.test:\(receiver.port)")
        #expect(asked.withLock { $0 } == [bad.description, allowed.description])
        #expect(await bench.outcome("http://bad.test:\(receiver.port)/") == "client.address-refused")
        #expect(await bench.outcome("http://127.0.0.2:\(receiver.port)/") == "client.address-refused")
        #expect(receiver.connectionCount == 1)
    }

    @Test func `calls beyond the connections wait, and beyond the waiting fail`() async throws {
        let receiver = try Receiver(script: [.after(.milliseconds(20), .answer(204))])
        defer { receiver.stop() }
        let bench = try await ClientBench {
            $0.perOrigin = 2
            $0.waiting = 6
        }
        let url = receiver.url
        let outcomes = await withTaskGroup(of: String.self) { group in
            for _ in 0..<10 { group.addTask { await bench.outcome(url) } }
            return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(outcomes == ["204 ": 8, "client.too-many-waiting": 2])
        #expect(receiver.connectionCount == 2)
    }

    @Test func `a call that waits too long for a connection fails`() async throws {
        let receiver = try Receiver(script: [.hang])
        defer { receiver.stop() }
        let bench = try await ClientBench { $0.perOrigin = 1 }
        let url = receiver.url
        async let first = bench.outcome(
            url, timeouts: .init(connect: .seconds(5), headers: .seconds(1), answer: .seconds(5)))
        #expect(await receiver.gets(1))
        let second = await bench.outcome(
            url, timeouts: .init(connect: .milliseconds(50), headers: .seconds(1), answer: .seconds(5)))
        #expect(second == "client.connect-timed-out")
        #expect(await first == "client.headers-timed-out")
    }

    @Test func `a call that is cancelled ends at once, wherever it is`() async throws {
        let receiver = try Receiver(script: [.hang, .hang, .answer(204)])
        defer { receiver.stop() }
        let bench = try await ClientBench { $0.perOrigin = 1 }
        let url = EndpointURL(receiver.url)!
        let codes = Locked<[String]>([])
        @Sendable func note(_ result: Result<HTTPClientResponse, HTTPClientError>) {
            if case .failure(let error) = result {
                codes.withLock { $0.append("\(error.code.rawValue) \(error.mayHaveArrived)") }
            }
        }
        let calls = await bench.onLoop { client in
            ClientBench.Holder((0..<2).map { _ in client.send(.post, url) { note($0) } })
        }
        #expect(await receiver.gets(1))
        await bench.onLoop { _ in for call in calls.value.reversed() { call.cancel() } }
        #expect(codes.withLock { $0 } == ["client.cancelled false", "client.cancelled true"])
        let dialing = await bench.onLoop { client in
            ClientBench.Holder(client.send(.post, url) { note($0) })
        }
        await bench.onLoop { _ in dialing.value.cancel() }
        #expect(codes.withLock { $0.count } == 3)
        #expect(await bench.onLoop { $0.callCount } == 0)
    }

    @Test func `a connection that was closed while it rested is not used again`() async throws {
        let receiver = try Receiver(script: [.answerAndClose(200), .answer(204)])
        defer { receiver.stop() }
        let bench = try await ClientBench()
        #expect(await bench.outcome(receiver.url) == "200 ")
        while await bench.onLoop({ $0.connectionCount }) > 0 { await Task.yield() }
        #expect(await bench.outcome(receiver.url) == "204 ")
        #expect(receiver.connectionCount == 2)
    }

    @Test func `a body can be taken bit by bit`() async throws {
        let receiver = try Receiver(script: [.slowBody(200, piece: Array("ab".utf8), pause: .milliseconds(1))])
        defer { receiver.stop() }
        let bench = try await ClientBench()
        let url = EndpointURL(receiver.url)!
        let lines = Locked<[String]>([])
        let result = await withCheckedContinuation { done in
            bench.loop.post {
                nonisolated(unsafe) var call: HTTPClientCall?
                let sink = HTTPClient.Sink(
                    onHead: { status, _ in lines.withLock { $0.append("\(status.code)") } },
                    onBytes: { bytes in
                        lines.withLock { $0.append(bytes.text) }
                        if lines.withLock({ $0.count }) > 5 { call?.cancel() }
                    })
                call = bench.client.send(.get, url, sink: sink) { done.resume(returning: $0) }
            }
        }
        #expect(lines.withLock { $0.first } == "200" && lines.withLock { $0.joined().hasPrefix("200abab") })
        #expect((try? result.get()) == nil)
    }

    @Test func `a client that stops fails its calls and closes its connections`() async throws {
        let receiver = try Receiver(script: [.answer(204), .hang])
        defer { receiver.stop() }
        let bench = try await ClientBench()
        #expect(await bench.outcome(receiver.url) == "204 ")
        let url = receiver.url
        async let waiting = bench.outcome(url)
        #expect(await receiver.gets(2))
        await bench.onLoop { $0.stop() }
        #expect(await waiting == "client.stopped")
        #expect(await bench.outcome(receiver.url) == "client.stopped")
        while await bench.onLoop({ $0.connectionCount }) > 0 { await Task.yield() }
    }
}
