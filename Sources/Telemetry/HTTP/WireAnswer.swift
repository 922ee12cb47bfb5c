/// An answer as it goes over the wire. Its body is shared by all who are sent the same one.
struct WireAnswer: Hashable, Sendable {
    var status: Int
    var contentType: String
    var body: [UInt8]

    init(_ answer: TelemetryEndpoints.Answer) {
        status = answer.status
        contentType = answer.contentType
        body = Array(answer.body.utf8)
    }

    init(_ refusal: Refusal) {
        status = refusal.status
        contentType = "text/plain; charset=utf-8"
        body = Array("\(refusal.message)\n".utf8)
    }

    /// Status line and headers, with the empty line at their end.
    ///
    /// - Parameter isLast: whether the connection ends after it.
    func head(isLast: Bool) -> [UInt8] {
        var lines = [
            "HTTP/1.1 \(status) \(Self.reason(status))",
            "Content-Type: \(contentType)",
            "Content-Length: \(body.count)",
        ]
        if status == 405 { lines.append("Allow: GET, HEAD") }
        if isLast { lines.append("Connection: close") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 431: "Request Header Fields Too Large"
        case 505: "HTTP Version Not Supported"
        default: "Service Unavailable"
        }
    }
}
