// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What every ``Disk`` does, the system's and the simulated one.
@Suite struct DiskContractTests {
    enum Kind: CaseIterable { case files, simulated }

    /// One clause: its sentence and its check.
    struct Clause: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let check: @Sendable (any Disk) throws -> Void
    }

    static let clauses = [
        Clause(testDescription: "a file keeps what was written, and grows") { disk in
            let file = try disk.open("f", .create)
            try file.write(Array("hello".utf8), at: 0)
            try file.write(Array("world".utf8), at: 8)
            #expect(try file.size() == 13)
            #expect(try disk.contents(of: "f") == Array("hello\0\0\0world".utf8))
            try file.sync()
            try file.truncate(to: 3)
            #expect(try disk.contents(of: "f") == Array("hel".utf8))
            #expect(try file.bytes(at: 1, count: 9) == nil)
            file.startWriteBack(from: 0, count: 3)
        },
        Clause(testDescription: "what is missing is said to be missing") { disk in
            let attempts: [() throws -> Void] = [
                { _ = try disk.open("none", .read) }, { _ = try disk.open("none", .write) },
                { _ = try disk.open("no/where", .create) }, { _ = try disk.list("none") },
                { try disk.remove("none") }, { try disk.rename("none", to: "f") },
                { try disk.syncDirectory("none") },
            ]
            for (number, attempt) in attempts.enumerated() {
                let error = #expect(throws: DiskError.self) { try attempt() }
                #expect(error?.code == .missing, "attempt \(number)")
            }
        },
        Clause(testDescription: "directories are made with those above them, listed, and removed when empty") { disk in
            try disk.createDirectory("a/b/c")
            try disk.createDirectory("a/b/c")
            _ = try disk.open("a/b/f", .create)
            #expect(try disk.list("a/b") == ["c/", "f"])
            #expect(try disk.list("") == ["a/"])
            #expect(throws: DiskError.self) { try disk.remove("a/b") }
            try disk.remove("a/b/c")
            try disk.remove("a/b/f")
            try disk.remove("a/b")
            try disk.syncDirectory("a")
            #expect(try disk.list("a") == [])
        },
        Clause(testDescription: "a rename replaces a file, and takes a directory with it") { disk in
            try disk.open("old", .create).write([1], at: 0)
            try disk.open("new", .create).write([2, 3], at: 0)
            try disk.rename("new", to: "old")
            #expect(try disk.contents(of: "old") == [2, 3])
            try disk.createDirectory("d")
            _ = try disk.open("d/f", .create)
            try disk.rename("d", to: "e")
            #expect(try disk.list("e") == ["f"])
            #expect(try disk.list("") == ["e/", "old"])
        },
        Clause(testDescription: "an open file outlives its name") { disk in
            let file = try disk.open("f", .create)
            try file.write([7], at: 0)
            try disk.remove("f")
            let bytes = try #require(try file.bytes(at: 0, count: 1))
            #expect(withExtendedLifetime(bytes) { bytes.buffer.first } == 7)
        },
        Clause(testDescription: "a lock is one owner's until it goes") { disk in
            var held: (any Sendable)? = try disk.lock("LOCK")
            #expect(held != nil)
            let error = #expect(throws: DiskError.self) { _ = try disk.lock("LOCK") }
            #expect(error?.code == .busy)
            held = nil
            _ = try disk.lock("LOCK")
        },
        Clause(testDescription: "free space is known") { disk in
            let free = try disk.freeBytes()
            #expect(free > 0)
        },
    ]

    @Test(arguments: Kind.allCases, clauses)
    func `a disk keeps the contract`(_ kind: Kind, _ clause: Clause) throws {
        switch kind {
        case .files:
            let folder = TemporaryFolder()
            try clause.check(FileDisk(root: folder.path + "/made/too"))
        case .simulated: try clause.check(SimulatedDisk(seed: 1))
        }
    }

    @Test func `the simulated disk loses what was not synced, sector by sector`() throws {
        var (kept, lost, torn, rotten) = (0, 0, 0, 0)
        for seed in 0..<50 as Range<UInt64> {
            let disk = SimulatedDisk(seed: seed)
            let file = try disk.open("f", .create)
            try file.write([UInt8](repeating: 1, count: 4096), at: 0)
            try file.sync()
            try disk.syncDirectory("")
            try file.write([UInt8](repeating: 2, count: 4096), at: 0)
            disk.crash()
            let bytes = try #require(disk.bytes(of: "f"))
            #expect(bytes.count == 4096)
            let twos = (0..<8).filter { sector in bytes[sector * 512..<sector * 512 + 512].allSatisfy { $0 == 2 } }
            let ones = (0..<8).filter { sector in bytes[sector * 512..<sector * 512 + 512].allSatisfy { $0 == 1 } }
            if twos.count + ones.count < 8 { rotten += 1 }
            if twos.count == 8 { kept += 1 } else if twos.isEmpty { lost += 1 } else { torn += 1 }
            #expect(throws: DiskError.self) { try file.write([3], at: 0) }
        }
        #expect(kept > 0 && lost > 0 && torn > 0 && (1..<15).contains(rotten))
        let disk = SimulatedDisk(seed: 3, capacity: 10)
        let file = try disk.open("f", .create)
        let full = #expect(throws: DiskError.self) { try file.write([UInt8](repeating: 1, count: 20), at: 0) }
        #expect(full?.code == .noSpace)
        #expect(try disk.freeBytes() == 0)
    }
}
