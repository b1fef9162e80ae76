// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsLog
import TidingsNetwork

/// Why a server does not start: one sentence that names what is wrong, and what to do about it.
package struct ServerRefusal: Error, Sendable, Hashable {
    /// What the program ends with.
    package enum Kind: Sendable, Hashable {
        /// A setting is wrong.
        case setting
        /// Another process has what is needed.
        case conflict
        /// The system does not allow or give what is needed.
        case failure
    }

    /// What sort of refusal.
    package let kind: Kind
    /// The sentence.
    package let message: String
    /// What to try; nil when there is nothing general.
    package let hint: String?

    init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    /// The folder cannot be used at all.
    init(_ error: DiskError, folder: String) {
        switch error.code {
        case .busy:
            self.init(
                .conflict, "the data folder \(folder) is in use by another process",
                hint: "stop the other one, or give this one a folder of its own with --data DIR")
        case .forbidden:
            self.init(
                .failure, "the data folder \(folder) cannot be written: \(error.description)",
                hint: "give it to the user the server runs as, or another folder with --data DIR")
        default: self.init(.failure, "the data folder \(folder) cannot be used: \(error.description)")
        }
    }

    /// The log in the folder does not open.
    init(_ error: LogError, folder: String) {
        switch error.code {
        case .folderInUse:
            self.init(
                .conflict, "the data folder \(folder) is in use by another process",
                hint: "stop the other one, or give this one a folder of its own with --data DIR")
        case .unknownFormat:
            self.init(
                .failure, "the data folder \(folder) is not in a format this version reads: \(error.description)",
                hint: "run the version of Tidings that wrote it, or a newer one")
        case .diskFull:
            self.init(
                .failure, "the disk of the data folder \(folder) is full, a start needs room: \(error.description)",
                hint: "nothing was lost: free some megabytes on that disk, never by removing files of the data folder, "
                    + "and start again")
        default: self.init(.failure, "the data folder \(folder) does not open: \(error.description)")
        }
    }

    /// The address cannot be listened on.
    /// - Parameter flag: which one says where to listen.
    init(_ error: NetworkError, listening: ListenAddress, flag: String = "http") {
        switch error.code {
        case .addressInUse:
            self.init(
                .conflict, "port \(listening.port) on \(listening.host) is in use by another process",
                hint: "stop the other one, or choose another port with --\(flag) HOST:PORT (port 0 picks a free one)"
                    + (flag == "kafka" ? ", or serve no Kafka clients with --kafka off" : ""))
        case .notPermitted:
            self.init(
                .failure, "port \(listening.port) on \(listening.host) may not be listened on: \(error.description)",
                hint: "ports below 1024 need rights of their own; choose another with --\(flag) HOST:PORT")
        default: self.init(.failure, error.description)
        }
    }
}
