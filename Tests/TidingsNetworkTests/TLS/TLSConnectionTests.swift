// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore

@testable import TidingsNetwork

@Suite(.timeLimit(.minutes(2))) struct TLSConnectionTests {
    private static let certificates = Result { try Certificates() }

    private let loop: EventLoop
    private let certificates: Certificates

    init() throws {
        loop = try EventLoop("test")
        certificates = try Self.certificates.get()
    }

    private func stop() {
        loop.stop()
        loop.join()
    }

    /// Connects by TCP and TLS, and returns what the latter told.
    private func connect(
        to address: SocketAddress, _ host: String, trust: TLSClientContext.Trust? = nil, protocols: [String] = [],
        timeLimit: Duration = .seconds(10)
    ) async throws -> Result<TLSConnection, NetworkError> {
        let context = try TLSClientContext(trust: trust ?? .file(certificates.authority), protocols: protocols)
        let tcp = try await TidingsNetworkTests.connect(to: address, on: loop).get()
        return await withCheckedContinuation { continuation in
            loop.post {
                TLSConnection.connect(over: tcp, context: context, host: host, timeLimit: timeLimit) {
                    continuation.resume(returning: $0)
                }
            }
        }
    }

    private func failure(_ result: Result<TLSConnection, NetworkError>) -> NetworkError? {
        if case .failure(let error) = result { error } else { nil }
    }

    private func attend(_ connection: TLSConnection) async -> Probe {
        let probe = Probe(loop)
        await loop.run {
            connection.handler = probe
            connection.resumeReading()
        }
        return probe
    }

    @Test(arguments: ["a.test", "A.test.", "127.0.0.1", "b.w.test"])
    func `a certificate that names the host is accepted`(_ host: String) async throws {
        let identity = try certificates.issue(
            "good-\(host.hashValue.magnitude)", for: "DNS:a.test,DNS:*.w.test,IP:127.0.0.1")
        let server = try TLSServer(identity, on: loop, speaks: "http/1.1")
        let tls = try await connect(to: server.listener.address, host, protocols: ["http/1.1"]).get()
        let probe = await attend(tls)
        await loop.run { for part in ["one ", "two ", "three"] { tls.write(part) } }
        try await probe.until("echo") { String(decoding: $0.received, as: UTF8.self) == "one two three" }
        #expect(await loop.run { tls.negotiatedProtocol } == "http/1.1")
        #expect(tls.remoteAddress == server.listener.address)
        await loop.run { tls.close() }
        try await probe.until("closed") { $0.closes == 1 }
        #expect(probe.error == nil)
        stop()
    }

    @Test func `other certificates are refused for their reason`() async throws {
        let other = try TLSServer(try certificates.issue("other", for: "DNS:b.test,IP:127.0.0.2"), on: loop)
        let itself = try TLSServer(try certificates.selfSigned(for: "DNS:a.test"), on: loop)
        let expired = try TLSServer(try certificates.issue("expired", for: "DNS:a.test", days: -1), on: loop)
        let good = try TLSServer(try certificates.issue("good", for: "DNS:a.test"), on: loop)
        let cases: [(TLSServer, String, TLSClientContext.Trust?, String)] = [
            (other, "a.test", nil, "hostname mismatch"), (other, "127.0.0.1", nil, "IP address mismatch"),
            (itself, "a.test", nil, "self-signed certificate"), (expired, "a.test", nil, "certificate has expired"),
            (good, "a.test", .system, "unable to get local issuer certificate"),
        ]
        for (server, host, trust, reason) in cases {
            let error = failure(try await connect(to: server.listener.address, host, trust: trust))
            #expect(error?.code == .certificate)
            #expect(error?.detail == "the certificate of \(host) is not accepted: \(reason)")
        }
        stop()
    }

    @Test func `TLS before 1.2 is refused`() async throws {
        let identity = try certificates.issue("old", for: "DNS:a.test")
        let server = try TLSServer(identity, on: loop, latest: 0x0302)
        let error = failure(try await connect(to: server.listener.address, "a.test"))
        #expect(error?.code == .handshake)
        stop()
    }

    @Test func `megabytes pass both ways under pauses`() async throws {
        let server = try TLSServer(try certificates.issue("big", for: "DNS:a.test"), on: loop)
        let tls = try await connect(to: server.listener.address, "a.test").get()
        let probe = await attend(tls)
        let size = 3 << 20
        await loop.run { [loop] in
            probe.onReceive = { _ in
                tls.pauseReading()
                loop.post { tls.resumeReading() }
            }
            tls.write(pattern: size)
        }
        try await probe.until("all of it back") { $0.receivedCount >= size }
        #expect(probe.received == Array(pattern[..<size]))
        stop()
    }

    @Test func `an end in order is an end, one without a word is an error`() async throws {
        let server = try TLSServer(try certificates.issue("end", for: "DNS:a.test"), on: loop)
        let ordered = try await connect(to: server.listener.address, "a.test").get()
        let orderedProbe = await attend(ordered)
        await loop.run { ordered.write("bye") }
        try await orderedProbe.until("end") { $0.ends == 1 }
        await loop.run { ordered.close() }
        try await orderedProbe.until("closed") { $0.closes == 1 }
        #expect(orderedProbe.error == nil)

        let cut = try await connect(to: server.listener.address, "a.test").get()
        let cutProbe = await attend(cut)
        await loop.run { cut.write("cut") }
        try await cutProbe.until("closed") { $0.closes == 1 }
        #expect(cutProbe.error?.code == .tls)
        #expect(cutProbe.ends == 0)
        stop()
    }

    @Test func `a half-close is TLS's word and the end`() async throws {
        let server = try TLSServer(try certificates.issue("half", for: "DNS:a.test"), on: loop)
        let tls = try await connect(to: server.listener.address, "a.test").get()
        let probe = await attend(tls)
        await loop.run {
            tls.write("last words")
            tls.endWriting()
            tls.write("never sent")
        }
        try await probe.until("the echo") { $0.receivedCount == 10 }
        stop()
    }

    @Test func `a server that is silent, or speaks no TLS, is given up`() async throws {
        let silent = try TCPListener(on: .loopback(), loops: [loop]) { _ in }
        let late = failure(try await connect(to: silent.address, "a.test", timeLimit: .milliseconds(50)))
        #expect(late?.code == .timedOut)
        let plain = try TCPListener(on: .loopback(), loops: [loop]) { $0.write("HTTP/1.1 400 Bad Request\r\n\r\n") }
        let wrong = failure(try await connect(to: plain.address, "a.test"))
        #expect(wrong?.code == .handshake)
        let gone = try TCPListener(on: .loopback(), loops: [loop]) { $0.close() }
        let ended = failure(try await connect(to: gone.address, "a.test"))
        #expect(ended?.code == .handshake || ended?.code == .reset)
        stop()
    }

    @Test func `an attempt that is broken off is heard of no more`() async throws {
        let silent = try TCPListener(on: .loopback(), loops: [loop]) { _ in }
        let context = try TLSClientContext()
        let tcp = try await TidingsNetworkTests.connect(to: silent.address, on: loop).get()
        let calls = Atomic<Int>(0)
        await loop.run {
            TLSConnection.connect(over: tcp, context: context, host: "a.test", timeLimit: .seconds(10)) { _ in
                calls.add(1, ordering: .relaxed)
            }.abort()
        }
        stop()
        #expect(calls.load(ordering: .relaxed) == 0)
    }

    @Test func `a trust file that cannot be read is named`() throws {
        let error = #expect(throws: NetworkError.self) { try TLSClientContext(trust: .file("/no/such/file.pem")) }
        #expect(error?.code == .trustStore)
        #expect(error?.detail.contains("/no/such/file.pem") == true)
        stop()
    }
}
