// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A text that never shows: descriptions, dumps and logs have its masked form, only ``reveal()`` gives it.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    /// What a masked text has in the middle; no secret may contain it.
    public static let mask: Character = "…"
    /// The most bytes of a secret.
    public static let longest = 512

    /// Keeps a text.
    public init(_ text: String) { self.text = text }

    /// The text itself: for signing, for sending, and for the server's own records.
    public func reveal() -> String { text }

    /// What may be shown: the kind if it has one, and the last three characters if enough others stay hidden
    /// (`whsec_…k3f`).
    public var masked: String {
        let kind = text.hasPrefix("whsec_") ? "whsec_" : ""
        let rest = text.utf8.count - kind.utf8.count
        return kind + String(Self.mask) + (rest >= 16 ? String(text.suffix(3)) : "")
    }

    public var description: String { masked }
    public var debugDescription: String { masked }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
