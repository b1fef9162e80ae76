// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

/// What a log has promised about its records. It is told what was sent, answered and synced, and says whether what is
/// there after an opening keeps the promises.
struct CrashPromises {
    typealias Record = (text: String, round: UInt64)
    typealias Stored = (offset: Offset, text: String, round: UInt64)

    /// One append, on its way.
    private struct Append {
        let number: Int
        let records: [(partition: PartitionID, text: String)]
        /// Whether it is acknowledged before it is synced.
        let isRelaxed: Bool
    }

    /// Acknowledged records, in order.
    private(set) var told: [PartitionID: [Record]] = [:]
    /// How many of them no power loss may take.
    private var safe: [PartitionID: Int] = [:]
    /// Appends that nobody was answered for, or with `offline`: they may be there or not. Those of one commit only.
    private var open: [Append] = []
    private var lastNumber = 0
    /// The last round that anybody was told of, and the one before the last opening: no number is given again.
    private var lastRound: UInt64 = 0
    private var lastRoundOfOldLife: UInt64 = 0

    /// Whether nobody waits for an answer.
    var isAllAnswered: Bool { open.isEmpty }
    var toldCount: Int { told.values.reduce(0) { $0 + $1.count } }

    /// Notes an append.
    /// - Returns: what its answer is told with.
    mutating func sent(_ records: [(partition: PartitionID, text: String)], isRelaxed: Bool) -> Int {
        lastNumber += 1
        open.append(Append(number: lastNumber, records: records, isRelaxed: isRelaxed))
        return lastNumber
    }

    /// Notes that an append was not even taken.
    mutating func refused(_ number: Int) { open.removeAll { $0.number == number } }

    /// Notes an answer.
    /// - Returns: what is wrong with it.
    mutating func answered(_ number: Int, _ result: Result<UInt64, LogError>) -> String? {
        guard let place = open.firstIndex(where: { $0.number == number }) else { return "an append was answered twice" }
        switch result {
        case .failure(let error):
            // A log that goes offline does not know itself what got to the disk.
            if error.code != .offline { open.remove(at: place) }
        case .success(let round):
            let append = open.remove(at: place)
            for (partition, text) in append.records { told[partition, default: []].append((text, round)) }
            if !append.isRelaxed { for (partition, _) in append.records { safe[partition] = told[partition]?.count } }
            lastRound = max(lastRound, round)
            if round <= lastRoundOfOldLife { return "round \(round) was given before the last crash" }
        }
        return nil
    }

    /// Everything acknowledged is on the disk now.
    mutating func allIsSafe() { safe = told.mapValues(\.count) }

    mutating func forget(_ partition: PartitionID) {
        told[partition] = nil
        safe[partition] = nil
    }

    /// Whether what is stored is what was promised: all that is acknowledged, or, when power was lost, all that is safe
    /// and what follows it without a gap; of what was not answered, any beginning in the order of the rounds.
    /// - Parameter fits: whether what is stored of a partition is what it may have of these texts.
    func areKept(
        by stored: [PartitionID: [Stored]], ends: [PartitionID: Int], mayLose: Bool,
        fits: (PartitionID, [Stored], [String]) -> Bool
    ) -> Bool {
        // Relaxed rounds are written first.
        let relaxed = open.filter(\.isRelaxed)
        let synced = open.filter { !$0.isRelaxed }
        return (0...synced.count).contains { count in
            var texts = told.mapValues { $0.map(\.text) }
            for (partition, text) in (relaxed + synced.prefix(count)).flatMap(\.records) {
                texts[partition, default: []].append(text)
            }
            // A synced record never stands on a lost one.
            let whole = Set(synced.prefix(count).flatMap(\.records).map(\.partition))
            return stored.allSatisfy { partition, records in
                let all = texts[partition] ?? []
                let least =
                    whole.contains(partition)
                    ? all.count : (mayLose ? safe[partition] : told[partition]?.count) ?? 0
                let end = ends[partition] ?? 0
                return end >= least && end <= all.count && fits(partition, records, Array(all.prefix(end)))
            }
        }
    }

    /// Whether a record may count as of that round: the one that was told, or a later one when power was lost and its round
    /// with it: it was filed before that.
    func mayHave(_ round: UInt64, _ offset: Offset, _ partition: PartitionID, mayLose: Bool) -> Bool {
        guard let known = told[partition], offset.value < Int64(known.count) else { return true }
        let place = Int(offset.value)
        return round == known[place].round || mayLose && place >= safe[partition] ?? 0 && round > known[place].round
    }

    /// Takes what is there for what counts from now on: what was in flight and is there does, what was lost does not.
    mutating func begin(with stored: [PartitionID: [Stored]], ends: [PartitionID: Int]) {
        for (partition, records) in stored {
            let known = told[partition] ?? []
            let end = ends[partition] ?? 0
            var now = Array(known.prefix(end)) + records.suffix(max(0, end - known.count)).map { ($0.text, $0.round) }
            for record in records where record.offset.value < Int64(now.count) {
                now[Int(record.offset.value)].round = record.round
            }
            told[partition] = now
            lastRound = max(lastRound, records.last?.round ?? 0)
        }
        open = []
        lastRoundOfOldLife = lastRound
        allIsSafe()
    }
}
