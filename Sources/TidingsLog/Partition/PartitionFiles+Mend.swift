// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What an opening does to files that lack something, before anything is written to them.
extension PartitionFiles {
    /// The length of every segment that is known.
    var lengths: [Offset: Int64] {
        Dictionary((sealed + [active]).map { ($0.base, $0.byteCount) }, uniquingKeysWith: { $1 })
    }

    /// Goes on in a new segment: the one that was written to has lost its end, or all of it.
    /// - Parameter byteCount: what is left of it.
    mutating func closeDamaged(_ byteCount: Int64, _ context: FileContext) throws(DiskError) {
        try load(context)
        totalBytes -= active.byteCount - byteCount
        active.byteCount = byteCount
        index.loseTimes()
        try roll(to: end, context)
    }
}
