// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// What the process says at its end; documented in `tidings --help`. Codes are added, never renumbered.
package enum ExitCode: Int32, Sendable, CaseIterable {
    case ok = 0
    case failure = 1
    case notFound = 2
    case forbidden = 3
    case conflict = 4
    /// The server cannot be reached, or did not answer in time.
    case unreachable = 5
    case usage = 64
    case interrupted = 130

    /// What it means, for `--help`.
    var meaning: String {
        switch self {
        case .ok: "done"
        case .failure: "it failed"
        case .notFound: "no such thing"
        case .forbidden: "not allowed"
        case .conflict: "in conflict with what is there"
        case .unreachable: "the server cannot be reached, or did not answer in time"
        case .usage: "the command line or a setting is wrong"
        case .interrupted: "interrupted"
        }
    }
}

/// Why a command did not do its work: one sentence for people, an exit code for scripts, and what to try next.
package struct CommandFailure: Error, Sendable, Hashable {
    /// What the process ends with.
    package let code: ExitCode
    /// What happened, in one sentence.
    package let message: String
    /// What to try, if that is known.
    package let hint: String?

    /// Creates a failure.
    package init(_ code: ExitCode, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}
