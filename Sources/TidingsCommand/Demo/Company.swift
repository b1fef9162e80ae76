// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The company of the demo: which services it has, what they want to hear, and what an order goes through.
enum Company {
    /// A service that receives events by webhook.
    struct Consumer {
        /// Its name, and that of its subscription.
        let name: String
        /// The event types it asks for; a trailing `*` is a prefix.
        let types: [String]
        /// How long it takes over one event.
        let pace: Duration
        /// What its subscription says beside the defaults, as members of the JSON resource.
        var settings = ""

        /// Whether it asked for a type.
        func wants(_ type: String) -> Bool {
            types.contains { $0.hasSuffix("*") ? type.hasPrefix($0.dropLast()) : type == $0 }
        }
    }

    static let email = "email"
    static let choking = "warehouse"

    /// The six that are there from the beginning.
    static let consumers = [
        Consumer(name: email, types: ["order.created", "order.delivered"], pace: .milliseconds(20)),
        Consumer(name: "analytics", types: ["order.*"], pace: .zero),
        Consumer(name: "fraud", types: ["order.created", "order.paid"], pace: .milliseconds(5)),
        Consumer(
            name: choking, types: ["order.paid", "order.packed"], pace: .milliseconds(10),
            settings: #","retry":{"attempts":3,"first":"100ms"}"#),
        Consumer(name: "recommendations", types: ["order.delivered"], pace: .milliseconds(60)),
        Consumer(name: "tax", types: ["order.paid"], pace: .milliseconds(2)),
    ]
    /// The one added while everything runs, for the events of a route added with it.
    static let late = Consumer(name: "dispatch", types: ["courier.*"], pace: .milliseconds(5))
    /// The newcomer at the second terminal.
    static let newcomer = Consumer(name: "you", types: ["order.*"], pace: .zero)

    /// What an order goes through, in order.
    static let course = ["order.created", "order.paid", "order.packed", "order.picked_up", "order.delivered"]
    /// The order that the warehouse cannot digest until it is repaired.
    static let poison = "o-7"

    private static let dishes = [
        "ramen", "pizza margherita", "falafel", "bibimbap", "fish and chips", "pho", "tacos al pastor",
    ]

    /// One event as the plain form of the API.
    static func event(id: String, type: String, entity: String, number: Int, source: String = "/order-service")
        -> String
    {
        let dish = dishes[number % dishes.count]
        return """
            {"event_id":"\(id)","event_type":"\(type)","entity_id":"\(entity)","source":"\(source)",\
            "data":{"order":"\(entity)","dish":"\(dish)","total":\(7 + number % 23)}}
            """
    }
}
