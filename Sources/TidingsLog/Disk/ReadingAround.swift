// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// Reads past sectors that a disk cannot give any more, so that one of them does not stand for a whole file.
extension DiskFile {
    /// Reads as ``read(into:at:)`` does; pages that cannot be read are zeros, which no checksum takes for what was there.
    /// - Returns: how many bytes there are, and where those pages are in the file.
    /// - Throws: what the disk said, when it can read nothing of the file, here or elsewhere: then it is not a sector that
    ///   is bad.
    func readAround(
        into buffer: UnsafeMutableRawBufferPointer, at position: Int64
    ) throws(DiskError) -> (count: Int, unreadable: [Int64]) {
        let failure: DiskError
        do throws(DiskError) {
            return (try read(into: buffer, at: position), [])
        } catch {
            guard error.code == .failed else { throw error }
            failure = error
        }
        let page = Int64(RoundHeader.alignment)
        let end = min(position + Int64(buffer.count), try size())
        var unreadable: [Int64] = []
        var pages = 0
        var at = position
        while at < end {
            let next = min((at / page + 1) * page, end)
            let room = UnsafeMutableRawBufferPointer(
                rebasing: buffer[Int(at - position)..<Int(next - position)])
            pages += 1
            if (try? read(into: room, at: at)) != room.count {
                room.initializeMemory(as: UInt8.self, repeating: 0)
                unreadable.append(at / page * page)
            }
            at = next
        }
        if unreadable.count == pages, !(try canReadElsewhere(than: position..<end)) { throw failure }
        return (Int(max(0, end - position)), unreadable)
    }

    /// Reads up to `count` bytes, past pages that cannot be read.
    /// - Returns: fewer at the end of the file, and where those pages are in it.
    func bytesAround(at position: Int64, count: Int) throws(DiskError) -> (bytes: SharedBytes, unreadable: [Int64]) {
        var unreadable: [Int64] = []
        let bytes = try SharedBytes(capacity: count) { room throws(DiskError) in
            let (got, missing) = try readAround(into: room, at: position)
            unreadable = missing
            return got
        }
        return (bytes, unreadable)
    }

    private func canReadElsewhere(than range: Range<Int64>) throws(DiskError) -> Bool {
        let size = try size()
        return [0, range.lowerBound - 1, range.upperBound, size / 2, size - 1].contains { at in
            guard at >= 0, at < size, !range.contains(at) else { return false }
            return withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { (try? read(into: $0, at: at)) == 1 }
        }
    }

    /// Copies a range into another file, as far as it can be read.
    func copy(_ range: Range<Int64>, to other: any DiskFile) throws(DiskError) {
        var at = range.lowerBound
        while at < range.upperBound {
            let count = Int(min(256 << 10, range.upperBound - at))
            let piece = try SharedBytes(capacity: count) { room throws(DiskError) in
                try readAround(into: room, at: at).count
            }
            if piece.count == 0 { return }
            try other.write(piece.buffer, at: at - range.lowerBound)
            at += Int64(piece.count)
        }
    }
}
