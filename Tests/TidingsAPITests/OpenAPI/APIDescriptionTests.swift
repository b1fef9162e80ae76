// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore
import TidingsHTTP

@testable import TidingsAPI

@Suite struct APIDescriptionTests {
    @Test func `the description is JSON whose references lead somewhere`() throws {
        let document = try JSONValue.parse(APIDescription.text(version: "1.2.3"))
        #expect(document["openapi"]?.string == "3.1.0" && document["info"]?["version"]?.string == "1.2.3")
        var references: Set<String> = []
        func walk(_ value: JSONValue) {
            if let text = value["$ref"]?.string { references.insert(text) }
            for member in value.object?.members ?? [] { walk(member.value) }
            for element in value.array ?? [] { walk(element) }
        }
        walk(document)
        #expect(references.count > 30)
        for reference in references {
            let parts = reference.split(separator: "/").dropFirst()
            let target = parts.reduce(document as JSONValue?) { $0?[String($1)] }
            #expect(target != nil, "\(reference)")
        }
        let ids = APIDescription.operations.map(\.id)
        #expect(Set(ids).count == ids.count)
        for operation in APIDescription.operations {
            let names = operation.parameters.map { "\($0.place) \($0.name)" }
            #expect(Set(names).count == names.count, "\(operation.id)")
        }
    }

    @Test func `what is served is described`() throws {
        let harness = try DoorHarness()
        let answer = harness.send("GET", "/openapi.json")
        #expect(answer.status == 200 && answer.json["paths"]?["/v1/events"]?["post"] != nil)
    }
}
