// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Keeps the metadata in two slots, `log/meta/a` and `log/meta/b`: the older one is written and synced first, then the
/// other, so that a crash leaves one of them whole and a rotten one costs nothing.
struct MetadataStore {
    static let folder = "log/meta"
    static let slots = ["log/meta/a", "log/meta/b"]

    let disk: any Disk

    /// What was read.
    enum Found {
        case metadata(LogMetadata, damagedSlots: Int)
        /// There is no slot yet.
        case nothing
        /// Slots are there, and none can be read.
        case unreadable
        /// A later version of Tidings wrote a slot.
        case newer(UInt32)
    }

    /// Reads the newer whole slot.
    func load() throws(DiskError) -> Found {
        var newest: LogMetadata?
        var (present, damaged) = (0, 0)
        for path in Self.slots {
            let bytes: [UInt8]
            do {
                bytes = try disk.contents(of: path)
            } catch  where error.code == .missing {
                continue
            } catch  where error.code == .failed {
                // As good as damaged: the other one may be whole.
                present += 1
                damaged += 1
                continue
            }
            if bytes.isEmpty { continue }
            present += 1
            if let version = bytes.withUnsafeBytes({ LogMetadata.version(of: $0) }), version > LogMetadata.version {
                return .newer(version)
            }
            guard let found = bytes.withUnsafeBytes({ LogMetadata(decoding: $0) }) else {
                damaged += 1
                continue
            }
            if newest.map({ $0.sequence < found.sequence }) ?? true { newest = found }
        }
        if let newest { return .metadata(newest, damagedSlots: damaged) }
        return present == 0 ? .nothing : .unreadable
    }

    /// Keeps slots that an older version wrote beside those of this one, so that the older one can have them back. Before
    /// the first save only.
    func keepOlder() throws(DiskError) {
        var isChanged = false
        for slot in Self.slots {
            let bytes: [UInt8]
            do throws(DiskError) { bytes = try disk.contents(of: slot) } catch {
                if error.code == .missing || error.code == .failed { continue }
                throw error
            }
            guard let version = bytes.withUnsafeBytes({ LogMetadata.version(of: $0) }), version < LogMetadata.version
            else { continue }
            let file = try disk.open("\(slot).version-\(version)", .create)
            try file.truncate(to: 0)
            try file.write(bytes, at: 0)
            try file.sync()
            isChanged = true
        }
        if isChanged { try disk.syncDirectory(Self.folder) }
    }

    /// Writes a slot that could not be read as the whole one is, before anything is saved: a save may begin with either of the
    /// two, and must leave one whole.
    func mend(_ metadata: LogMetadata) throws(DiskError) {
        for (place, path) in Self.slots.enumerated() {
            let bytes = try? disk.contents(of: path)
            if let bytes, bytes.withUnsafeBytes({ LogMetadata(decoding: $0) }) != nil { continue }
            try write(metadata.encoded(), slot: place)
        }
        try disk.syncDirectory(Self.folder)
    }

    /// Makes durable what was read: a process that was killed may have left a slot that is not.
    func syncSlots() throws(DiskError) {
        for slot in Self.slots {
            do throws(DiskError) { try disk.open(slot, .write).sync() } catch {
                if error.code != .missing { throw error }
            }
        }
    }

    /// Makes `metadata` durable; it counts as saved when this returns. When it throws it may have been saved, unless the
    /// disk had no room (`.noSpace`, `.noHandles`): then it was not.
    func save(_ metadata: inout LogMetadata) throws(DiskError) {
        var next = metadata
        next.sequence += 1
        let bytes = next.encoded()
        let first = Int(next.sequence % 2)
        try write(bytes, slot: first)
        metadata.sequence = next.sequence
        do throws(DiskError) {
            try write(bytes, slot: 1 - first)
        } catch {
            // One whole slot is enough; the next save begins with the other one.
            guard error.isLack else { throw error }
        }
    }

    private func write(_ bytes: [UInt8], slot: Int) throws(DiskError) {
        let file = try disk.open(Self.slots[slot], .create)
        do throws(DiskError) {
            try file.write(bytes, at: 0)
        } catch {
            guard error.code == .noSpace else { throw error }
            // What was written of it must not be found whole after a crash.
            do throws(DiskError) {
                try file.truncate(to: 0)
                try file.sync()
            } catch {
                throw DiskError(.failed, error.description)
            }
            throw error
        }
        do throws(DiskError) {
            try file.sync()
        } catch {
            // A failed sync is never done again, whatever its reason.
            throw DiskError(.failed, error.description)
        }
    }

    /// Writes the first metadata of a folder, whose slots do not exist yet; durable when the files and their folder were
    /// synced.
    func writeFirst(_ metadata: inout LogMetadata) throws(DiskError) -> [any DiskFile] {
        metadata.sequence += 1
        let bytes = metadata.encoded()
        var files: [any DiskFile] = []
        for slot in Self.slots {
            let file = try disk.open(slot, .create)
            try file.truncate(to: 0)
            try file.write(bytes, at: 0)
            files.append(file)
        }
        return files
    }

    /// Makes the first metadata of a folder, whose slots do not exist yet.
    func create(_ metadata: inout LogMetadata) throws(DiskError) {
        try disk.createDirectory(Self.folder)
        for file in try writeFirst(&metadata) { try file.sync() }
        try disk.syncDirectory(Self.folder)
    }
}

extension DiskFile {
    /// Writes an array's bytes.
    func write(_ bytes: [UInt8], count: Int? = nil, at position: Int64) throws(DiskError) {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(DiskError) in try write(raw.part(0..<(count ?? raw.count)), at: position) }
        }
        try result.get()
    }

    /// Reads exactly `count` bytes; nil when the file ends before.
    func bytes(at position: Int64, count: Int) throws(DiskError) -> SharedBytes? {
        let bytes = try SharedBytes(capacity: count) { room throws(DiskError) in try read(into: room, at: position) }
        return bytes.count == count ? bytes : nil
    }
}

extension Disk {
    /// All bytes of a file.
    func contents(of path: String) throws(DiskError) -> [UInt8] {
        let file = try open(path, .read)
        let count = Int(clamping: try file.size())
        let bytes = try SharedBytes(capacity: count) { room throws(DiskError) in try file.read(into: room, at: 0) }
        return [UInt8](bytes.buffer)
    }

    /// Whether there is a file or directory of that name in the directory.
    func has(_ name: String, in directory: String) throws(DiskError) -> Bool {
        do {
            return try list(directory).contains { $0 == name || $0 == name + "/" }
        } catch  where error.code == .missing {
            return false
        }
    }
}
