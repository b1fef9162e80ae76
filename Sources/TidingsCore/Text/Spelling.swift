// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// Finds the word somebody meant.
package enum Spelling {
    /// The candidate that differs least from `word` (letters inserted, left out, exchanged, swapped), if it is near
    /// enough to be meant: at most a third of its letters, case and `-`/`_` set aside. The first of equals.
    package static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
        guard word.utf8.count <= 128 else { return nil }
        let plainWord = plain(word)
        var best: (candidate: String, distance: Int)?
        for candidate in candidates where candidate.utf8.count <= 128 {
            let plainCandidate = plain(candidate)
            let distance = distance(plainWord, plainCandidate)
            guard distance <= max(plainWord.count, plainCandidate.count) / 3 else { continue }
            if best == nil || distance < best!.distance { best = (candidate, distance) }
        }
        return best?.candidate
    }

    /// `", did you mean \"…\"?"` when a candidate is near, else nothing: to be put behind a refusal.
    package static func hint(for word: String, in candidates: some Sequence<String>) -> String {
        nearest(to: word, in: candidates).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    private static func plain(_ word: String) -> [UInt8] {
        word.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
    }

    /// Damerau and Levenshtein's distance, of neighbours swapped once.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var twoAbove = [Int](repeating: 0, count: right.count + 1)
        var above = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                var cost = min(above[column + 1], current[column]) + 1
                cost = min(cost, above[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, twoAbove[column - 1] + 1)
                }
                current.append(cost)
            }
            twoAbove = above
            above = current
        }
        return above[right.count]
    }
}
