// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// One connection of a ``Receiver``: reads requests by the letter of RFC 9112 and answers as told.
///
/// - Concurrency: lives on its own thread.
struct ReceiverConnection {
    private let socket: ReceiverSocket
    private let number: Int
    private let receiver: Receiver
    private var unread: [UInt8] = []
    private var used = 0

    init(_ socket: ReceiverSocket, number: Int, of receiver: Receiver) {
        self.socket = socket
        self.number = number
        self.receiver = receiver
    }

    /// Serves the connection to its end.
    mutating func run() {
        switch receiver.greeting {
        case .read:
            while let request = nextRequest(), act(receiver.takes(request)) {}
        case .close:
            break
        case .reset:
            socket.resetOnClose()
        case .speakFirst(let bytes):
            if socket.write(bytes) { while fill() { unread.removeAll(keepingCapacity: true) } }
        case .ignore:
            receiver.stalls { socket.waitsForEnd() }
        }
    }

    /// Does what the script says; false when the connection ends with it.
    private func act(_ behaviour: ReceiverBehaviour) -> Bool {
        switch behaviour {
        case .answer(let status, let headers, let body):
            return socket.write(Self.answer(status, headers, body))
        case .after(let pause, let later):
            return !socket.waits(atMost: pause) && act(later)
        case .answerAndClose(let status):
            socket.write(Self.answer(status, [], []))
            return false
        case .hang:
            receiver.stalls { while socket.waits(atMost: .seconds(3600)), drains() {} }
            return false
        case .reset:
            socket.resetOnClose()
            return false
        case .close:
            return false
        case .raw(let bytes):
            socket.write(bytes)
            return false
        case .slowBody(let status, let piece, let pause):
            guard socket.write(Self.chunkedHead(status)) else { return false }
            let chunk = Self.chunk(piece)
            receiver.stalls { while socket.write(chunk), !socket.waits(atMost: pause) {} }
            return false
        case .endlessBody(let status):
            guard socket.write(Self.chunkedHead(status)) else { return false }
            let chunk = Self.chunk([UInt8](repeating: UInt8(ascii: "x"), count: 16384))
            while socket.write(chunk) {}
            return false
        case .endlessHeaders(let status):
            guard socket.write([UInt8]("HTTP/1.1 \(status) Made up\r\n".utf8)) else { return false }
            let lines = [UInt8](String(repeating: "x-more: 0123456789\r\n", count: 512).utf8)
            while socket.write(lines) {}
            return false
        }
    }

    /// Reads and drops; false at the end.
    private func drains() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { socket.read(into: $0) > 0 }
    }

    private static func answer(_ status: Int, _ headers: [(String, String)], _ body: [UInt8]) -> [UInt8] {
        var head = "HTTP/1.1 \(status) Made up\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if status >= 200 && status != 204 && status != 304 { head += "content-length: \(body.count)\r\n" }
        return [UInt8]((head + "\r\n").utf8) + body
    }

    private static func chunkedHead(_ status: Int) -> [UInt8] {
        [UInt8]("HTTP/1.1 \(status) Made up\r\ntransfer-encoding: chunked\r\n\r\n".utf8)
    }

    private static func chunk(_ piece: [UInt8]) -> [UInt8] {
        [UInt8]((String(piece.count, radix: 16) + "\r\n").utf8) + piece + [13, 10]
    }
}

extension ReceiverConnection {
    /// The next whole request; nil when the connection ends or what comes is not HTTP.
    private mutating func nextRequest() -> ReceivedRequest? {
        guard let start = line() else { return nil }
        let words = start.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" else { return nil }
        var headers: [(name: String, value: String)] = []
        while let text = line(), !text.isEmpty {
            guard let colon = text.firstIndex(of: ":"), headers.count < 200 else { return nil }
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append((text[..<colon].lowercased(), String(value)))
        }
        func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        if header("expect") == "100-continue" { socket.write([UInt8]("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        var body: [UInt8] = []
        if header("transfer-encoding") == "chunked" {
            while let size = line().flatMap({ Int($0, radix: 16) }) {
                guard let piece = bytes(size), line() == "" else { return nil }
                if size == 0 { break }
                body += piece
                if body.count > Receiver.largestBody { return nil }
            }
        } else if let length = header("content-length") {
            guard let count = Int(length), count <= Receiver.largestBody, let whole = bytes(count) else { return nil }
            body = whole
        }
        return ReceivedRequest(
            number: receiver.nextNumber(), connection: number, method: String(words[0]), target: String(words[1]),
            headers: headers, body: body, at: .now)
    }

    /// A line without its CR LF; nil at the end of the connection.
    private mutating func line() -> String? {
        var looked = used
        while true {
            if let end = unread[looked...].firstIndex(of: 10) {
                guard end > used, unread[end - 1] == 13 else { return nil }
                defer { used = end + 1 }
                return String(decoding: unread[used..<end - 1], as: UTF8.self)
            }
            looked = unread.count
            guard unread.count - used < 1 << 20 else { return nil }
            let before = used
            guard fill() else { return nil }
            looked -= before - used
        }
    }

    private mutating func bytes(_ count: Int) -> [UInt8]? {
        guard count >= 0 else { return nil }
        while unread.count - used < count { guard fill() else { return nil } }
        defer { used += count }
        return [UInt8](unread[used..<used + count])
    }

    /// Reads more; false at the end.
    private mutating func fill() -> Bool {
        unread.removeFirst(used)
        used = 0
        let socket = socket
        return withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 1) { room in
            let count = socket.read(into: room)
            unread.append(contentsOf: room[..<count])
            return count > 0
        }
    }
}
