// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Plans that were worked out, found again by the bytes of their type: an open-addressing hash that only grows.
///
/// - Concurrency: any thread finds without waiting; adding takes a lock. What was added stays until the memo goes, so
///   a reader never sees memory that is freed.
final class PlanMemo: @unchecked Sendable {
    /// How many types beyond those that the table names are remembered; more are worked out each time.
    static let mostUnnamed = 16_384
    /// Longer types are worked out each time.
    static let longestType = TypePattern.longest

    /// A place in the hash; `hash` is written before `plan` is published and never again.
    private struct Slot: ~Copyable {
        var hash: UInt64 = 0
        let plan = Atomic<UInt>(0)
    }

    /// A hash of fixed size, at most half full.
    private final class Slots: @unchecked Sendable {
        let mask: Int
        let base: UnsafeMutablePointer<Slot>

        init(capacity: Int) {
            mask = capacity - 1
            base = .allocate(capacity: capacity)
            for index in 0..<capacity { (base + index).initialize(to: Slot()) }
        }

        deinit {
            base.deinitialize(count: mask + 1)
            base.deallocate()
        }

        /// Only under the lock, and only where there is room.
        func add(_ plan: TypePlan, _ hash: UInt64) {
            var index = Int(truncatingIfNeeded: hash) & mask
            while base[index].plan.load(ordering: .relaxed) != 0 { index = (index + 1) & mask }
            base[index].hash = hash
            let bits = UInt(bitPattern: Unmanaged.passUnretained(plan).toOpaque())
            base[index].plan.store(bits, ordering: .releasing)
        }
    }

    private struct Kept {
        var plans: [(plan: TypePlan, hash: UInt64)] = []
        var unnamed = 0
        /// The one in use is the last; readers may still be in the others.
        var slots: [Slots] = []
    }

    private let kept: Locked<Kept>
    private let current: Atomic<UInt>
    private static let seed = UInt64.random(in: .min ... .max)

    init() {
        let first = Slots(capacity: 64)
        kept = Locked(Kept(slots: [first]))
        current = Atomic(UInt(bitPattern: Unmanaged.passUnretained(first).toOpaque()))
    }

    /// A hash that outsiders cannot foresee.
    static func hash(_ type: UnsafeRawBufferPointer) -> UInt64 {
        let count = type.count
        var state = seed ^ UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
        guard let base = type.baseAddress, count > 0 else { return state }
        var at = 0
        while at + 8 <= count {
            state = mix(state ^ base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            at += 8
        }
        if at < count {
            var tail: UInt64 = 0
            if count >= 8 {
                tail = base.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            } else {
                for index in 0..<count {
                    tail |= UInt64(base.load(fromByteOffset: index, as: UInt8.self)) << UInt64(8 * index)
                }
            }
            state = mix(state ^ tail)
        }
        return state
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        let product = word.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        return product.high ^ product.low ^ word
    }

    /// The plan of that type, if it was added.
    func find(_ type: UnsafeRawBufferPointer, _ hash: UInt64) -> TypePlan? {
        let pointer = UnsafeRawPointer(bitPattern: current.load(ordering: .acquiring)).unsafelyUnwrapped
        let slots = Unmanaged<Slots>.fromOpaque(pointer)
        return slots._withUnsafeGuaranteedRef { slots in
            var index = Int(truncatingIfNeeded: hash) & slots.mask
            while true {
                let bits = slots.base[index].plan.load(ordering: .acquiring)
                guard let pointer = UnsafeRawPointer(bitPattern: bits) else { return nil }
                if slots.base[index].hash == hash {
                    let plan = Unmanaged<TypePlan>.fromOpaque(pointer)
                    if plan._withUnsafeGuaranteedRef({ $0.isFor(type) }) { return plan.takeUnretainedValue() }
                }
                index = (index + 1) & slots.mask
            }
        }
    }

    /// Remembers a plan, unless there is one for its type (then that one is answered) or no room.
    func add(_ plan: TypePlan, _ hash: UInt64, isNamed: Bool) -> TypePlan {
        kept.withLock { kept in
            if let found = find(plan.typeBytes, hash) { return found }
            if plan.typeBytes.count > Self.longestType { return plan }
            if !isNamed {
                guard kept.unnamed < Self.mostUnnamed else { return plan }
                kept.unnamed += 1
            }
            kept.plans.append((plan, hash))
            var slots = kept.slots[kept.slots.count - 1]
            if kept.plans.count * 2 > slots.mask {
                slots = Slots(capacity: (slots.mask + 1) * 4)
                for (plan, hash) in kept.plans { slots.add(plan, hash) }
                kept.slots.append(slots)
                current.store(UInt(bitPattern: Unmanaged.passUnretained(slots).toOpaque()), ordering: .releasing)
            } else {
                slots.add(plan, hash)
            }
            return plan
        }
    }
}
