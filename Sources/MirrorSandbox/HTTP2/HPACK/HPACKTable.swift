/// One field of a header list.
package struct HTTP2Field: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Bytes that it counts for, in a table and in a list: RFC 7541, section 4.1.
    package var size: Int { name.utf8.count + value.utf8.count + 32 }
}

/// The fields that an index may name: those of the standard, then those that the sender has added, newest first.
struct HPACKTable {
    private var added: [HTTP2Field] = []
    private var size = 0
    /// Bytes that the sender may fill now, and the most that it may ever ask for.
    private(set) var capacity: Int
    let limit: Int

    init(limit: Int) {
        self.limit = limit
        capacity = limit
    }

    /// The field of an index, from 1 on; nil where there is none.
    subscript(_ index: Int) -> HTTP2Field? {
        guard index >= 1 else { return nil }
        if index <= Self.standard.count { return Self.standard[index - 1] }
        let position = index - Self.standard.count - 1
        return position < added.count ? added[added.count - 1 - position] : nil
    }

    /// Adds a field, for which older ones make room; one that is larger than all leaves the table empty.
    mutating func add(_ field: HTTP2Field) {
        makeRoom(for: field.size)
        guard field.size <= capacity else { return }
        added.append(field)
        size += field.size
    }

    /// Changes the capacity; false where that is more than was allowed.
    mutating func resize(to capacity: Int) -> Bool {
        guard capacity <= limit else { return false }
        self.capacity = capacity
        makeRoom(for: 0)
        return true
    }

    private mutating func makeRoom(for bytes: Int) {
        var gone = 0
        while gone < added.count, size + bytes > capacity {
            size -= added[gone].size
            gone += 1
        }
        added.removeFirst(gone)
    }

    /// Source: RFC 7541, appendix A.
    static let standard: [HTTP2Field] = [
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
        (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
        (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
        ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
        ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
        ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
        ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""),
        ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""),
        ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""),
        ("last-modified", ""), ("link", ""), ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""),
        ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""),
        ("server", ""), ("set-cookie", ""), ("strict-transport-security", ""), ("transfer-encoding", ""),
        ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
    ].map { HTTP2Field($0.0, $0.1) }
}
