// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import Testing
import TidingsCore
import TidingsTesting

@testable import TidingsLog

/// What readers that catch up share.
@Suite struct ReadCacheTests {
    private static let partition = PartitionID(TopicID(1), 0)

    /// Batches of 100 bytes and ten offsets each.
    private static func batches(_ offsets: Range<Int64>, fate: TransactionFate = .counts) -> [StoredBatch] {
        stride(from: offsets.lowerBound, to: offsets.upperBound, by: 10).map { base in
            StoredBatch(
                partition: partition, baseOffset: Offset(base), lastOffset: Offset(base + 9), round: 1,
                owner: SharedBytes(capacity: 100) { _ in 100 }, range: 0..<100, fate: fate)
        }
    }

    private static func place(_ offset: Int64) -> ReadCache.Place {
        ReadCache.Place(partition: partition, offset: Offset(offset))
    }

    /// What a reader gets: the offsets of the batches, what is read ahead; nil when it waits or has to read.
    private static func found(
        _ cache: inout ReadCache, _ offset: Int64, maxBytes: Int = 1_000
    ) -> (offsets: [Int64], ahead: Int64?)? {
        guard case .batches(let batches, let ahead) = cache.find(place(offset), maxBytes: maxBytes, { _ in }) else {
            return nil
        }
        return (batches.map(\.baseOffset.value), ahead?.offset.value)
    }

    @Test func `one reads for all who ask meanwhile, and each gets as much as it has room for`() {
        var cache = ReadCache(limit: 10_000)
        let got = Mutex<[Int]>([])
        func ask(_ maxBytes: Int) -> ReadCache.Found {
            cache.find(Self.place(0), maxBytes: maxBytes) { result in
                if case .success(let batches) = result { got.withLock { $0.append(batches.count) } }
            }
        }
        guard case .missing = ask(1_000), case .awaited = ask(250), case .awaited = ask(1) else {
            Issue.record("one reads, the others wait")
            return
        }
        let (answers, ahead) = cache.ended(Self.place(0), .success(Self.batches(0..<100)), start: .zero)
        for (limit, answer) in answers {
            answer(.success(ReadCache.part(Self.batches(0..<100), maxBytes: limit)))
        }
        #expect(got.withLock { $0 } == [10, 2, 1])
        #expect(ahead == Self.place(100))
        // Who comes later finds them, also from the middle of a batch.
        #expect(Self.found(&cache, 0)?.offsets.count == 10)
        #expect(Self.found(&cache, 55, maxBytes: 300)?.offsets == [50, 60, 70])
        #expect(Self.found(&cache, 99)?.offsets == [90])
    }

    @Test func `who reads in order is read ahead for, who jumps about is not`() {
        var cache = ReadCache(limit: 10_000)
        func read(_ from: Int64, start: Int64 = 0) -> Int64? {
            guard case .missing = cache.find(Self.place(from), maxBytes: 1_000, { _ in }) else { return nil }
            return cache.ended(
                Self.place(from), .success(Self.batches(from..<from + 100)), start: Offset(start)
            ).ahead?.offset.value
        }
        #expect(read(5_000) == nil)
        #expect(read(7_000) == nil)
        // Behind a run that was read before.
        #expect(read(7_100) == 7_200)
        // What was read ahead comes, and the one who wants it has the next read ahead.
        let behind = cache.ended(Self.place(7_200), .success(Self.batches(7_200..<7_300)), start: .zero).ahead
        #expect(behind == nil)
        #expect(Self.found(&cache, 7_200)?.ahead == 7_300)
        // That read is under way: nobody reads it twice.
        #expect(Self.found(&cache, 7_200)?.ahead == nil)
        guard case .awaited = cache.find(Self.place(7_300), maxBytes: 1_000, { _ in }) else {
            Issue.record("what is read ahead is waited for")
            return
        }
        let isWaitedFor = !cache.gaveUp(Self.place(7_300))
        #expect(isWaitedFor)
        let waiting = cache.ended(Self.place(7_300), .success([]), start: .zero).answers.count
        #expect(waiting == 1)
        // The beginning is where somebody starts who reads in order.
        #expect(read(20, start: 20) == 120)
        let isOver = cache.gaveUp(Self.place(120))
        #expect(isOver)
    }

    @Test func `what was read before the files changed is not kept`() {
        var cache = ReadCache(limit: 10_000)
        func read(_ changes: Bool) -> Int {
            guard case .missing = cache.find(Self.place(0), maxBytes: 1_000, { _ in }) else { return 0 }
            if changes { cache.forget(Self.partition) }
            return cache.ended(Self.place(0), .success(Self.batches(0..<100)), start: .zero).answers.count
        }
        #expect(read(true) == 1)
        #expect(read(false) == 1)
        #expect(read(false) == 0)
    }

    @Test func `what is read ahead for nobody has an end, and old runs go`() {
        var cache = ReadCache(limit: 4_000)
        var next: Int64 = 0
        var ahead = 0
        for _ in 0..<20 {
            guard case .missing = cache.find(Self.place(next), maxBytes: 1_000, { _ in }) else { break }
            if let place = cache.ended(Self.place(next), .success(Self.batches(next..<next + 100)), start: .zero).ahead
            {
                ahead += 1
                _ = cache.ended(
                    place, .success(Self.batches(place.offset.value..<place.offset.value + 100)), start: .zero)
            }
            next += 1_000
            // Others begin elsewhere at the beginning of what is left.
            _ = cache.find(Self.place(next), maxBytes: 1, { _ in })
            _ = cache.ended(Self.place(next), .failure(LogError(.offline, "")), start: .zero)
        }
        #expect(ahead <= 2)
        #expect(Self.found(&cache, 0) == nil)
        cache.forget(Self.partition)
        #expect(Self.found(&cache, next - 1_000) == nil)
    }

    @Test func `an open transaction's batches are not kept, nor what failed or was empty`() {
        var cache = ReadCache(limit: 10_000)
        _ = cache.find(Self.place(0), maxBytes: 1_000, { _ in })
        let mixed = Self.batches(0..<20) + Self.batches(20..<30, fate: .open) + Self.batches(30..<40)
        let ahead = cache.ended(Self.place(0), .success(mixed), start: .zero).ahead
        #expect(ahead == nil)
        #expect(Self.found(&cache, 0)?.offsets == [0, 10])
        #expect(Self.found(&cache, 20) == nil)
        _ = cache.ended(Self.place(20), .failure(LogError(.offline, "")), start: .zero)
        #expect(Self.found(&cache, 20) == nil)
        _ = cache.ended(Self.place(20), .success([]), start: .zero)
        #expect(Self.found(&cache, 20) == nil)
    }
}
