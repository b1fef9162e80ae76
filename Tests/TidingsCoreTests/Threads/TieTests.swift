// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@Suite struct TieTests {
    private final class Owner {
        let name = "owner"
        private(set) lazy var tie = Tie(self)
    }

    @Test func `a tie leads back to its owner and ends with it`() {
        var owner: Owner? = Owner()
        let find = { [weak tie = owner?.tie] in tie?.owner.name }
        #expect(find() == "owner")
        owner = nil
        #expect(find() == nil)
    }
}
