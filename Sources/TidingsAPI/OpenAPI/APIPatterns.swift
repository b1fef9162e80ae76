// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

/// The rules for texts as regular expressions, as exact as the readers are, escaped for JSON.
enum APIPatterns {
    /// What CloudEvents forbids in a text, as the inside of a character class.
    private static let forbidden: String = {
        var ranges = #"\u0000-\u001f\u007f-\u009f\ufdd0-\ufdef\ufffe\uffff"#
        for plane in 1...16 {
            for last in [0xFFFE, 0xFFFF] {
                let value = plane << 16 | last
                let high = 0xD800 + (value - 0x10000) >> 10
                let low = 0xDC00 + (value - 0x10000) & 0x3FF
                ranges += "\\u\(String(high, radix: 16))\\u\(String(low, radix: 16))"
            }
        }
        return ranges
    }()

    /// CloudEvents' type String.
    static let text = "^[^\(forbidden)]*$"
    /// An event type: a text without `*`, which stands for a pattern.
    static let eventType = "^[^*\(forbidden)]+$"
    /// An event type, or a prefix and `*`.
    static let typePattern = "^(?:[^*\(forbidden)]+[*]?|[*])$"
    /// Patterns separated by commas.
    static let typePatterns = "^(?:[^*,\(forbidden)]+[*]?|[*])(?:,(?:[^*,\(forbidden)]+[*]?|[*]))*$"

    private static let character = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
    private static let notColon = "(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})"
    private static let hostCharacter = "(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
    private static let userCharacter = "(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})"
    private static let authority = "//(?:\(userCharacter)*@)?\(hostCharacter)*(?::[0-9]*)?(?:/(?:\(character)|/)*)?"
    private static let rooted = "/(?:\(character)(?:\(character)|/)*)?"
    private static let tail = "(?:[?](?:\(character)|[/?])*)?(?:#(?:\(character)|[/?])*)?"
    private static let afterScheme = "(?:\(authority)|\(rooted)|\(character)(?:\(character)|/)*)?"
    /// An absolute URI (RFC 3986), IP literals left out.
    static let uri = "^[A-Za-z][A-Za-z0-9+.-]*:\(afterScheme)\(tail)$"
    /// A URI reference (RFC 3986), IP literals left out.
    static let reference =
        "^(?:[A-Za-z][A-Za-z0-9+.-]*:\(afterScheme)|\(authority)|\(rooted)|\(notColon)+(?:/(?:\(character)|/)*)?)?\(tail)$"

    private static let leapYear =
        "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
    /// RFC 3339, leap seconds left out.
    static let time =
        "^(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
        + "|02-(?:0[1-9]|1[0-9]|2[0-8]))|\(leapYear)-02-29)"
        + "[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,20})?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"

    private static let token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"
    /// RFC 2046, quoted parameters left out.
    static let mediaType = "^\(token)/\(token)(?: ?; ?\(token)=\(token))*$"
    /// Media types whose data is JSON.
    static let jsonType =
        "^(?:[Aa][Pp][Pp][Ll][Ii][Cc][Aa][Tt][Ii][Oo][Nn]/[Jj][Ss][Oo][Nn]|[Tt][Ee][Xx][Tt]/[Jj][Ss][Oo][Nn]"
        + "|\(token)/\(token)[+][Jj][Ss][Oo][Nn])(?: ?;.*)?$"

    /// RFC 4648 §4, strict.
    static let base64 =
        "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"

    /// Names of resources.
    static let name = "^[a-z0-9][a-z0-9._-]{0,127}$"
    /// Topics that people may name.
    static let topic = "^(?!__|[.]{1,2}$)[a-zA-Z0-9._-]{1,249}$"
    /// What a record's key may be taken from.
    static let routeKey = "^(?!(?:subject|time|specversion|datacontenttype|dataschema|data)$)[a-z0-9]{1,64}$"
    /// Attributes that filters may name.
    static let attribute = "^(?!data$)[a-z0-9]{1,64}$"

