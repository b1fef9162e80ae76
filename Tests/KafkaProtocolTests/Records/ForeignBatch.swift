// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import KafkaProtocol
import Testing

/// A batch as another implementation made it and Apache Kafka 4.3.1 stored it, in base64. Each holds the same six records,
/// sent in one batch to a topic of its own, and cut out of the segment:
///
/// - key `key-N`, null for 3; value `{"number":N,"text":"the same again and …"}` with those words six times, null for 4;
///   headers `ce_id: e-N` and an empty `empty`, none for 2; librdkafka and kafka-python were told timestamps from
///   1,700,000,000,000 on in steps of ten.
struct ForeignBatch: Sendable, CustomTestStringConvertible {
    let maker: String
    let codec: RecordCodec
    let base64: String

    var testDescription: String { "\(codec) by \(maker)" }
    /// What a client told the time, and not the clock.
    var hasKnownTimes: Bool { maker != Self.java }

    static let java = "Apache Kafka 4.3.1's console producer"
    static let librdkafka = "librdkafka 2.16 (confluent-kafka)"
    static let python = "kafka-python 3.0"

    static let all = [
        ForeignBatch(
            maker: java, codec: .gzip,
            base64: "AAAAAAAAAAAAAADcAAAAAAIok1vJAAEAAAAFAAABog7kZ/YAAAGiDuRoMgAAAAAAAAADAAAAAAAAAAAABh+LCAAAAAAAAP87"
                + "xcTAwMCVnVqpazCBqVoprzQ3KbVIycpAR6kktaJEyUqpJCNVoTgxN1UhMT0xM08hMS9FgcZCSrUsXMmp8ZkpbKm6BlypuQUl"
                + "lQynmBiKmMDONER2puEgcaYh1JkrgM5kATvTCNmZRgPqTIYDTAxlbIzIDjIeJOFmDA03C4YyDnCwmTAiJE0QcV/BBZY1RfaD"
                + "6SDxgynUmQDgD6YzSgMAAA=="),
        ForeignBatch(
            maker: java, codec: .snappy,
            base64: "AAAAAAAAAAAAAAEgAAAAAALaMuZbAAIAAAAFAAABog7kersAAAGiDuR67AAAAAAAAAAFAAAAAAAAAAAABoJTTkFQUFkAAAAA"
                + "AQAAAAEAAADbygbwQ8oCAAAACmtleS0wkAJ7Im51bWJlciI6MCwidGV4dCI6InRoZSBzYW1lIGFnYWluIGFuZCB0aGUgc2Ft"
                + "ZSBhZ2FpbiBh/hMAOhMAYCJ9BApjZV9pZAZlLTAKZW1wdHkAygIAYAIFpwAxLqcAADH+pwD+pwANpwAxDacQqAIAYAQFpwAy"
                + "LqcAADL+pwDypwAYAMACAGAGAS6RAAAz/pEA8pEAOd8AMy04DDgAYgglNwQ0ARkdADQNHRDKAgBiCgUeADUuxAAANf7EAP7E"
                + "AA3EHDUKZW1wdHkA"),
        ForeignBatch(
            maker: java, codec: .lz4,
            base64: "AAAAAAAAAAAAAAD4AAAAAAKqzCI2AAMAAAAFAAABog7kjOMAAAGiDuSNMQAAAAAAAAAHAAAAAAAAAAAABgQiTRhgQIK4AAAA"
                + "/yXKAgAAAAprZXktMJACeyJudW1iZXIiOjAsInRleHQiOiJ0aGUgc2FtZSBhZ2FpbiBhbmQgEwBM8QsifQQKY2VfaWQGZS0w"
                + "CmVtcHR5AMwCAJgBAqgAGDGoAB8xqAB0EzGoABCqqAARBKgAGDKoAB8yqABqiADCAgCaAQYBkgAfM5IAagbiARMzOgFROgCa"
                + "AQg5ASY0AR4AEzQeAGHMAgCcAQofABg1xgAfNcYAdIA1CmVtcHR5AAAAAAA="),
        ForeignBatch(
            maker: java, codec: .zstd,
            base64: "AAAAAAAAAAAAAADdAAAAAAJ10o7tAAQAAAAFAAABog7krrYAAAGiDuSu2gAAAAAAAAAJAAAAAAAAAAAABii1L/0AWAQFADQH"
                + "ygIAAAAKa2V5LTCQAnsibnVtYmVyIjowLCJ0ZXh0IjoidGhlIHNhbWUgYWdhaW4gYW5kICJ9BApjZV9pZAZlLTAKZW1wdHkA"
                + "ygIARgIxMTGoAgBGBDIyAMACAEgGATMzOABICDQBNEgKNTU1CmVtcHR5ABEABEAJ4AsaAmT/C1v4EgkyRgBKiC/ONEgPMAPt"
                + "AVcIgDpglsq0mNimuQcBAAA="),
        ForeignBatch(
            maker: librdkafka, codec: .gzip,
            base64: "AAAAAAAAAAAAAADdAAAAAAKZHwgzAAEAAAAFAAABi8/laAAAAAGLz+VoMgAAAAAAAAACAAAAAAAAAAAABh+LCAAAAAAAAAM7"
                + "xcTAwMCVnVqpazCBqVoprzQ3KbVIycpAR6kktaJEyUqpJCNVoTgxN1UhMT0xM08hMS9FgcZCSrUsXMmp8ZkpbKm6BlypuQUl"
                + "lQynmBhEmMDONER2puEgcaYh1JkrmBg0WMDONEJ2ptGAOpPhABODDRsjsoOMB0m4GUPDzYIhgAMcbCaMCEkTRNyncIFlTZH9"
                + "YDpI/GAKdSYAOJ2qqUoDAAA="),
        ForeignBatch(
            maker: librdkafka, codec: .snappy,
            base64: "AAAAAAAAAAAAAAEPAAAAAAJq226KAAIAAAAFAAABi8/laAAAAAGLz+VoMgAAAAAAAAAEAAAAAAAAAAAABsoG8EbKAgAAAApr"
                + "ZXktMJACeyJudW1iZXIiOjAsInRleHQiOiJ0aGUgc2FtZSBhZ2FpbiBhbmQgdGhlIHNhbWUgYWdhaW4gYW5kIP4mAC4mAGAi"
                + "fQQKY2VfaWQGZS0wCmVtcHR5AMoCABQCBacAMS6nAAAx/qcA/qcADacAMQ2nEKgCACgEBacEMpA9TgAy/qcA8qcAGADAAgA8"
                + "BgEukQAAM/6RAPKRADnfADMtOAw4AFAIJTcENAEZHQA0DR0QygIAZAoFHgA1LsQAADX+xAD+xAANxBw1CmVtcHR5AA=="),
        ForeignBatch(
            maker: librdkafka, codec: .lz4,
            base64: "AAAAAAAAAAAAAAD0AAAAAAKOj/ZzAAMAAAAFAAABi8/laAAAAAGLz+VoMgAAAAAAAAAGAAAAAAAAAAAABgQiTRhgQIK0AAAA"
                + "/yXKAgAAAAprZXktMJACeyJudW1iZXIiOjAsInRleHQiOiJ0aGUgc2FtZSBhZ2FpbiBhbmQgEwBM8QoifQQKY2VfaWQGZS0w"
                + "CmVtcHR5AMoCABQCpwAYMacAHzGnAHQTMacAUagCACgEpwAYMqcAHzKnAGp4AMACADwGAZEAHzORAGoG3wETMzgBQTgAUAg3"
                + "ASY0AR0AEzQdAFHKAgBkCh4AGDXEAB81xAB0gDUKZW1wdHkAAAAAAA=="),
        ForeignBatch(
            maker: librdkafka, codec: .zstd,
            base64: "AAAAAAAAAAAAAADaAAAAAAL3qJbbAAQAAAAFAAABi8/laAAAAAGLz+VoMgAAAAAAAAAIAAAAAAAAAAAABii1L/0AWAUFADQH"
                + "ygIAAAAKa2V5LTCQAnsibnVtYmVyIjowLCJ0ZXh0IjoidGhlIHNhbWUgYWdhaW4gYW5kICJ9BApjZV9pZAZlLTAKZW1wdHkA"
                + "ygIAFAIxMTGoAgAoBDIyAMACADwGATMzOABQCDQBNGQKNTU1CmVtcHR5ABEABEAJ4AsaAmT/C1v4EgkyRgBKiC/ONEgPMAPt"
                + "AVcIgDpglsq0mNimuQc="),
        ForeignBatch(
            maker: python, codec: .gzip,
            base64: "AAAAAAAAAAAAAADdAAAAAAJZR6CkAAEAAAAFAAABi8/laAAAAAGLz+VoMv//////////////////AAAABh+LCAA+3AVrAv87"
                + "xcTAwMCVnVqpazCBqVoprzQ3KbVIycpAR6kktaJEyUqpJCNVoTgxN1UhMT0xM08hMS9FgcZCSrUsXMmp8ZkpbKm6BlypuQUl"
                + "lQynmBhEmMDONER2puEgcaYh1JkrmBg0WMDONEJ2ptGAOpPhABODDRsjsoOMB0m4GUPDzYIhgAMcbCaMCEkTRNyncIFlTZH9"
                + "YDpI/GAKdSYAOJ2qqUoDAAA="),
        ForeignBatch(
            maker: python, codec: .snappy,
            base64: "AAAAAAAAAAAAAAEgAAAAAAKl9GYsAAIAAAAFAAABi8/laAAAAAGLz+VoMv//////////////////AAAABoJTTkFQUFkAAAAA"
                + "AQAAAAEAAADbygbwQ8oCAAAACmtleS0wkAJ7Im51bWJlciI6MCwidGV4dCI6InRoZSBzYW1lIGFnYWluIGFuZCB0aGUgc2Ft"
                + "ZSBhZ2FpbiBh/hMAOhMAYCJ9BApjZV9pZAZlLTAKZW1wdHkAygIAFAIFpwAxLqcAADH+pwD+pwANpwAxDacQqAIAKAQFpwQy"
                + "kD1OADL+pwDypwAYAMACADwGAS6RAAAz/pEA8pEAOd8AMy04DDgAUAglNwQ0ARkdADQNHRDKAgBkCgUeADUuxAAANf7EAP7E"
                + "AA3EHDUKZW1wdHkA"),
        ForeignBatch(
            maker: python, codec: .lz4,
            base64: "AAAAAAAAAAAAAAD8AAAAAAJu7BiAAAMAAAAFAAABi8/laAAAAAGLz+VoMv//////////////////AAAABgQiTRhoQEoDAAAA"
                + "AAAAkbQAAAD/JcoCAAAACmtleS0wkAJ7Im51bWJlciI6MCwidGV4dCI6InRoZSBzYW1lIGFnYWluIGFuZCATAEzxCiJ9BApj"
                + "ZV9pZAZlLTAKZW1wdHkAygIAFAKnABgxpwAfMacAdBMxpwBRqAIAKASnABgypwAfMqcAangAwAIAPAYBkQAfM5EAagbfARMz"
                + "OAFBOABQCDcBJjQBHQATNB0AUcoCAGQKHgAYNcQAHzXEAHSANQplbXB0eQAAAAAA"),
        ForeignBatch(
            maker: python, codec: .zstd,
            base64: "AAAAAAAAAAAAAADbAAAAAAJwcy6jAAQAAAAFAAABi8/laAAAAAGLz+VoMv//////////////////AAAABii1L/1gSgIFBQA0"
                + "B8oCAAAACmtleS0wkAJ7Im51bWJlciI6MCwidGV4dCI6InRoZSBzYW1lIGFnYWluIGFuZCAifQQKY2VfaWQGZS0wCmVtcHR5"
                + "AMoCABQCMTExqAIAKAQyMgDAAgA8BgEzMzgAUAg0ATRkCjU1NQplbXB0eQARAARACeALGgJk/wtb+BIJMkYASogvzjRIDzAD"
                + "7QFXCIA6YJbKtJjYprkH"),
    ]

