// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Dispatch
import Synchronization
import Testing
import TidingsCore

@testable import TidingsServer

/// Keeps a thread waiting until it is opened.
private final class Gate: @unchecked Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    func wait() {
        semaphore.wait()
        semaphore.signal()
    }
    func open() { semaphore.signal() }
}

@Suite struct LogWriterTests {
    private final class FixedTime: TimeSource {
        var now: MonotonicTime { MonotonicTime(nanos: 0) }
        var wall: WallTime { WallTime(millis: 1_764_000_000_123) }
    }

    private static func lines(
        _ form: LogForm, levels: LogLevels = LogLevels(.info), _ body: (Logger) -> Void
    ) -> String {
        let written = Mutex<[UInt8]>([])
        let box = Box(written)
        let writer = LogWriter(levels: levels, form: form, time: FixedTime()) { box.append($0) }
        body(Logger("delivery", to: writer))
        writer.end()
        return String(decoding: box.bytes, as: UTF8.self)
    }

    private final class Box: Sendable {
        private let held: Mutex<[UInt8]>
        init(_ held: consuming Mutex<[UInt8]>) { self.held = held }
        var bytes: [UInt8] { held.withLock { $0 } }
        func append(_ more: [UInt8]) { held.withLock { $0 += more } }
    }

    @Test func `a line for people has time, level, subsystem, sentence and fields`() {
        let text = Self.lines(.text(colours: false)) { log in
            log.notice("the endpoint is down", [("subscription", "email"), ("reason", "connection refused")])
        }
        #expect(
            text
                == "16:00:00.123Z notice  delivery  the endpoint is down  subscription=email  reason=\"connection refused\"\n"
        )
    }

    @Test func `a line for machines is one JSON object`() {
        let text = Self.lines(.json) { $0.info("said \"so\"", [("subscription", "email"), ("level", "spoofed")]) }
        #expect(
            text
                == #"{"time":"2025-11-24T16:00:00.123Z","level":"info","subsystem":"delivery","message":"said \"so\"","subscription":"email"}"#
                + "\n")
    }

    @Test(arguments: [LogForm.text(colours: false), .json])
    func `secrets never show`(_ form: LogForm) {
        let text = Self.lines(form) { log in
            log.error(
                "signing with whsec_abcdef failed",
                [("Authorization", "hidden-1"), ("header", "Bearer hidden-2 and on")])
        }
        #expect(!text.contains("abcdef"))
        #expect(!text.contains("hidden"))
        #expect(text.contains("and on"))
    }

    @Test func `control characters reach no terminal`() {
        let text = Self.lines(.text(colours: false)) { $0.info("a\u{1B}[2Jb\nc", [("x", "\u{7}")]) }
        #expect(text.contains("a\u{FFFD}[2Jb\\nc  x=\u{FFFD}"))
    }

    @Test func `levels hold per subsystem`() {
        let levels = LogLevels(.warning, bySubsystem: ["delivery": .debug])
        #expect(levels.keep(.debug, from: "delivery"))
        #expect(!levels.keep(.info, from: "http"))
        #expect(levels.keep(.error, from: "http"))
    }

    @Test func `what nobody writes is dropped and counted`() {
        let gate = Gate()
        let box = Box(Mutex([]))
        let writer = LogWriter(levels: LogLevels(.info), form: .text(colours: false), time: FixedTime()) { bytes in
            gate.wait()
            box.append(bytes)
        }
        let log = Logger("http", to: writer)
        let long = String(repeating: "x", count: 1 << 20)
        for _ in 0..<20 { log.info(long) }
        gate.open()
        writer.flush()
        log.info("after")
        writer.end()
        let text = String(decoding: box.bytes, as: UTF8.self)
        #expect(text.contains("lines were dropped"))
        #expect(text.hasSuffix("after\n"))
        #expect(box.bytes.count <= 10 << 20)
    }
}
