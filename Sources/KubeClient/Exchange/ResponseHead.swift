/// Status and header fields of an answer.
package struct ResponseHead: Hashable, Sendable {
    package var status: Int
    /// Names in lower case; of a field that comes more than once the values are joined by a comma.
    package var headers: [String: String]

    package init(status: Int, headers: [String: String]) {
        self.status = status
        self.headers = headers
    }
}

/// Reads the head of an answer line by line, as libcurl hands it over.
package struct ResponseHeadParser: Sendable {
    private var head: ResponseHead?
    /// Whether the head of the last answer is whole.
    package private(set) var isComplete = false

    package init() {}

    /// Takes one line with its end and returns the head once it is whole.
    ///
    /// Interim answers (100 to 199) are passed over, and so are the trailers that may follow a body.
    package mutating func push(_ line: some Sequence<UInt8>) -> ResponseHead? {
        var text = Array(line)[...]
        while let last = text.last, last == 0x0A || last == 0x0D { text.removeLast() }
        if text.starts(with: Array("HTTP/".utf8)) {
            // A status line begins a head, also after one of an answer that the next attempt replaced.
            head = Self.status(text).map { ResponseHead(status: $0, headers: [:]) }
            isComplete = false
            return nil
        }
        guard !isComplete, var current = head else { return nil }
        if text.isEmpty {
            guard current.status >= 200 else {
                head = nil
                return nil
            }
            isComplete = true
            return current
        }
        guard let colon = text.firstIndex(of: 0x3A) else { return nil }
        let name = String(decoding: text[..<colon], as: UTF8.self).lowercased()
        let value = Self.trimmed(text[(colon + 1)...])
        current.headers[name] = current.headers[name].map { "\($0), \(value)" } ?? value
        head = current
        return nil
    }

    private static func status(_ line: ArraySlice<UInt8>) -> Int? {
        let parts = line.split(separator: 0x20)
        guard parts.count >= 2, parts[1].count == 3 else { return nil }
        return Int(String(decoding: parts[1], as: UTF8.self))
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
