// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A program started beside this one.
///
/// - Concurrency: owned by one task or thread.
package final class ChildProcess: @unchecked Sendable {
    /// Its process id.
    package let pid: pid_t
    private var status: Int32?

    /// Starts `arguments[0]` with its arguments; standard input is empty, output goes to the file `output` (appended), or is dropped.
    /// - Throws: a sentence when the program cannot be started.
    package init(_ arguments: [String], environment: [String: String] = [:], output: String? = nil)
        throws(ChildProcessError)
    {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let sink = output ?? "/dev/null"
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, sink, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        var words = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var index = 0
        while let variable = environ[index] {
            variables.append(strdup(variable))
            index += 1
        }
        for (name, value) in environment { variables.append(strdup("\(name)=\(value)")) }
        variables.append(nil)
        defer {
            for word in words { free(word) }
            for variable in variables { free(variable) }
        }
        var started = pid_t()
        let code = posix_spawnp(&started, arguments[0], &actions, nil, &words, &variables)
        guard code == 0 else {
            throw ChildProcessError(description: "cannot start \(arguments[0]): \(String(cString: strerror(code)))")
        }
        pid = started
    }

    /// Sends a signal; nothing happens once the program has ended.
    package func signal(_ number: Int32) {
        guard status == nil else { return }
        kill(pid, number)
    }

    /// Whether the program still runs.
    package var isRunning: Bool {
        if status != nil { return false }
        var word: Int32 = 0
        guard waitpid(pid, &word, WNOHANG) == pid else { return true }
        status = word
        return false
    }

    /// Blocks until the program ends, and answers its exit code, or 128 and the signal that ended it.
    @discardableResult
    package func wait() -> Int32 {
        if status == nil {
            var word: Int32 = 0
            while waitpid(pid, &word, 0) == -1, errno == EINTR {}
            status = word
        }
        let word = status ?? 0
        return word & 0x7F == 0 ? word >> 8 & 0xFF : 128 + (word & 0x7F)
    }

    deinit {
        if isRunning {
            kill(pid, SIGKILL)
            wait()
        }
    }
}

/// Why a program could not be started.
package struct ChildProcessError: Error, CustomStringConvertible {
    package let description: String
}
