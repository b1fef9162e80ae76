// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

extension Log {
    private static let scrubSnapshot = "log-scrub"

    /// Reads every closed segment and verifies its checksums, when that was long ago: rot is found while there may still be
    /// a backup that has not rotted.
    func scrubIfDue(_ now: WallTime) {
        guard settings.scrubInterval > .zero else { return }
        let (known, isUnsaved) = house.state.withLock { state in
            defer { state.hasUnsavedScrub = false }
            return (state.scrubbedAt, state.hasUnsavedScrub)
        }
        let last = known ?? readScrubbed(now)
        house.state.withLock { $0.scrubbedAt = last }
        if isUnsaved { keep(scrubbed: last) }
        guard now.millis - last.millis >= settings.scrubInterval.millis else { return }
        var bytes: Int64 = 0
        for partition in allPartitions.sorted(by: { $0.id < $1.id }) {
            guard let views = try? views(of: partition) else { continue }
            for view in views where view.isClosed {
                do throws(HouseFailure) {
                    try forEachBatch(in: view, of: partition) { _ in }
                    bytes += view.byteCount
                } catch {
                    if isEnding.load(ordering: .acquiring) { return }
                }
            }
        }
        metrics.scrubbedBytes.add(Int(clamping: bytes))
        house.state.withLock { $0.scrubbedAt = now }
        keep(scrubbed: now)
    }

    private func keep(scrubbed time: WallTime) {
        _ = saveSnapshot(Self.scrubSnapshot, [UInt8](String(time.millis).utf8))
    }

    /// When the last one ended; a folder that never had one begins to count now, which the next look keeps.
    private func readScrubbed(_ now: WallTime) -> WallTime {
        if case .success(let bytes?) = loadSnapshot(Self.scrubSnapshot),
            let millis = Int64(String(decoding: bytes, as: UTF8.self)), millis <= now.millis
        {
            return WallTime(millis: millis)
        }
        house.state.withLock { $0.hasUnsavedScrub = true }
        return now
    }
}
