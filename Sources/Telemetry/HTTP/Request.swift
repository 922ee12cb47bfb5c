/// The head of one request; none that is answered with a page has a body.
struct Request: Hashable, Sendable {
    var method: String
    /// As it came: visible ASCII.
    var target: String
    /// Whether the client takes a further answer over the same connection.
    var keepsOpen: Bool
    /// Whether a body follows, which nobody reads.
    var hasBody: Bool

    var isReading: Bool { method == "GET" || method == "HEAD" }

    var path: String {
        let path = local.prefix { $0 != "?" }
        return path.isEmpty ? "/" : Self.decoded(path)
    }

    /// The parameters behind the question mark, in their order; the value of one without `=` is empty.
    var query: [(name: String, value: String)] {
        local.drop { $0 != "?" }.dropFirst().split(separator: "&").map { parameter in
            let name = parameter.prefix { $0 != "=" }
            return (Self.decoded(name), Self.decoded(parameter.dropFirst(name.count + 1)))
        }
    }

    /// Without scheme and host, which a proxy may send too (RFC 9112 section 3.2.2).
    private var local: Substring {
        guard let scheme = Self.schemes.first(where: target.hasPrefix) else { return target[...] }
        return target.dropFirst(scheme.count).drop { $0 != "/" && $0 != "?" }
    }

    private static let schemes = ["http://", "https://"]

    /// Whether a target is of a form that a server has to know.
    static func isTarget(_ text: String) -> Bool {
        text.hasPrefix("/") || text == "*" || schemes.contains(where: text.hasPrefix)
    }

    /// With `%41` read as `A`; what is no such thing stays as it is.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            if byte == UInt8(ascii: "%"), digits.count == 2 {
                bytes.append(UInt8(digits[0] * 16 + digits[1]))
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Why a request gets no page: an answer after which the connection ends.
struct Refusal: Hashable, Sendable, Error {
    var status: Int
    /// A sentence without anything that the client sent.
    var message: String

    static func malformed(_ message: String) -> Refusal { Refusal(status: 400, message: message) }

    static let late = Refusal(status: 408, message: "the request did not end in time")
    static let body = Refusal(status: 413, message: "no request here has a body")
    static let line = Refusal(status: 414, message: "the request line is too long")
    static let headers = Refusal(status: 431, message: "the headers are too long")
    static let version = Refusal(status: 505, message: "HTTP/1.0 and HTTP/1.1 are spoken here")
    static let full = Refusal(status: 503, message: "there are too many connections")
}
