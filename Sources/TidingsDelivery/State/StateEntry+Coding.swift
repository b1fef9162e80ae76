// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension StateEntry {
    private enum Tag: UInt8 {
        case position = 1
        case lane, laneClosed, deadLetter, deadLetterGone, stopped, running, lastDeadLetter
    }

    /// Appends the entry.
    func encode(into bytes: inout ByteBuffer) {
        switch self {
        case .position(let partition, let position):
            bytes.append(Tag.position.rawValue)
            bytes.append(state: partition)
            bytes.append(state: position.next)
            bytes.append(state: position.outstanding)
        case .lane(let name, let head, let dropped, let added):
            bytes.append(Tag.lane.rawValue)
            name.encode(into: &bytes)
            head.encode(into: &bytes)
            bytes.append(varint: Int64(dropped))
            bytes.append(state: added)
        case .laneClosed(let name):
            bytes.append(Tag.laneClosed.rawValue)
            name.encode(into: &bytes)
        case .deadLetter(let letter):
            bytes.append(Tag.deadLetter.rawValue)
            letter.encode(into: &bytes)
        case .deadLetterGone(let id):
            bytes.append(Tag.deadLetterGone.rawValue)
            bytes.append(varint: Int64(bitPattern: id))
        case .stopped(let reason?):
            bytes.append(Tag.stopped.rawValue)
            bytes.append(state: reason)
        case .stopped(nil):
            bytes.append(Tag.running.rawValue)
        case .lastDeadLetter(let id):
            bytes.append(Tag.lastDeadLetter.rawValue)
            bytes.append(varint: Int64(bitPattern: id))
        }
    }

    /// Reads the next entry.
    init(_ reader: inout StateReader) throws(StateError) {
        let tag = try reader.byte()
        switch Tag(rawValue: tag) {
        case .position:
            let partition = try reader.partition()
            let next = try reader.offset()
            self = .position(partition, .init(next: next, outstanding: try reader.offsets()))
        case .lane:
            let name = try SubscriptionState.LaneName(&reader)
            let head = try SubscriptionState.Head(&reader)
            let dropped = try reader.number()
            guard dropped >= 0, let dropped = Int(exactly: dropped) else { throw StateError("a count is \(dropped)") }
            self = .lane(name, head, dropped: dropped, added: try reader.offsets())
        case .laneClosed: self = .laneClosed(try SubscriptionState.LaneName(&reader))
        case .deadLetter: self = .deadLetter(try SubscriptionState.DeadLetter(&reader))
        case .deadLetterGone: self = .deadLetterGone(UInt64(bitPattern: try reader.number()))
        case .stopped: self = .stopped(try reader.text())
        case .running: self = .stopped(nil)
        case .lastDeadLetter: self = .lastDeadLetter(UInt64(bitPattern: try reader.number()))
        case nil: throw StateError("an entry has the unknown tag \(tag)")
        }
    }
}

extension SubscriptionState {
    /// Everything as entries; applied to nothing they give this state again.
    func forEachEntry(_ body: (StateEntry) -> Void) {
        for (partition, position) in positions.sorted(by: { $0.key < $1.key }) { body(.position(partition, position)) }
        for (name, lane) in lanes.sorted(by: { $0.value.order < $1.value.order }) {
            body(.lane(name, lane.head, dropped: 0, added: lane.waiting))
        }
        for (_, letter) in deadLetters.sorted(by: { $0.key < $1.key }) { body(.deadLetter(letter)) }
        if lastDeadLetter > 0 { body(.lastDeadLetter(lastDeadLetter)) }
        if let stopped { body(.stopped(stopped)) }
    }
}

extension SubscriptionState.Lane {
    /// Lanes come in the order they left the way; the same in every run.
    var order: (Int64, Int64, Int64) {
        (head.since.millis, waiting.first?.value ?? -1, Int64(waiting.count))
    }
}

extension SubscriptionState.LaneName {
    fileprivate func encode(into bytes: inout ByteBuffer) {
        bytes.append(state: partition)
        bytes.append(UInt8((key == nil ? 0 : 1) | (lone == nil ? 0 : 2)))
        if let key { bytes.append(state: key) }
        if let lone { bytes.append(state: lone) }
    }

