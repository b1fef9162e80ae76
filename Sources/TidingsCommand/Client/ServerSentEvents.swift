// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// One event of a live stream.
package struct ServerSentEvent: Sendable, Hashable {
    /// The place in the log's total order; what `Last-Event-ID` goes on from. Empty when the server gave none yet.
    package let id: String
    /// The event's type.
    package let event: String
    /// The data lines, joined.
    package let data: String
}

/// Reads Server-Sent Events from bytes that arrive in any pieces, by the rules of the WHATWG.
package struct ServerSentEventReader: ~Copyable {
    /// How many bytes one event may have.
    package static let limit = 80 << 20

    private var line = ByteBuffer(capacity: 4096)
    private var lastByteWasCR = false
    private var isFirstLine = true
    private var id = ""
    private var event = ""
    private var data = ByteBuffer(capacity: 4096)
    private var hasData = false
    /// The place of the last block of lines that was complete, events or not: where a new connection goes on.
    package private(set) var lastID: String
    /// How long to wait before a new connection, when the server has said so.
    package private(set) var retry: Duration?

    /// Begins a stream; `lastID` is what the events before any `id` line have.
    package init(lastID: String = "") {
        id = lastID
        self.lastID = lastID
    }

    /// Takes bytes and hands on every event that is complete; `take` answers whether to go on.
    /// - Returns: false when `take` did not want to go on.
    /// - Throws: ``CommandFailure`` when an event is larger than ``limit``.
    package mutating func read(
        _ bytes: UnsafeRawBufferPointer, _ take: (ServerSentEvent) throws(CommandFailure) -> Bool
    ) throws(CommandFailure) -> Bool {
        var from = 0
        for (index, byte) in bytes.enumerated() {
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                lastByteWasCR = false
                continue
            }
            defer { from = index + 1 }
            if byte == UInt8(ascii: "\n"), lastByteWasCR {
                lastByteWasCR = false
                continue
            }
            lastByteWasCR = byte == UInt8(ascii: "\r")
            line.append(UnsafeRawBufferPointer(rebasing: bytes[from..<index]))
            let event = endLine()
            if let event, try !take(event) { return false }
        }
        line.append(UnsafeRawBufferPointer(rebasing: bytes[from...]))
        if line.count + data.count > Self.limit {
            throw CommandFailure(.failure, "an event of the stream is larger than \(Self.limit) bytes")
        }
        return true
    }

    private mutating func endLine() -> ServerSentEvent? {
        defer { line.removeAll() }
        var text = line.bytes
        if isFirstLine, text.starts(with: [0xEF, 0xBB, 0xBF]) { text = UnsafeRawBufferPointer(rebasing: text[3...]) }
        isFirstLine = false
        if text.isEmpty { return dispatch() }
        let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.count
        if colon == 0 { return nil }
        let name = String(decoding: text[..<colon], as: UTF8.self)
        var value = UnsafeRawBufferPointer(rebasing: text[min(colon + 1, text.count)...])
        if value.first == UInt8(ascii: " ") { value = UnsafeRawBufferPointer(rebasing: value[1...]) }
        switch name {
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            data.append(value)
            hasData = true
        case "event": event = String(decoding: value, as: UTF8.self)
        case "id": if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
        case "retry":
            if let millis = Int64(String(decoding: value, as: UTF8.self)), (0...3_600_000).contains(millis) {
                retry = .milliseconds(millis)
            }
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            data.removeAll()
            hasData = false
            event = ""
        }
        lastID = id
        return hasData ? ServerSentEvent(id: id, event: event, data: data.text()) : nil
    }
}
