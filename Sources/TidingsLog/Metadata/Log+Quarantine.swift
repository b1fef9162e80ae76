// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// What was set aside: it is listed for good, and a warning until somebody says that they know.
extension Log {
    /// Ranges that could not be read and were set aside, oldest first; kept over restarts.
    package var quarantines: [LogQuarantine] { quarantined.withLock { $0 } }

    /// Notes that somebody knows of these ranges; those of unknown ids are passed over. `then` runs once, when it is
    /// durable, on a thread that may block.
    package func acceptQuarantines(
        _ ids: Set<String>, then: @escaping @Sendable (Result<Void, LogError>) -> Void
    ) {
        if !chores.submit({ then(self.acceptQuarantines(ids)) }) { then(.failure(Log.tooManyReads)) }
    }

    private func acceptQuarantines(_ ids: Set<String>) -> Result<Void, LogError> {
        control.withLock { control in
            if let refusal = refusalOfChange(control) { return .failure(refusal) }
            let now = time.wall
            func accept(_ list: inout [LogQuarantine]) -> Bool {
                var isChanged = false
                for place in list.indices where list[place].acceptedAt == nil && ids.contains(list[place].id) {
                    list[place].acceptedAt = now
                    isChanged = true
                }
                return isChanged
            }
            var metadata = control.metadata
            metadata.quarantines = quarantines
            guard accept(&metadata.quarantines) else { return .success(()) }
            do throws(DiskError) { try store.save(&metadata) } catch { return .failure(changeFailed(error)) }
            control.metadata = metadata
            _ = quarantined.withLock { accept(&$0) }
            return .success(())
        }
    }

    /// Remembers what was set aside; the next metadata, which is saved soon, keeps it.
    /// - Returns: false when it is in the list already.
    func note(_ entry: LogQuarantine, unless isKnown: ([LogQuarantine]) -> Bool) -> Bool {
        let isNew = quarantined.withLock { list -> Bool in
            if isKnown(list) { return false }
            list.append(entry)
            if list.count > settings.maxQuarantines { list.removeFirst(list.count - settings.maxQuarantines) }
            return true
        }
        guard isNew else { return false }
        hasUnsavedQuarantines.store(true, ordering: .releasing)
        keeperBell.ring()
        metrics.corruptBatches.add(1)
        logger.error(
            "a range was set aside: it cannot be read",
            [
                ("name", entry.name), ("partition", entry.partition.map { String($0.index) } ?? "-"),
                ("from", entry.offsets.lowerBound.description), ("to", entry.offsets.lastOffset?.description ?? "-"),
                ("copy", entry.copy), ("reason", entry.reason),
            ])
        return true
    }
}
