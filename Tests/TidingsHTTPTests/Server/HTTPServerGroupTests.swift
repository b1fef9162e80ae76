// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsNetwork
import TidingsTesting

@testable import TidingsHTTP

/// The server over real sockets.
@Suite struct HTTPServerGroupTests {
    private func serve(
        loops: Int = 2, _ adjust: (inout HTTPServerSettings) -> Void = { _ in },
        _ routes: @escaping @Sendable (Router) -> Void
    ) throws -> (HTTPServerGroup, EventLoopGroup) {
        let group = try EventLoopGroup(count: loops, name: "http-test")
        var settings = HTTPServerSettings()
        adjust(&settings)
        let server = try HTTPServerGroup(
            on: .loopback(), loops: group.loops, settings: settings, random: SeededRandom(seed: 1),
            logger: Logger("http", to: nil)
        ) { _ in
            let router = Router(logger: Logger("http", to: nil))
            router.check(LoopbackGuard.check)
            routes(router)
            return router
        }
        return (server, group)
    }

    private func stop(_ server: HTTPServerGroup, _ loops: EventLoopGroup) async {
        await withCheckedContinuation { done in server.stop(within: .seconds(5)) { done.resume() } }
        loops.stop()
        loops.join()
    }

    @Test func `many connections are served on several loops, and a stop ends`() async throws {
        let (server, loops) = try serve { router in
            router.add(.post, "/echo/{name}") { request, responder throws(Problem) in
                let name = try request.parameter(0)
                responder.respond(.ok, contentType: "text/plain", text: "\(name) \(request.body.text)")
            }
            router.add(.get, "/big") { _, responder throws(Problem) in
                let stream = responder.stream(.ok, contentType: "text/plain")
                for _ in 0..<100 { stream.write(String(repeating: "x", count: 20_000)) }
                stream.end()
            }
        }
        let port = server.address.port
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let client = PlainClient(port: port)
                    for round in 0..<20 {
                        let answer = client.send("POST", "/echo/%41\(number)", body: Array("\(round)".utf8))
                        #expect(answer?.text == "A\(number) \(round)")
                    }
                    #expect(client.send("GET", "/big")?.body.count == 2_000_000)
                    #expect(client.send("DELETE", "/big")?[header: "allow"] == "GET, HEAD, OPTIONS")
                    #expect(client.send("GET", "/none")?.status == 404)
                }
            }
        }
        await stop(server, loops)
        #expect(PlainClient(port: port).send("GET", "/big") == nil)
    }

    @Test func `a web page cannot use a server on loopback`() async throws {
        let (server, loops) = try serve { router in
            router.add(.get, "/") { _, responder throws(Problem) in responder.respond(204) }
        }
        let port = server.address.port
        let client = PlainClient(port: port)
        #expect(client.send("GET", "/")?.status == 204)
        #expect(client.send("GET", "/", headers: [("Origin", "http://127.0.0.1:\(port)")])?.status == 204)
        #expect(client.send("GET", "/", headers: [("Origin", "http://evil.test")])?.status == 403)
        #expect(client.send("GET", "/", headers: [("Origin", "http://127.0.0.1:1")])?.status == 403)
        #expect(client.send("GET", "/", headers: [("Origin", "null")])?.status == 403)
        await stop(server, loops)
    }

    @Test func `the client and the server understand each other`() async throws {
        let (server, loops) = try serve { router in
            router.add(.post, "/", body: .collect(atMost: 50 << 20)) { request, responder throws(Problem) in
                let length = request.body.count
                responder.respond(.ok, contentType: "text/plain", text: "\(length)")
            }
        }
        let bench = try await ClientBench()
        let url = "http://127.0.0.1:\(server.address.port)/"
        for length in [0, 1, 16_383, 16_384, 100_000, 5 << 20] {
            #expect(await bench.outcome(url, body: [UInt8](repeating: 65, count: length)) == "200 \(length)")
        }
        let refused = await bench.outcome(url, body: [UInt8](repeating: 65, count: 60 << 20))
        #expect(refused.hasPrefix("413"), "\(refused)")
        await stop(server, loops)
    }
}
