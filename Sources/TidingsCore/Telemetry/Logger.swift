// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// How much a line of the log matters.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
    case debug, info, notice, warning, error

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}

/// Where lines of the log go: the server's own writer, or a closure of the program that embeds Tidings.
public protocol LogSink: AnyObject, Sendable {
    /// Whether a line of that level from that subsystem would be kept; asked before a line is made. Any thread.
    func wants(_ level: LogLevel, from subsystem: String) -> Bool
    /// Takes a line. Any thread; must not block for long.
    func write(_ level: LogLevel, subsystem: String, message: String, fields: [(name: String, value: String)])
}

/// Writes lines of one subsystem to a sink; costs one question when the line is not wanted.
public struct Logger: Sendable {
    /// Which part of Tidings speaks: `log`, `http`, `delivery`, …
    public let subsystem: String
    private let sink: (any LogSink)?

    /// Creates a logger; without a sink it says nothing.
    public init(_ subsystem: String, to sink: (any LogSink)?) {
        self.subsystem = subsystem
        self.sink = sink
    }

    /// The same sink, spoken to by another part.
    public func named(_ subsystem: String) -> Logger { Logger(subsystem, to: sink) }

    /// Whether a line of that level would be kept; for those who must gather what they would write.
    public func wants(_ level: LogLevel) -> Bool { sink?.wants(level, from: subsystem) ?? false }

    /// Writes one line: a sentence, and what a machine may want to search for.
    public func log(
        _ level: LogLevel, _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> [(name: String, value: String)] = []
    ) {
        guard let sink, sink.wants(level, from: subsystem) else { return }
        sink.write(level, subsystem: subsystem, message: message(), fields: fields())
    }

    /// For those who look for a fault.
    public func debug(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> [(name: String, value: String)] = []
    ) {
        log(.debug, message(), fields())
    }
    /// What happens in the course of things.
    public func info(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> [(name: String, value: String)] = []
    ) {
        log(.info, message(), fields())
    }
    /// What an operator wants to know.
    public func notice(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> [(name: String, value: String)] = []
    ) {
        log(.notice, message(), fields())
    }
    /// What may need a hand soon.
    public func warning(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> [(name: String, value: String)] = []
    ) {
        log(.warning, message(), fields())
    }
    /// What needs a hand.
    public func error(
        _ message: @autoclosure () -> String, _ fields: @autoclosure () -> [(name: String, value: String)] = []
    ) {
        log(.error, message(), fields())
    }
}
