// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation

/// Certificates of the test's own authority, made by the `openssl` command, in a folder that goes away.
final class Certificates: Sendable {
    /// One certificate with its key.
    struct Identity: Sendable {
        let certificate: String
        let key: String
    }

    let folder: URL
    /// The authority's certificate.
    var authority: String { path("ca.pem") }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tidings-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 "
                + "-subj /CN=Test-CA")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// A certificate of the authority for such names (`DNS:a.test,IP:127.0.0.1`), valid for so many days from now.
    func issue(_ name: String, for names: String, days: Int = 2) throws -> Identity {
        try openssl(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).csr -subj /CN=test"
        )
        try "subjectAltName=\(names)\n".write(
            to: folder.appendingPathComponent("\(name).ext"), atomically: true, encoding: .utf8)
        try openssl(
            "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -set_serial \(Int.random(in: 1..<1 << 60)) -out \(name).pem -days \(days) "
                + "-extfile \(name).ext")
        return Identity(certificate: path("\(name).pem"), key: path("\(name).key"))
    }

    /// A certificate signed by itself.
    func selfSigned(for names: String) throws -> Identity {
        try openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout self.key -out self.pem -days 2 "
                + "-subj /CN=test -addext subjectAltName=\(names)")
        return Identity(certificate: path("self.pem"), key: path("self.key"))
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func openssl(_ line: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + line.split(separator: " ").map(String.init)
        process.currentDirectoryURL = folder
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw WaitedInVain(description: "openssl \(line) failed") }
    }
}
