// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Synchronization
import TidingsCore

/// When events of each type were last published since the process began; goes from one version of the table to the
/// next.
///
/// - Concurrency: any thread.
final class TypeSightings: Sendable {
    /// How many types are remembered; later ones are not.
    static let most = 65_536

    /// When events of one type were last published.
    final class Sighting: Sendable {
        private let millis = Atomic<Int64>(.min)

        var time: WallTime? {
            let last = millis.load(ordering: .relaxed)
            return last == .min ? nil : WallTime(millis: last)
        }

        func note(_ time: WallTime) { millis.store(time.millis, ordering: .relaxed) }
    }

    private let known = Locked<[TypeKey: Sighting]>([:])

    /// The sighting of a type, if there was one.
    func find(_ type: [UInt8]) -> Sighting? { known.withLock { $0[TypeKey(type)] } }

    /// The sighting of a type, made when there was none; nil when there is no room.
    func make(_ type: [UInt8]) -> Sighting? {
        known.withLock { known in
            if let sighting = known[TypeKey(type)] { return sighting }
            guard known.count < Self.most, type.count <= TypePattern.longest else { return nil }
            let sighting = Sighting()
            known[TypeKey(type)] = sighting
            return sighting
        }
    }
}
