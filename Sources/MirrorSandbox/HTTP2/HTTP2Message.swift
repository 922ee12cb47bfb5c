/// A whole request of one stream.
package struct HTTP2Request: Hashable, Sendable {
    package var fields: [HTTP2Field]
    package var body: [UInt8]

    package init(fields: [HTTP2Field], body: [UInt8]) {
        self.fields = fields
        self.body = body
    }

    /// The first value of a field, `:path` for instance.
    package subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Whether what must be there is, once, and no name has capitals: RFC 9113, sections 8.2 and 8.3.
    var isWellFormed: Bool {
        let pseudo = fields.filter { $0.name.hasPrefix(":") }.map(\.name)
        guard Set(pseudo).count == pseudo.count, pseudo.contains(":method"), pseudo.contains(":path") else {
            return false
        }
        // Pseudo fields come first.
        guard fields.prefix(pseudo.count).allSatisfy({ $0.name.hasPrefix(":") }) else { return false }
        return fields.allSatisfy { !$0.name.isEmpty && !$0.name.utf8.contains { (0x41...0x5A).contains($0) } }
    }
}

/// What is answered on one stream. Without a body and without trailers the fields end the stream.
package struct HTTP2Response: Hashable, Sendable {
    package var fields: [HTTP2Field]
    package var body: [UInt8]
    package var trailers: [HTTP2Field]

    package init(fields: [HTTP2Field], body: [UInt8] = [], trailers: [HTTP2Field] = []) {
        self.fields = fields
        self.body = body
        self.trailers = trailers
    }
}
