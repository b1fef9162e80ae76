// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing

@testable import TidingsCommand

@Suite struct ServerSentEventsTests {
    private static let stream = """
        \u{FEFF}retry: 250\n: hello\n\nid: 17.0.3\nevent: order.created\ndata: {"a":1}\n\ndata:x\r\ndata:  y\r\n\r\n\
        id\nid: 9\0\ndata: last\rdata\r\rdata: never ends
        """

    private func events(_ text: String, pieces: Int) throws -> [ServerSentEvent] {
        var reader = ServerSentEventReader()
        var events: [ServerSentEvent] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try bytes[start..<min(start + pieces, bytes.count)].withUnsafeBytes { piece in
                _ = try reader.read(piece) { event in
                    events.append(event)
                    return true
                }
            }
        }
        return events
    }

    @Test(arguments: [1, 2, 3, 5, 7, 1000])
    func `events are read whatever pieces their bytes arrive in`(_ pieces: Int) throws {
        #expect(
            try events(Self.stream, pieces: pieces) == [
                ServerSentEvent(id: "17.0.3", event: "order.created", data: "{\"a\":1}"),
                ServerSentEvent(id: "17.0.3", event: "", data: "x\n y"),
                ServerSentEvent(id: "", event: "", data: "last\n"),
            ])
    }

    @Test func `a reader that has enough gets no more`() throws {
        var reader = ServerSentEventReader(lastID: "3")
        var count = 0
        let goesOn = try Array("data: 1\n\ndata: 2\n\n".utf8).withUnsafeBytes { bytes in
            try reader.read(bytes) { event in
                #expect(event.id == "3")
                count += 1
                return false
            }
        }
        #expect(!goesOn)
        #expect(count == 1)
    }
}
