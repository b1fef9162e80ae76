// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// A segment that was written anew and takes the place of old ones: `<base>.log.swap-<end>` stands for every segment
/// that begins from `base` on and before `end`.
///
/// The steps, each of which a crash may be the last of: the new files are written and synced as `.cleaned`; the new
/// segment is renamed to its swap name, which is the moment it holds; the old files go and the new indexes get their
/// names; the new segment gets its own name. A swap that is found when the folder is opened is finished; `.cleaned` files
/// without one are removed.
struct SegmentSwap: Sendable, Hashable {
    let base: Offset
    let end: Offset

    private func path(_ folder: String) -> String {
        SegmentNames.log(folder, base) + ".swap-" + SegmentNames.digits(end)
    }

    /// Reads a swap's file name; nil for other names.
    init?(fileName: String) {
        let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "log", parts[2].hasPrefix("swap-"),
            let base = Int64(parts[0]).flatMap({ Offset(decoding: $0) }),
            let end = Int64(parts[2].dropFirst(5)).flatMap({ Offset(decoding: $0) }), base < end
        else { return nil }
        self.init(base: base, end: end)
    }

    init(base: Offset, end: Offset) {
        self.base = base
        self.end = end
    }

    /// Makes the new segment count, durably.
    func commit(_ folder: String, _ disk: any Disk) throws(DiskError) {
        try begin(folder, disk)
        try disk.syncDirectory(folder)
    }

    /// Makes the new segment count; durably when its folder is synced.
    func begin(_ folder: String, _ disk: any Disk) throws(DiskError) {
        try disk.rename(SegmentNames.log(folder, base) + SegmentRewriter.suffix, to: path(folder))
    }

    /// Puts the new segment in the place of the old ones; may be done again, at whichever step it stopped.
    func finish(_ folder: String, _ disk: any Disk) throws(DiskError) {
        let names = Set(try disk.list(folder))
        for name in names {
            guard let old = SegmentNames.base(ofLog: name), old > base, old < end else { continue }
            // The records last: without them nobody knows that there are indexes.
            for path in SegmentNames.all(folder, old).reversed() {
                do { try disk.remove(path) } catch  where error.code == .missing {}
            }
        }
        for path in SegmentNames.all(folder, base).dropFirst() {
            // Missing when it was renamed already.
            do { try disk.rename(path + SegmentRewriter.suffix, to: path) } catch  where error.code == .missing {}
        }
        try disk.syncDirectory(folder)
        do { try disk.rename(path(folder), to: SegmentNames.log(folder, base)) } catch  where error.code == .missing {}
        try disk.syncDirectory(folder)
    }

    /// Finishes or undoes what a crash left in a partition's folder.
    /// - Returns: whether anything was there.
    static func recover(_ folder: String, _ disk: any Disk) throws(DiskError) -> Bool {
        let names = try disk.list(folder)
        let swaps = names.compactMap { SegmentSwap(fileName: $0) }
        let hasLeftovers = names.contains { $0.hasSuffix(SegmentRewriter.suffix) }
        guard !swaps.isEmpty || hasLeftovers else { return false }
        for swap in swaps { try swap.finish(folder, disk) }
        for name in try disk.list(folder) where name.hasSuffix(SegmentRewriter.suffix) {
            try disk.remove(folder + "/" + name)
        }
        return true
    }
}
