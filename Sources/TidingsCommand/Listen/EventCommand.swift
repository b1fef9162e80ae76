// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A command that is started once per event, with the event on its standard input. Its output is the process's own.
struct EventCommand: Sendable {
    /// The command and its arguments.
    let words: [String]
    /// The environment it inherits.
    let environment: [String: String]

    /// How a command ended.
    enum End: Sendable, Hashable {
        case exit(Int32)
        case signal(Int32)
    }

    /// Starts the command, writes `input`, and waits for its end. A command that does not read its input is no fault.
    /// - Throws: ``CommandFailure`` when it cannot be started.
    func run(input: [UInt8], variables: [String: String]) throws(CommandFailure) -> End {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw failure("a pipe", errno) }
        let (readEnd, writeEnd) = (ends[0], ends[1])
        _ = fcntl(writeEnd, F_SETFD, FD_CLOEXEC)

        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #else
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, readEnd, 0)
        posix_spawn_file_actions_addclose(&actions, readEnd)
        posix_spawnattr_init(&attributes)
        // What this process ignores or handles is the command's own affair.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        sigaddset(&defaults, SIGINT)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }

        let whole = environment.merging(variables) { $1 }
        var process = pid_t()
        let reason = withCStrings(words) { arguments in
            withCStrings(whole.map { "\($0.key)=\($0.value)" }) { variables in
                posix_spawnp(&process, arguments[0]!, &actions, &attributes, arguments, variables)
            }
        }
        close(readEnd)
        if reason != 0 {
            close(writeEnd)
            throw failure("\"\(words[0])\" cannot be started", reason)
        }
        Self.write(input, to: writeEnd)
        close(writeEnd)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            let reason = errno
            if reason != EINTR { throw failure("waiting for \"\(words[0])\"", reason) }
        }
        let signal = status & 0x7F
        return signal == 0 ? .exit(status >> 8 & 0xFF) : .signal(signal)
    }

    private func failure(_ what: String, _ reason: Int32) -> CommandFailure {
        CommandFailure(reason == ENOENT ? .notFound : .failure, "\(what): \(String(cString: strerror(reason)))")
    }

    private static func write(_ bytes: [UInt8], to file: Int32) {
        bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                #if canImport(Glibc)
                    let count = Glibc.write(file, bytes.baseAddress! + done, bytes.count - done)
                #else
                    let count = Darwin.write(file, bytes.baseAddress! + done, bytes.count - done)
                #endif
                if count > 0 { done += count } else if errno != EINTR { return }
            }
        }
    }
}

/// Lends the texts as C does it: an array of strings that ends in nil.
private func withCStrings<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}
