// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsRouting

@Suite struct PreconditionTests {
    @Test(
        arguments: [
            (nil, nil, nil, true), (nil, nil, "\"r1\"", true), ("\"r1\"", nil, "\"r1\"", true),
            ("\"r0\", \"r1\"", nil, "\"r1\"", true), ("\"r2\"", nil, "\"r1\"", false),
            ("W/\"r1\"", nil, "\"r1\"", false),
            ("*", nil, "\"r1\"", true), ("*", nil, nil, false), ("\"r1\"", nil, nil, false), (nil, "*", nil, true),
            (nil, "*", "\"r1\"", false), (nil, "\"r1\"", "\"r1\"", false), (nil, "W/\"r1\"", "\"r1\"", false),
            (nil, "\"r2\"", "\"r1\"", true),
        ] as [(String?, String?, String?, Bool)])
    func `a precondition holds or not`(_ match: String?, _ none: String?, _ current: String?, _ holds: Bool) throws {
        let precondition = try Precondition(ifMatch: match, ifNoneMatch: none)
        let problem = refusal { () throws(Problem) in try precondition.check(current) }
        #expect((problem == nil) == holds && (problem == nil || problem?.code == .preconditionFailed))
    }

    @Test(arguments: ["", "r1", "\"r1", "\"r1\" \"r2\"", "\"r1\",", "*, \"r1\"", ","])
    func `what is no list of entity tags`(_ text: String) {
        let problem = refusal { () throws(Problem) in _ = try Precondition(ifMatch: text, ifNoneMatch: nil) }
        #expect(problem?.code == .badRequest)
    }
}
