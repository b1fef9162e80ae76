// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import Testing
import TidingsCore

@testable import TidingsRouting

@Suite struct RoutingTableTests {
    @Test(arguments: [
        ("order.created", "exact", "created"), ("order.create", "prefix", "orders"), ("order.", "prefix", "orders"),
        ("order.item.added", "longer", "items"), ("order", "all", "rest"), ("payment", "all", "rest"),
        ("", "all", "rest"),
    ])
    func `the most specific route applies`(_ type: String, _ route: String, _ topic: String) throws {
        let table = try RoutingTable([
            Fixture.route("all", ["*"], to: "rest"), Fixture.route("prefix", ["order.*"], to: "orders"),
            Fixture.route("longer", ["order.item.*"], to: "items"),
            Fixture.route("exact", ["order.created"], to: "created"),
        ])
        let plan = table.plan(forType: type)
        #expect(plan.route?.text == route && plan.target.topic.text == topic)
    }

    @Test func `without a route an event goes to the topic events by its entity`() {
        let plan = RoutingTable().plan(forType: "order.created")
        #expect(plan.route == nil && plan.owners.isEmpty)
        #expect(plan.destinations == [.init(topic: Fixture.topic("events"), key: .entity, isCopy: false)])
    }

    @Test func `types of the server's own go to their topic and are nobody else's`() throws {
        let table = try RoutingTable([
            Fixture.route("all", ["*"], to: "rest"), Fixture.producer("greedy", ["/g"], ["*"]),
        ])
        let plan = table.plan(forType: "tidings.delivery.parked")
        #expect(plan.isReserved && plan.target.topic.text == "tidings" && !plan.mayPublish(from: "/g"))
        #expect(
            refusal { () throws(Problem) in try _ = RoutingTable([Fixture.route("r", ["tidings.x"], to: "t")]) } != nil)
    }

    @Test func `only a producer's sources publish its types`() throws {
        let table = try RoutingTable([
            Fixture.producer("order-service", ["/order-service", "/orders"], ["order.*"]),
            Fixture.producer("billing", ["/billing"], ["invoice.*"]),
        ])
        let plan = table.plan(forType: "order.created")
        #expect(plan.mayPublish(from: "/orders") && !plan.mayPublish(from: "/billing"))
        let problem = try #require(Fixture.bytes("/billing") { plan.refusal(ofSource: $0) })
        #expect(problem.code == .notOwner && problem.detail.contains("order-service"))
        #expect(table.plan(forType: "free").mayPublish(from: "/anything"))
        #expect(try table.plan(forType: "free").sourceWhenAbsent() == "/")
        #expect(try table.plan(forType: "invoice.sent").sourceWhenAbsent() == "/billing")
        #expect(refusal { () throws(Problem) in _ = try plan.sourceWhenAbsent() }?.brokenRules == ["/source required"])
    }

    @Test func `a subscription follows the routes, never the copies`() throws {
        let table = try RoutingTable([
            Fixture.route("orders", ["order.*"], to: "orders", copies: ["audit"]),
            Fixture.subscription("email", ["order.created", "order.*"]), Fixture.subscription("all", ["*"]),
            Fixture.subscription("auditor", ["order.*"], topics: ["audit"]),
            Fixture.subscription("other", ["payment.*"]),
        ])
        let plan = table.plan(forType: "order.created")
        #expect(table.names("order.created", in: "orders") == ["all", "email"])
        #expect(table.names("order.created", in: "audit", isCopy: true) == ["auditor"])
        #expect(
            table.names("order.created", in: "events") == ["all", "email"], "what was stored before there was a route")
        #expect(table.names("order.created", in: "elsewhere") == ["all"], "what a Kafka client writes there")
        #expect(plan.receivers.map(\.subscription.name.text) == ["all", "auditor", "email"])
        #expect(
            table.topics(of: try #require(table.subscription(Fixture.name("email"))).subscription).names
                .map(\.text).sorted() == ["events", "order.created", "orders"])
    }

    /// What Kafka clients write into topics that no route leads to.
    @Test func `a subscription reads the topics it names, or those whose name is one of its types`() throws {
        let table = try RoutingTable([
            Fixture.subscription("exact", ["clicks", "order.paid"]), Fixture.subscription("prefix", ["cli*"]),
            Fixture.subscription("named", ["order.*"], topics: ["clicks"]), Fixture.subscription("other", ["order.*"]),
        ])
        #expect(table.names("clicks", in: "clicks") == ["exact", "prefix"])
        #expect(table.names("order.paid", in: "clicks") == ["exact", "named"])
        #expect(table.names("order.paid", in: "payments").isEmpty)
        #expect(table.names("order.paid", in: "order.new") == ["other"])
        #expect(table.names("clicks", in: "clicks", isCopy: true).isEmpty)
        #expect(table.names("order.paid", in: "clicks", isCopy: true) == ["named"])
        #expect(["clicks", "events", "order.x", "clip"].allSatisfy { table.isRead(Fixture.topic($0)) })
        #expect(["payments", "clock", "__tidings"].allSatisfy { !table.isRead(Fixture.topic($0)) })
    }

    @Test func `what a former route stored is still delivered`() throws {
        var table = try RoutingTable([
            Fixture.route("orders", ["order.*"], to: "old", copies: ["audit"]),
            Fixture.subscription("email", ["order.*"]),
        ])
        table = try table.applying(.put(Fixture.route("orders", ["order.*"], to: "new")), revision: 10)
        table = try table.applying(.remove(ResourceKey(.routes, "orders")), revision: 11)
        let plan = table.plan(forType: "order.created")
        #expect(plan.target.topic.text == "events" && table.version == 11)
        #expect(["old", "new", "events"].allSatisfy { table.names("order.created", in: $0) == ["email"] })
        #expect(table.names("order.created", in: "audit").isEmpty)
    }

    @Test func `a change leaves the former table as it was`() throws {
        let before = try RoutingTable([Fixture.subscription("a", ["x"]), Fixture.subscription("b", ["x"])])
        let plan = before.plan(forType: "x")
        let after = try before.applying(.remove(ResourceKey(.subscriptions, "a")), revision: 5)
        let again = try after.applying(.put(Fixture.subscription("c", ["x"])), revision: 6)
        #expect(before.names("x", in: "events") == ["a", "b"] && before.plan(forType: "x") === plan)
        #expect(after.names("x", in: "events") == ["b"])
        #expect(again.subscription(Fixture.name("c"))?.slot == before.subscription(Fixture.name("a"))?.slot)
        #expect(again.subscription(Fixture.name("b")) === before.subscription(Fixture.name("b")))
    }

    @Test func `when a type was last seen goes from version to version`() throws {
        let before = try RoutingTable([Fixture.subscription("a", ["x"])])
        #expect(before.plan(forType: "x").lastSeen == nil)
        let after = try before.applying(.remove(ResourceKey(.subscriptions, "a")), revision: 5)
        let plan = after.plan(forType: "x")
        before.plan(forType: "x").noteSeen(at: WallTime(millis: 7))
        #expect(plan.lastSeen == WallTime(millis: 7) && after.plan(forType: "y").lastSeen == nil)
        plan.noteSeen(at: WallTime(millis: 8))
        #expect(before.plan(forType: "x").lastSeen == WallTime(millis: 8))
    }

    @Test func `more types than are remembered are answered all the same`() throws {
        let table = try RoutingTable([
            Fixture.route("orders", ["order.*"], to: "orders"), Fixture.route("exact", ["order.last"], to: "last"),
        ])
        for number in 0..<PlanMemo.mostUnnamed + 100 {
            #expect(table.plan(forType: "order.\(number)").target.topic.text == "orders")
        }
        #expect(table.plan(forType: "order.7") === table.plan(forType: "order.7"))
        #expect(table.plan(forType: "order.x") !== table.plan(forType: "order.x"), "there is no room left")
        #expect(table.plan(forType: "order.last") === table.plan(forType: "order.last"), "but for those it names")
        let long = String(repeating: "order.", count: 100)
        #expect(table.plan(forType: long) !== table.plan(forType: long))
    }

    @Test func `many threads ask at once`() async throws {
        let table = try RoutingTable((0..<100).map { Fixture.route("r\($0)", ["t\($0).*"], to: "topic\($0)") })
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    (0..<20_000).allSatisfy {
                        table.plan(forType: "t\($0 % 100).x\($0 % 700)").target.topic.text == "topic\($0 % 100)"
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}

@Suite struct RoutingRulesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let before: [RoutingResource]
        let change: RoutingChange
        /// The code and the broken rules; nil when the change may be.
        let refused: String?
        var testDescription: String { name }

        init(_ name: String, _ before: [RoutingResource], _ change: RoutingChange, _ refused: String?) {
            (self.name, self.before, self.change, self.refused) = (name, before, change, refused)
        }
    }

    static let orders = Fixture.producer("orders", ["/o"], ["order.*"])
    static let conflict = "conflict /types/0 overlap"

    static let cases: [Case] = [
        Case("the same claim", [orders], .put(Fixture.producer("b", ["/b"], ["order.*"])), conflict),
        Case("inside another's prefix", [orders], .put(Fixture.producer("b", ["/b"], ["order.created"])), conflict),
        Case("around another's prefix", [orders], .put(Fixture.producer("b", ["/b"], ["*"])), conflict),
        Case("a longer prefix", [orders], .put(Fixture.producer("b", ["/b"], ["order.c*"])), conflict),
        Case("beside it", [orders], .put(Fixture.producer("b", ["/b"], ["order_x", "orders.*"])), nil),
        Case("its own", [orders], .put(Fixture.producer("orders", ["/o"], ["order.*", "order.created"])), nil),
        Case(
            "a shared type", [orders, Fixture.shared("order.created")],
            .put(Fixture.producer("b", ["/b"], ["order.created"])), nil),
        Case(
            "two prefixes around a shared type", [orders, Fixture.shared("order.created")],
            .put(Fixture.producer("b", ["/b"], ["order.c*"])), conflict),
        Case(
            "no longer shared",
            [orders, Fixture.shared("order.created"), Fixture.producer("b", ["/b"], ["order.created"])],
            .put(Fixture.shared("order.created", false)), "conflict /shared overlap"),
        Case(
            "no longer declared",
            [orders, Fixture.shared("order.created"), Fixture.producer("b", ["/b"], ["order.created"])],
            .remove(ResourceKey(.types, "order.created")), "conflict /shared overlap"),
        Case(
            "no longer needed", [orders, Fixture.shared("order.created")],
            .remove(ResourceKey(.types, "order.created")), nil),
        Case(
            "the server's own types", [], .put(Fixture.producer("b", ["/b"], ["tidings.x"])),
            "invalid-resource /types/0 reserved"),
        Case(
            "the server's own name", [], .put(Fixture.producer("tidings", ["/b"], [])), "invalid-resource  reserved"),
        Case(
            "a pattern of another route", [Fixture.route("a", ["x", "y.*"], to: "t")],
            .put(Fixture.route("b", ["z", "y.*"], to: "t")), "conflict /types/1 taken"),
        Case(
            "a pattern inside another route's", [Fixture.route("a", ["y.*"], to: "t")],
            .put(Fixture.route("b", ["y.z"], to: "t")), nil),
    ]

    @Test(arguments: cases) func `a change keeps the rules between resources`(_ rule: Case) throws {
        let table = try RoutingTable(rule.before)
        let problem = refusal { () throws(Problem) in _ = try table.applying(rule.change, revision: 99) }
        let found = problem.map { "\($0.code.rawValue) \($0.brokenRules.joined(separator: ", "))" }
        #expect(found == rule.refused)
    }

    @Test func `a shared type is published by all who claim it`() throws {
        let table = try RoutingTable([
            Self.orders, Fixture.shared("order.created"), Fixture.producer("b", ["/b"], ["order.created"]),
        ])
        let plan = table.plan(forType: "order.created")
        #expect(plan.isShared && plan.mayPublish(from: "/o") && plan.mayPublish(from: "/b"))
        #expect(!plan.mayPublish(from: "/c"))
    }
}
