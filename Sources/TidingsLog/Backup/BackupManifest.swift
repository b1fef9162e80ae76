// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// What a backup folder holds: which files the data folder had, where the copy of each lies, and its checksum. One JSON
/// text, and its own checksum on the line behind it.
struct BackupManifest: Sendable, Hashable {
    static let path = "manifest"
    static let version: Int64 = 1

    /// One file of the data folder.
    struct File: Sendable, Hashable {
        /// Its place in the data folder.
        let path: String
        /// Its place in the backup folder.
        let stored: String
        let byteCount: Int64
        let checksum: UInt32
        /// What the file was when it was copied, so that the next backup sees whether it changed; nil for what the
        /// backup itself made.
        let stamp: FileStamp?
    }

    /// Counts the backups of this folder from 1.
    var number: Int64 = 0
    var time = WallTime(millis: 0)
    /// The last round that the backup has.
    var lastRound: UInt64 = 0
    var files: [File] = []

    var byteCount: Int64 { files.reduce(0) { $0 + $1.byteCount } }

    func encoded() -> [UInt8] {
        let text = JSONWriter.text { json in
            json.object { json in
                json.member("tidings_backup", Self.version)
                json.member("number", number)
                json.member("time", RFC3339.format(time))
                json.member("millis", time.millis)
                json.member("last_round", Int64(bitPattern: lastRound))
                json.key("files")
                json.array { json in
                    for file in files {
                        json.object { json in
                            json.member("path", file.path)
                            json.member("stored", file.stored)
                            json.member("bytes", file.byteCount)
                            json.member("crc32c", Int64(file.checksum))
                            if let stamp = file.stamp {
                                json.member("identity", Int64(bitPattern: stamp.identity))
                                json.member("modified", stamp.modified)
                            }
                        }
                    }
                }
            }
        }
        let bytes = [UInt8](text.utf8)
        let checksum = bytes.withUnsafeBytes { CRC32C.checksum($0) }
        return bytes + Array("\n\(checksum)\n".utf8)
    }

    /// Reads a manifest; throws a sentence for anything that is not one, whole and unchanged.
    init(decoding bytes: [UInt8]) throws(LogToolError) {
        guard bytes.last == UInt8(ascii: "\n"),
            let split = bytes.dropLast().lastIndex(of: UInt8(ascii: "\n")),
            UInt32(String(decoding: bytes[(split + 1)..<bytes.count - 1], as: UTF8.self))
                == bytes[..<split].withUnsafeBytes({ CRC32C.checksum($0) }),
            let json = try? JSONValue.parse(Array(bytes[..<split]))
        else { throw LogToolError("the backup's manifest is damaged") }
        guard json["tidings_backup"]?.integer == Self.version else {
            throw LogToolError("the backup is of a version that this one does not read")
        }
        guard let number = json["number"]?.integer, let millis = json["millis"]?.integer,
            let round = json["last_round"]?.integer, let items = json["files"]?.array
        else { throw LogToolError("the backup's manifest lacks what it should say") }
        self.number = number
        time = WallTime(millis: millis)
        lastRound = UInt64(bitPattern: round)
        for item in items {
            guard let path = item["path"]?.string, let stored = item["stored"]?.string,
                let count = item["bytes"]?.integer,
                let checksum = item["crc32c"]?.integer.flatMap(UInt32.init(exactly:)),
                Self.isSafe(path), Self.isSafe(stored), count >= 0
            else { throw LogToolError("the backup's manifest names a file that cannot be") }
            let identity = item["identity"]?.integer.map { UInt64(bitPattern: $0) }
            let stamp = identity.flatMap { identity in
                item["modified"]?.integer.map {
                    FileStamp(identity: identity, byteCount: count, modified: $0)
                }
            }
            files.append(File(path: path, stored: stored, byteCount: count, checksum: checksum, stamp: stamp))
        }
    }

    init() {}

    /// A path that stays below its folder.
    private static func isSafe(_ path: String) -> Bool {
        !path.isEmpty && !path.hasPrefix("/")
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty && part != "." && part != ".."
            }
    }
}
