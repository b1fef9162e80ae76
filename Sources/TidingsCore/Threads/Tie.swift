// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// A way back to its owner that ends with it, for callbacks that may outlive the owner.
///
/// A `weak` reference moves its object's count of references into a side table, for good, where each retain and release
/// costs several times as much. Objects on an event's way therefore own a tie, and callbacks refer weakly to that:
///
///     private lazy var tie = Tie(self)
///     … { [weak tie] in guard let self = tie?.owner else { return } … }
///
/// - Concurrency: owner, tie and callbacks live on one loop.
package final class Tie<Owner: AnyObject> {
    /// The owner; alive as long as its tie is, which nobody else holds on to.
    package unowned let owner: Owner

    /// Ties to `owner`, which keeps this.
    package init(_ owner: Owner) { self.owner = owner }
}