    /// The end of a committed transaction, one of three records with zstd, and the end of that one, which was aborted: by
    /// librdkafka and the coordinator of Apache Kafka.
    static let transactions =
        "AAAAAAAAAAMAAABCAAAAAAJmGgQJADAAAAAAAAABog7kswcAAAGiDuSzBwAAAAAAAAAKAAD/////AAAAASAAAAAIAAAAAQwA"
        + "AAAAAAAAAAAAAAAAAAQAAACqAAAAAALFpOQyABQAAAACAAABi8/laAAAAAGLz+VoAgAAAAAAAAAKAAAAAAADAAAAAyi1L/0A"
        + "WIUDAIQFygIAAAAKa2V5LTCQAnsibnVtYmVyIjowLCJ0ZXh0IjoidGhlIHNhbWUgYWdhaW4gYW5kICJ9BApjZV9pZAZlLTAK"
        + "ZW1wdHkAygIAAgIxMTGoAgAEBDIyAAgAGqQC+IKmwGUEQAnwTWXaQWzT3AMAAAAAAAAABwAAAEIAAAAAAiQyESsAMAAAAAAA"
        + "AAGiDuSzQgAAAaIO5LNCAAAAAAAAAAoAAP////8AAAABIAAAAAgAAAAADAAAAAAAAAA="
}
