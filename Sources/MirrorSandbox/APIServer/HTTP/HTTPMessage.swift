import KubeCore

/// A request as it came over HTTP/1.1.
struct HTTPMessage: Sendable {
    var method: String
    var target: String
    var headers: [String: String]
    var body: [UInt8] = []

    /// Reads the lines of a head, without the empty one at its end; nil where it is no HTTP/1.1 head.
    init?(head: [UInt8]) {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n").map(String.init)
        let parts = (lines.first ?? "").split(separator: " ").map(String.init)
        guard parts.count == 3, parts[2].hasPrefix("HTTP/1."), parts[1].hasPrefix("/") else { return nil }
        method = parts[0]
        target = parts[1]
        headers = [:]
        for line in lines.dropFirst() {
            guard let (name, value) = line.cut(at: ":") else { return nil }
            let key = name.lowercased()
            headers[key] = headers[key].map { "\($0), \(value.trimmed)" } ?? value.trimmed
        }
    }

    var wantsClose: Bool { headers["connection"]?.lowercased() == "close" }
    var expectsContinue: Bool { headers["expect"]?.lowercased() == "100-continue" }
    var isChunked: Bool { headers["transfer-encoding"]?.lowercased() == "chunked" }

    /// The client's name: what stands before the slash in User-Agent, as the real server takes it.
    var agent: String {
        let name = (headers["user-agent"] ?? "").split(separator: "/").first.map(String.init) ?? ""
        return name.isEmpty ? "unknown" : name
    }

    /// The bearer token; nil where there is none.
    var token: String? {
        guard let (scheme, token) = headers["authorization"]?.cut(at: " "), scheme == "Bearer" else { return nil }
        return token
    }

    /// The request that the API server knows; nil for a method that no API has.
    var request: KubeRequest? {
        guard let method = KubeRequest.Method(rawValue: method) else { return nil }
        let (path, query) = target.cut(at: "?") ?? (target, "")
        var items: [KubeRequest.QueryItem] = []
        for pair in query.split(separator: "&") {
            let (name, value) = String(pair).cut(at: "=") ?? (String(pair), "")
            items.append(.init(Self.decoded(name, isQuery: true), Self.decoded(value, isQuery: true)))
        }
        return KubeRequest(
            method,
            Self.decoded(path, isQuery: false),
            query: items,
            accept: headers["accept"] ?? "*/*",
            contentType: headers["content-type"],
            body: body.isEmpty ? nil : body
        )
    }

    private static func decoded(_ text: String, isQuery: Bool) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == 0x25, rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == 0x2B && isQuery ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Writing of answers.
enum HTTPWriter {
    private static let phrases = [
        200: "OK", 201: "Created", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed", 406: "Not Acceptable", 409: "Conflict", 410: "Gone",
        413: "Request Entity Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Entity",
        429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable", 504: "Gateway Timeout",
    ]

    static func head(_ status: Int, _ headers: [String: String]) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(phrases[status] ?? "Unknown")\r\n"
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\r\n" }
        return Array((text + "\r\n").utf8)
    }

    static func answer(_ response: KubeResponse, closing: Bool) -> [UInt8] {
        var headers = response.headers
        headers["content-length"] = String(response.body.count)
        if closing { headers["connection"] = "close" }
        return head(response.status, headers) + response.body
    }

    static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [0x0D, 0x0A]
    }

    static let lastChunk = Array("0\r\n\r\n".utf8)
}