    fileprivate init(_ reader: inout StateReader) throws(StateError) {
        partition = try reader.partition()
        let flags = try reader.byte()
        key = flags & 1 == 0 ? nil : try reader.data()
        lone = flags & 2 == 0 ? nil : try reader.offset()
    }
}

extension SubscriptionState.AttemptChain {
    fileprivate static func encode(_ chain: Self?, into bytes: inout ByteBuffer) {
        bytes.append(varint: Int64(chain?.count ?? 0))
        guard let chain else { return }
        bytes.append(state: chain.first)
        bytes.append(state: chain.last)
    }

    fileprivate static func decode(_ reader: inout StateReader) throws(StateError) -> Self? {
        let count = try reader.number()
        if count == 0 { return nil }
        guard count > 0, let count = Int(exactly: count) else { throw StateError("a chain has \(count) attempts") }
        return Self(first: try reader.offset(), last: try reader.offset(), count: count)
    }
}

extension SubscriptionState.Head {
    fileprivate func encode(into bytes: inout ByteBuffer) {
        bytes.append(
            UInt8(
                (until == nil ? 0 : 1) | (deadLetter == nil ? 0 : 2) | (isParked ? 4 : 0) | (pause == nil ? 0 : 8)))
        bytes.append(varint: Int64(failures))
        bytes.append(varint: since.millis)
        bytes.append(varint: stored.millis)
        if let until { bytes.append(varint: until.millis) }
        if let pause { bytes.append(varint: pause.millis) }
        if let deadLetter { bytes.append(varint: Int64(bitPattern: deadLetter)) }
        SubscriptionState.AttemptChain.encode(chain, into: &bytes)
    }

    fileprivate init(_ reader: inout StateReader) throws(StateError) {
        let flags = try reader.byte()
        let failures = try reader.number()
        guard failures >= 0, let failures = Int(exactly: failures) else { throw StateError("\(failures) failures") }
        self.failures = failures
        since = WallTime(millis: try reader.number())
        stored = WallTime(millis: try reader.number())
        until = flags & 1 == 0 ? nil : WallTime(millis: try reader.number())
        if flags & 8 != 0 {
            let millis = try reader.number()
            guard (0...1 << 48).contains(millis) else { throw StateError("a pause of \(millis) ms") }
            pause = .milliseconds(millis)
        }
        deadLetter = flags & 2 == 0 ? nil : UInt64(bitPattern: try reader.number())
        isParked = flags & 4 != 0
        chain = try SubscriptionState.AttemptChain.decode(&reader)
    }
}

extension SubscriptionState.DeadLetter {
    fileprivate func encode(into bytes: inout ByteBuffer) {
        bytes.append(varint: Int64(bitPattern: id))
        bytes.append(state: event.partition)
        bytes.append(state: event.offset)
        bytes.append(
            UInt8((key == nil ? 0 : 1) | (edit == nil ? 0 : 2) | (isBlocking ? 4 : 0) | (isRedriven ? 8 : 0)))
        if let key { bytes.append(state: key) }
        if let edit { bytes.append(state: edit) }
        bytes.append(state: type)
        bytes.append(state: eventID)
        bytes.append(varint: time.millis)
        bytes.append(state: reason)
        bytes.append(varint: Int64(attempts))
        SubscriptionState.AttemptChain.encode(chain, into: &bytes)
    }

    fileprivate init(_ reader: inout StateReader) throws(StateError) {
        id = UInt64(bitPattern: try reader.number())
        let partition = try reader.partition()
        event = EventReference(partition, try reader.offset())
        let flags = try reader.byte()
        key = flags & 1 == 0 ? nil : try reader.data()
        edit = flags & 2 == 0 ? nil : try reader.offset()
        isBlocking = flags & 4 != 0
        isRedriven = flags & 8 != 0
        type = try reader.text()
        eventID = try reader.text()
        time = WallTime(millis: try reader.number())
        reason = try reader.text()
        let count = try reader.number()
        guard count >= 0, let count = Int(exactly: count) else { throw StateError("\(count) attempts") }
        attempts = count
        chain = try SubscriptionState.AttemptChain.decode(&reader)
    }
}
