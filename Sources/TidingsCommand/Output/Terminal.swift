// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where a command writes: data on standard output, talk on standard error.
///
/// - Concurrency: any thread; a line is written whole.
package final class Terminal: Sendable {
    /// Takes bytes; false when nobody reads them any more.
    package typealias Sink = @Sendable (UnsafeRawBufferPointer) -> Bool

    private let outSink: Sink
    private let talkSink: Sink
    private let order = Mutex(())
    /// Whether a person reads standard output.
    package let isOutInteractive: Bool
    /// Whether a person reads standard error.
    package let isTalkInteractive: Bool
    /// Whether colours are wanted on standard output.
    package let hasColour: Bool
    /// Whether colours are wanted on standard error.
    package let hasTalkColour: Bool

    /// Creates a terminal; a test passes sinks of its own.
    package init(
        out: @escaping Sink, talk: @escaping Sink, isOutInteractive: Bool = false, isTalkInteractive: Bool = false,
        hasColour: Bool = false, hasTalkColour: Bool = false
    ) {
        outSink = out
        talkSink = talk
        self.isOutInteractive = isOutInteractive
        self.isTalkInteractive = isTalkInteractive
        self.hasColour = hasColour
        self.hasTalkColour = hasTalkColour
    }

    /// The process's own; NO_COLOR and CLICOLOR_FORCE are obeyed.
    package static func process(environment: [String: String]) -> Terminal {
        let isOut = isatty(1) == 1
        let refuses = environment["NO_COLOR"].map { !$0.isEmpty } ?? false || environment["TERM"] == "dumb"
        let forces = environment["CLICOLOR_FORCE"].map { !$0.isEmpty && $0 != "0" } ?? false
        return Terminal(
            out: { Self.write($0, to: 1) }, talk: { Self.write($0, to: 2) }, isOutInteractive: isOut,
            isTalkInteractive: isatty(2) == 1, hasColour: !refuses && (isOut || forces),
            hasTalkColour: !refuses && (isatty(2) == 1 || forces))
    }

    /// Writes a line of data; false when nobody reads any more (a closed pipe): time to end quietly.
    @discardableResult
    package func print(_ line: String) -> Bool { write(line + "\n", to: outSink) }

    /// Writes bytes of data as they are; false when nobody reads any more.
    @discardableResult
    package func printBytes(_ bytes: UnsafeRawBufferPointer) -> Bool { order.withLock { _ in outSink(bytes) } }

    /// Says something to the person who watches.
    package func say(_ line: String) { _ = write(line + "\n", to: talkSink) }

    /// Says something and stays on the line.
    package func ask(_ text: String) { _ = write(text, to: talkSink) }

    /// Replaces the line of progress on a person's terminal; nothing elsewhere. An empty text clears it.
    package func progress(_ text: String) {
        guard isTalkInteractive else { return }
        _ = write("\r\u{1B}[K" + text, to: talkSink)
    }

    private func write(_ text: String, to sink: Sink) -> Bool {
        var text = text
        return order.withLock { _ in text.withUTF8 { sink(UnsafeRawBufferPointer($0)) } }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to file: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            #if canImport(Glibc)
                let count = Glibc.write(file, bytes.baseAddress! + done, bytes.count - done)
            #else
                let count = Darwin.write(file, bytes.baseAddress! + done, bytes.count - done)
            #endif
            if count > 0 {
                done += count
            } else if count < 0, errno == EAGAIN {
                var waiting = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if count < 0, errno == EINTR {
                continue
            } else {
                return false
            }
        }
        return true
    }
}

/// The few looks a text can have on a terminal.
package enum TextLook: String, Sendable {
    case bold = "1"
    case faint = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
}

extension Terminal {
    /// The text in a look, where colours are wanted.
    package func styled(_ text: String, _ look: TextLook) -> String {
        hasColour ? "\u{1B}[\(look.rawValue)m\(text)\u{1B}[0m" : text
    }
}
