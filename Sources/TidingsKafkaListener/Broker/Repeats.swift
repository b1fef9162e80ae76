// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

extension Array {
    /// Each element once, where it comes first.
    ///
    /// What a request names again and again is answered once: else a name of few bytes, repeated, is answered by as many
    /// long descriptions as there are in memory.
    func once<Key: Hashable>(by key: (Element) -> Key) -> [Element] {
        guard count > 1 else { return self }
        var seen: Set<Key> = []
        return filter { seen.insert(key($0)).inserted }
    }
}
