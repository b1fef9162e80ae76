// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore
import TidingsHTTP

/// The vendors' part of a trace (W3C Trace Context §3.3): goes with `traceparent`, unread, as the extension `tracestate`.
enum TraceState {
    /// The most bytes that are carried; a longer one is dropped, as the recommendation allows.
    static let longest = 512

    /// A request's `tracestate`; nil when there is none that can be carried, or no trace it belongs to.
    static func of(_ request: borrowing HTTPRequest, in trace: TraceContext?) -> UnsafeRawBufferPointer? {
        guard trace != nil, let state = request.header("tracestate"), (1...longest).contains(state.count),
            state.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        return state
    }

    /// Gives it to an event that brings no trace of its own.
    static func add(_ state: UnsafeRawBufferPointer?, to draft: inout EventDraft) {
        guard let state, draft.attribute(named: "traceparent") == nil, draft.attribute(named: "tracestate") == nil
        else { return }
        draft.addExtension("tracestate") { $0.append(state) }
    }
}
