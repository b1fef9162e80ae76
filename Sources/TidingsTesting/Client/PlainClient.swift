// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// An HTTP/1.1 client on a plain blocking socket to a port of 127.0.0.1, so that nothing of what is being judged takes
/// part in the judgement. One request at a time on one connection, which is kept.
///
/// - Concurrency: one thread; calls block.
package final class PlainClient {
    /// A whole answer.
    package struct Answer {
        /// The status code.
        package let status: Int
        /// Names in lower case.
        package let headers: [(name: String, value: String)]
        /// The body, chunks joined.
        package let body: [UInt8]
        /// The body read as UTF-8.
        package var text: String { String(decoding: body, as: UTF8.self) }
        /// The first header of that name (lower case).
        package subscript(header name: String) -> String? { headers.first { $0.name == name }?.value }
    }

    private let port: UInt16
    private var socket: ReceiverSocket?
    private var unread: [UInt8] = []

    /// A client of a port; connects with the first request.
    package init(port: UInt16) { self.port = port }

    deinit { socket?.close() }

    /// Connects, if that has not been done; false when nobody listens.
    package func connect() -> Bool {
        if socket == nil {
            socket = ReceiverSocket.connected(to: port)
            unread = []
        }
        return socket != nil
    }

    /// Sends one request and waits for its answer; nil when there is nobody, or the connection broke before the answer
    /// was whole: then nobody knows whether the request was carried out.
    package func send(
        _ method: String, _ target: String, headers: [(String, String)] = [], body: [UInt8]? = nil
    ) -> Answer? {
        guard connect(), let socket else { return nil }
        var head = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body { head += "Content-Length: \(body.count)\r\n" }
        guard socket.write(Array((head + "\r\n").utf8) + (body ?? [])),
            let answer = read(from: socket, isHead: method == "HEAD")
        else {
            drop()
            return nil
        }
        if answer[header: "connection"]?.lowercased() == "close" { drop() }
        return answer
    }

    /// Sends a JSON body.
    package func send(_ method: String, _ target: String, json: String) -> Answer? {
        send(method, target, headers: [("Content-Type", "application/json")], body: Array(json.utf8))
    }

    private func drop() {
        socket?.close()
        socket = nil
    }

    private func read(from socket: ReceiverSocket, isHead: Bool) -> Answer? {
        while true {
            guard let head = line(until: "\r\n\r\n", from: socket) else { return nil }
            let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
            guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
                return nil
            }
            if status < 200 { continue }
            let headers = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                return (line[..<colon].lowercased(), String(line[line.index(after: colon)...].drop { $0 == " " }))
            }
            var body: [UInt8] = []
            if isHead || status == 204 || status == 304 {
            } else if headers.contains(where: { $0.name == "transfer-encoding" }) {
                while true {
                    guard let size = line(until: "\r\n", from: socket), let count = Int(size, radix: 16),
                        let chunk = bytes(count, from: socket), bytes(2, from: socket) != nil
                    else { return nil }
                    if count == 0 { break }
                    body += chunk
                }
            } else if let length = headers.first(where: { $0.name == "content-length" }).flatMap({ Int($0.value) }) {
                guard let whole = bytes(length, from: socket) else { return nil }
                body = whole
            }
            return Answer(status: status, headers: headers, body: body)
        }
    }

    private func line(until end: String, from socket: ReceiverSocket) -> String? {
        let end = Array(end.utf8)
        var searched = 0
        while true {
            while searched + end.count <= unread.count {
                if unread[searched..<searched + end.count].elementsEqual(end) {
                    defer { unread.removeFirst(searched + end.count) }
                    return String(decoding: unread[..<searched], as: UTF8.self)
                }
                searched += 1
            }
            guard fill(from: socket) else { return nil }
        }
    }

    private func bytes(_ count: Int, from socket: ReceiverSocket) -> [UInt8]? {
        while unread.count < count { guard fill(from: socket) else { return nil } }
        defer { unread.removeFirst(count) }
        return Array(unread[..<count])
    }

    private func fill(from socket: ReceiverSocket) -> Bool {
        let before = unread.count
        unread += [UInt8](repeating: 0, count: 65_536)
        let count = unread.withUnsafeMutableBytes {
            socket.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[before...]))
        }
        unread.removeLast(65_536 - count)
        return count > 0
    }
}
