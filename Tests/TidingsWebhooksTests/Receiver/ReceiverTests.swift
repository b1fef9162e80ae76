// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsTesting

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The judge is judged first.
@Suite struct ReceiverTests {
    /// Sends bytes to a receiver and reads until it closes, or until `enough` bytes came; "refused" and "reset" when it is so.
    private func talk(to port: UInt16, _ text: String, enough: Int = 1 << 20) -> String {
        #if canImport(Glibc)
            let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let file = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        defer { close(file) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return errno == ECONNREFUSED ? "refused" : "reset" }
        let bytes = [UInt8](text.utf8)
        // A reset that came already is told once only, by whatever asks first.
        if !bytes.isEmpty, send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL)) < 0 { return "reset" }
        var answer: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 65536)
        while answer.count < enough {
            let count = recv(file, &room, room.count, 0)
            if count < 0 { return errno == ECONNRESET ? "reset" : "nothing" }
            if count == 0 { break }
            answer += room[..<count]
        }
        return String(decoding: answer.prefix(enough), as: UTF8.self)
    }

    @Test func `requests are read and kept in order`() async throws {
        let receiver = try Receiver(script: [
            .answer(200, headers: [("x-a", "b")], body: [104, 105]), .answerAndClose(503),
        ])
        let first = "POST /a?b HTTP/1.1\r\nHost: x\r\nX-Name:  value\r\nContent-Length: 3\r\n\r\nabc"
        let second = "POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
        #expect(
            talk(to: receiver.port, first + second)
                == "HTTP/1.1 200 Made up\r\nx-a: b\r\ncontent-length: 2\r\n\r\nhi"
                + "HTTP/1.1 503 Made up\r\ncontent-length: 0\r\n\r\n")
        #expect(await receiver.gets(2))
        let received = receiver.received
        #expect(received.map(\.text) == ["abc", "def"])
        #expect(received.map(\.target) == ["/a?b", "/c"])
        #expect(received.map(\.connection) == [0, 0])
        #expect(received.map(\.answered) == [200, 503])
        #expect(received[0][header: "x-name"] == "value")
        #expect(!(await receiver.gets(3, within: .milliseconds(1))))
        receiver.stop()
    }

    @Test(arguments: [
        (ReceiverBehaviour.reset, "reset"), (.close, ""), (.raw([60, 62]), "<>"),
        (.after(.zero, .answerAndClose(204)), "HTTP/1.1 204 Made up\r\n\r\n"),
    ])
    func `misbehaviour is seen by the caller`(_ behaviour: ReceiverBehaviour, _ expected: String) throws {
        let receiver = try Receiver(script: [behaviour])
        #expect(talk(to: receiver.port, "GET / HTTP/1.1\r\nhost: x\r\n\r\n") == expected)
        receiver.stop()
    }

    @Test(arguments: [
        ReceiverBehaviour.endlessBody(200), .endlessHeaders(200), .slowBody(200, piece: [120], pause: .milliseconds(1)),
    ])
    func `endless answers go on while they are read`(_ behaviour: ReceiverBehaviour) throws {
        let receiver = try Receiver(script: [behaviour])
        #expect(talk(to: receiver.port, "GET / HTTP/1.1\r\nhost: x\r\n\r\n", enough: 300).utf8.count == 300)
        receiver.stop()
    }

    @Test(arguments: [
        (ReceiverGreeting.close, ""), (.reset, "reset"), (.speakFirst([104, 105]), "hi"),
    ])
    func `connections are greeted`(_ greeting: ReceiverGreeting, _ expected: String) throws {
        let receiver = try Receiver(greeting: greeting)
        #expect(talk(to: receiver.port, "", enough: max(expected.utf8.count, 1)).hasPrefix(expected))
        receiver.stop()
    }

    @Test func `it refuses, and listens again on the same port`() throws {
        let receiver = try Receiver(script: [.answerAndClose(204)])
        for _ in 0..<3 {
            receiver.refuse()
            #expect(talk(to: receiver.port, "GET / HTTP/1.1\r\n\r\n") == "refused")
            try receiver.acceptAgain()
            #expect(talk(to: receiver.port, "GET / HTTP/1.1\r\n\r\n") == "HTTP/1.1 204 Made up\r\n\r\n")
        }
        #expect(throws: ReceiverError.self) { try Receiver(port: receiver.port) }
        receiver.stop()
    }
}
