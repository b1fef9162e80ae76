// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Foundation
import TidingsCore
import TidingsTesting

/// Works out what a power cut leaves of the folder of a real program: `FaultShim`, loaded into it, keeps a journal of what
/// it does to its files; a simulated disk replays that and loses, tears and reorders what was not synced; the folder is
/// written anew from it.
///
/// - Concurrency: one test drives it, while the program does not run.
final class PowerCut {
    /// The library, built beside the tests; nil where it cannot be loaded.
    static var library: String? {
        #if os(Linux)
            guard let program = try? ServerUnderTest.builtProgram else { return nil }
            let path = URL(fileURLWithPath: program).deletingLastPathComponent().appendingPathComponent(
                "libFaultShim.so"
            )
            .path
            return FileManager.default.fileExists(atPath: path) ? path : nil
        #else
            return nil
        #endif
    }

    private let disk: SimulatedDisk
    private let folder: String
    private let journal: String

    /// Follows a folder that is empty still.
    init(folder: String, journal: String, seed: UInt64) {
        disk = SimulatedDisk(seed: seed)
        self.folder = folder
        self.journal = journal
    }

    /// What the program has to be started with.
    var environment: [String: String] {
        ["LD_PRELOAD": Self.library ?? "", "TIDINGS_SHIM_ROOT": folder, "TIDINGS_SHIM_JOURNAL": journal]
    }

    /// Cuts the power: the program has been killed, and the folder is left as a disk could have it.
    /// - Returns: how many bytes the program had written, and how many of its syncs went well.
    func cut() throws -> (bytes: Int, syncs: Int) {
        let seen = try replay([UInt8](FileManager.default.contents(atPath: journal) ?? Data()))
        try? FileManager.default.removeItem(atPath: journal)
        disk.crash()
        try writeFolder()
        return seen
    }

    private struct Record {
        let what: Character
        let path: String
        let numbers: (UInt64, UInt64)
        let bytes: Range<Int>
    }

    private func records(_ text: [UInt8]) -> [Record] {
        text.withUnsafeBytes { raw in
            var records: [Record] = []
            var at = 0
            while at + 21 <= raw.count {
                let what = Character(UnicodeScalar(raw[at]))
                let length = Int(raw.loadUnaligned(fromByteOffset: at + 1, as: UInt32.self))
                let first = raw.loadUnaligned(fromByteOffset: at + 5, as: UInt64.self)
                let second = raw.loadUnaligned(fromByteOffset: at + 13, as: UInt64.self)
                let count = what == "W" ? Int(second) : 0
                let begin = at + 21 + length
                guard begin + count <= raw.count else { break }
                let path = String(decoding: raw[at + 21..<begin], as: UTF8.self)
                records.append(Record(what: what, path: path, numbers: (first, second), bytes: begin..<begin + count))
                at = begin + count
            }
            return records
        }
    }

    private func replay(_ text: [UInt8]) throws -> (bytes: Int, syncs: Int) {
        let records = records(text)
        // What was written before a sync began is durable when it went well.
        let ended = Set(records.lazy.filter { $0.what == "E" }.map(\.numbers.0))
        var (bytes, syncs) = (0, ended.count)
        for record in records {
            switch record.what {
            case "C": _ = try disk.open(record.path, .create)
            case "W", "Z":
                bytes += Int(record.numbers.1)
                let file = try disk.open(record.path, .create)
                let isZero = record.what == "Z"
                let content = isZero ? [UInt8](repeating: 0, count: Int(record.numbers.1))[...] : text[record.bytes]
                try content.withUnsafeBytes { raw in try file.write(raw, at: Int64(record.numbers.0)) }
            case "T": try disk.open(record.path, .create).truncate(to: Int64(record.numbers.0))
            case "B" where ended.contains(record.numbers.0):
                if let file = try? disk.open(record.path, .write) {
                    try file.sync()
                } else {
                    try disk.syncDirectory(record.path)
                }
            case "D":
                let (position, count) = (Int(record.numbers.0), Int(record.numbers.1))
                disk.makeDurable(record.path, position..<position + count)
                syncs += 1
            case "M": if !record.path.isEmpty { try disk.createDirectory(record.path) }
            case "U": try? disk.remove(record.path)
            case "R":
                let from = String(decoding: record.path.utf8.prefix(Int(record.numbers.0)), as: UTF8.self)
                let to = String(decoding: record.path.utf8.dropFirst(Int(record.numbers.0)), as: UTF8.self)
                try disk.rename(from, to: to)
            default: break
            }
        }
        return (bytes, syncs)
    }

    private func writeFolder() throws {
        let files = FileManager.default
        try? files.removeItem(atPath: folder)
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try writeDirectory("")
    }

    private func writeDirectory(_ path: String) throws {
        for name in try disk.list(path) {
            let inner = path.isEmpty ? name : path + "/" + name
            if name.hasSuffix("/") {
                let directory = String(inner.dropLast())
                try FileManager.default.createDirectory(
                    atPath: folder + "/" + directory, withIntermediateDirectories: true)
                try writeDirectory(directory)
            } else {
                try Data(disk.bytes(of: inner) ?? []).write(to: URL(fileURLWithPath: folder + "/" + inner))
            }
        }
    }
}
