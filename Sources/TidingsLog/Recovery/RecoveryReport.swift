// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// What the last opening of the folder found and did.
package struct RecoveryReport: Sendable, Hashable {
    /// Whether the folder had been left cleanly, or was new: then there was nothing to recover.
    package internal(set) var wasClean = true
    /// Rounds of the write-ahead log that no checkpoint had covered.
    package internal(set) var rounds = 0
    /// Bytes of unfinished rounds at the end, which nobody had been told of.
    package internal(set) var cutBytes = 0
    /// Acknowledged rounds that were damaged.
    package internal(set) var damagedRounds = 0
    /// Rounds behind whose records, where nothing lies, something changed.
    package internal(set) var damagedPadding = 0
    /// Whether the metadata was older than the records: put back, or a slot of it lost.
    package internal(set) var hadOldMetadata = false
    /// Ranges and folders that were set aside.
    package internal(set) var quarantines = 0
    /// How long the opening took.
    package internal(set) var duration = Duration.zero
}