    /// A DNS name or IPv4 address, port, path and query.
    static let endpoint: String = {
        let label = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9_])?"
        let port = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
        let last = "[A-Za-z_](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9_])?"
        let byte = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
        let host = "(?:(?:\(label)[.]){0,6}\(last)[.]?|(?:10|127)(?:[.]\(byte)){3})"
        return "^[Hh][Tt][Tt][Pp][Ss]?://\(host)(?::\(port))?(?:[/?](?:\(character)|[/?])*)?$"
    }()
    /// A signing key of Standard Webhooks.
    static let signingSecret =
        "^(?:whsec_)?\\u2026.{0,3}$|^whsec_(?:(?:[A-Za-z0-9+/]{4}){8,21}|(?:[A-Za-z0-9+/]{4}){8,21}[A-Za-z0-9+/][AQgw]==|"
        + "(?:[A-Za-z0-9+/]{4}){8,20}[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)$"
    /// A secret, or the mask of the stored one; another mask is a conflict.
    static let secret = #"^(?:[^\u2026]{1,128}|\u2026.{0,3})$"#
    /// A bearer token, or a mask.
    static let bearer = #"^(?:[!-~]{1,512}|\u2026.{0,3})$"#
    /// Names of headers that subscriptions may set.
    static let headerName =
        "^(?!(?:authorization|connection|content-encoding|content-length|content-type|expect|host|keep-alive|te|"
        + "traceparent|tracestate|trailer|transfer-encoding|upgrade)$|ce-|webhook-|proxy-)[a-z0-9!#$%&'*+.^_`|~-]{1,128}$"
    /// Values of headers.
    static let headerValue = "^(?:[!-~](?:[ -~]{0,1000}[!-~])?)?$"
    /// RFC 6901.
    static let pointer = "^(?:/(?:[^~/]|~[01])*)*$"

    private static let small = "(?:(?:[1-9]|[1-5][0-9])m)?(?:(?:[1-9]|[1-5][0-9])s)?(?:[1-9][0-9]{0,2}ms)?"
    private static let seconds = "(?:(?:[1-9]|[1-5][0-9])s)?(?:[1-9][0-9]{0,2}ms)?"
    /// 1 ms to 7 days.
    static let pause =
        "^(?:7d|[1-6]d(?:(?:[1-9]|1[0-9]|2[0-3])h)?\(small)|(?:[1-9][0-9]?|1[0-5][0-9])h\(small)|[1-9][0-9]{0,2}m\(seconds)"
        + "|[1-9][0-9]{0,4}s(?:[1-9][0-9]{0,2}ms)?|[1-9][0-9]{0,7}ms)$"
    private static let anyDuration =
        "(?:[1-9][0-9]{0,3}d|[1-9][0-9]{0,4}h|[1-9][0-9]{0,5}m|[1-9][0-9]{0,6}s|[1-9][0-9]{0,9}ms)"
    /// How long a topic keeps records.
    static let retention = "^(?:forever|\(anyDuration))$"
    /// 1 ms to 10,000 days.
    static let longPause = "^\(anyDuration)$"
    /// 0 to 10,000 days.
    static let longPauseOrNone = "^(?:0s|\(anyDuration))$"
    /// A moment that has passed: RFC 3339 in UTC, or back from now.
    private static let past =
        "(?:-\(anyDuration)|(?:19[7-9][0-9]|20[01][0-9])-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
        + "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,9})?Z)"
    /// A moment in a query.
    static let moment = "^\(past)$"
    /// Where a subscription begins, or reads on.
    static let place = "^(?:now|beginning|\(past))$"
    /// 1 ms to 10 minutes.
    static let timeout =
        "^(?:10m|[1-9]m\(seconds)|(?:[1-9][0-9]?|[1-5][0-9]{2}|600)s|[1-9][0-9]{0,4}ms)$"
}
