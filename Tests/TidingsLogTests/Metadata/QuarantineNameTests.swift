// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What is set aside gets a name that nothing has, and that every file system takes.
@Suite struct QuarantineNameTests {
    @Test(arguments: [
        (["orders-0"], "7.bytes", "orders-0-7.bytes"), (["orders-0", "orders-0"], "7.bytes", "orders-0-7-2.bytes"),
        (["a", "a", "a"], "17-1", "a-17-1-3"), (["v1.orders-0", "v1.orders-0"], "17", "v1.orders-0-17-2"),
    ])
    private func `a name that is taken gets a counter`(_ names: [String], _ ending: String, _ last: String) throws {
        let disk = SimulatedDisk(seed: 1)
        try disk.createDirectory(Quarantine.folder)
        var path = ""
        for name in names {
            path = try Quarantine.newPath(name, ending, on: disk)
            _ = try disk.open(path, .create)
        }
        #expect(path == Quarantine.folder + "/" + last)
    }

    @Test func `a long name is shortened, and differs from others that begin alike`() throws {
        let disk = SimulatedDisk(seed: 1)
        try disk.createDirectory(Quarantine.folder)
        let names = (0..<3).map { String(repeating: "x", count: 249) + "-\($0)" }
        let paths = try Set(
            names.map { try Quarantine.newPath($0, "00000000000000000007-1048576.bytes", on: disk) })
        #expect(paths.count == 3)
        #expect(paths.allSatisfy { $0.utf8.count + ".new".utf8.count <= Quarantine.folder.utf8.count + 1 + 255 })
        #expect(try Quarantine.newPath(String(repeating: "ü", count: 127), "1", on: disk).utf8.count <= 255 + 15)
    }
}
