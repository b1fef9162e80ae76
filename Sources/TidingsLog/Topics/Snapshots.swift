// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import TidingsCore

/// Small states kept beside the log, `state/<name>`: written whole under another name, synced, then renamed.
enum Snapshots {
    static let folder = "state"
    private static let magic: UInt64 = 0x5449_4453_4E41_5031
    private static let prefixBytes = 20

    static func isName(_ name: String) -> Bool {
        (1...100).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
                    || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: "-")
            }
    }

    static func save(_ name: String, _ bytes: [UInt8], on disk: any Disk) throws(DiskError) {
        let path = folder + "/" + name
        var content = ByteBuffer(capacity: bytes.count + prefixBytes)
        content.append(bigEndian: magic)
        content.append(bigEndian: UInt64(bytes.count))
        let checksum = bytes.withUnsafeBytes { CRC32C.checksum($0, after: CRC32C.checksum(content.bytes)) }
        content.append(bigEndian: checksum)
        content.append(bytes)
        do throws(DiskError) {
            let file = try disk.open(path + ".new", .create)
            try file.truncate(to: 0)
            try file.write(content.bytes, at: 0)
            try file.sync()
        } catch {
            if error.code == .noSpace { try? disk.remove(path + ".new") }
            throw error
        }
        try disk.rename(path + ".new", to: path)
        try disk.syncDirectory(folder)
    }

    static func load(_ name: String, on disk: any Disk) -> Result<[UInt8]?, LogError> {
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try disk.contents(of: folder + "/" + name)
        } catch {
            return error.code == .missing ? .success(nil) : .failure(LogError(.offline, error.description))
        }
        return bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            guard reader.number(UInt64.self) == magic, let count = reader.number(UInt64.self),
                let checksum = reader.number(UInt32.self), count == UInt64(reader.left),
                checksum
                    == CRC32C.checksum(
                        raw.part(prefixBytes..<raw.count), after: CRC32C.checksum(raw.part(0..<prefixBytes - 4)))
            else {
                return .failure(LogError(.corruptSnapshot, "the snapshot state/\(name) is damaged"))
            }
            return .success([UInt8](raw.part(prefixBytes..<raw.count)))
        }
    }
}
