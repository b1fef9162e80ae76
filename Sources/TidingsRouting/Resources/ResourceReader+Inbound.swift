// Copyright the Tidings authors. Licensed under the Apache License 2.0; see LICENSE.

import TidingsCore

extension ResourceReader {
    func inbound(_ name: Name, _ reader: inout ObjectReader) -> InboundWebhook? {
        var before: InboundWebhook.Kind?
        if case .inbound(let webhook)? = existing { before = webhook.kind }
        let kind = reader.requiredParsed("kind", "word", "must be 'github' or 'generic'") {
            ["github", "generic"].contains($0) ? $0 : nil
        }
        switch kind {
        case "github":
            var stored: Secret?
            if case .github(let secret)? = before { stored = secret }
            return inboundSecret(&reader, before: stored).map { InboundWebhook(name: name, kind: .github(secret: $0)) }
        case "generic":
            var stored: GenericInbound?
            if case .generic(let generic)? = before { stored = generic }
            return generic(&reader, before: stored).map { InboundWebhook(name: name, kind: .generic($0)) }
        default:
            for field in ["secret", "type", "entity", "id", "verify"] { reader.ignore(field) }
            return nil
        }
    }

    private func generic(_ reader: inout ObjectReader, before: GenericInbound?) -> GenericInbound? {
        let sentence = "must be \(JSONPointer.rule)"
        let type = reader.requiredParsed("type", "json-pointer", sentence) { JSONPointer($0) }
        let entity = reader.parsed("entity", "json-pointer", sentence) { JSONPointer($0) }
        let id = reader.parsed("id", "json-pointer", sentence) { JSONPointer($0) }
        guard let value = reader.value("verify", keepsNull: true) else {
            faults.note(reader.place("verify"), "required", "must be there; null lets everyone call")
            return nil
        }
        var verification: GenericInbound.Verification?
        if !value.isNull {
            var inner = ObjectReader(value, at: reader.place("verify"), faults)
            verification = verify(&inner, before: before?.verify)
            inner.finish()
        }
        return type.map { GenericInbound(type: $0, entity: entity, id: id, verify: verification) }
    }

    private func verify(
        _ reader: inout ObjectReader, before: GenericInbound.Verification?
    ) -> GenericInbound.Verification? {
        let header = reader.requiredParsed("header", "header-name", "must be a header's name") { text -> String? in
            let name = text.lowercased()
            return HeaderRules.isName(name) ? name : nil
        }
        let algorithm = reader.word("algorithm", GenericInbound.Verification.Algorithm.hmacSHA256)
        let encoding = reader.word("encoding", GenericInbound.Verification.Encoding.hex)
        let prefix = reader.parsed("prefix", "header-value", "must be at most 64 bytes of printable ASCII") {
            $0.utf8.count <= 64 && $0.utf8.allSatisfy { (0x20...0x7E).contains($0) } ? $0 : nil
        }
        let secret = inboundSecret(&reader, before: before?.secret)
        guard let header, let secret else { return nil }
        return GenericInbound.Verification(
            header: header, algorithm: algorithm, encoding: encoding, prefix: prefix ?? "", secret: secret)
    }

    /// A secret: as given, the stored one when it is left out, or a new one when there is none; never null.
    private func inboundSecret(_ reader: inout ObjectReader, before: Secret?) -> Secret? {
        let place = reader.place("secret")
        if origin == .request, before == nil, reader.value("secret", keepsNull: true) == nil {
            var key: [UInt8] = []
            for _ in 0..<4 { withUnsafeBytes(of: random.next()) { key.append(contentsOf: $0) } }
            let secret = Secret(Hex.encode(key))
            made.secret = secret
            return secret
        }
        let count = faults.count
        let secret = secret(
            &reader, "secret", before: before, "secret", "must have 1 to \(Secret.longest) bytes"
        ) { !$0.isEmpty }
        if secret == nil, faults.count == count { faults.note(place, "required", "must be there") }
        return secret
    }
}
