/// A unary call as a server gets it.
package struct GRPCCall: Hashable, Sendable {
    /// `/package.Service/Method`.
    package var path: String
    package var message: [UInt8]
    /// Header fields but those of HTTP and gRPC themselves.
    package var metadata: [String: String]
    /// Time that the client gives it; nil where it says nothing.
    package var timeout: Duration?

    package init(path: String, message: [UInt8], metadata: [String: String] = [:], timeout: Duration? = nil) {
        self.path = path
        self.message = message
        self.metadata = metadata
        self.timeout = timeout
    }
}

/// How a unary call ends.
package enum GRPCReply: Hashable, Sendable {
    case message([UInt8])
    /// A code other than 0, and why.
    case status(code: Int, message: String)

    package static func unimplemented(_ path: String) -> GRPCReply {
        let parts = path.split(separator: "/")
        let service = parts.first ?? ""
        return .status(code: 12, message: "unknown method \(parts.dropFirst().joined()) for service \(service)")
    }
}

/// gRPC over HTTP/2: how a call is read from a request, and a reply becomes an answer.
///
/// Source: grpc `doc/PROTOCOL-HTTP2.md`.
package enum GRPCExchange {
    /// What a request asks for.
    package enum Reading: Hashable, Sendable {
        case call(GRPCCall)
        /// It is answered at once.
        case answer(HTTP2Response)
    }

    package static func read(_ request: HTTP2Request) -> Reading {
        let type = request["content-type"] ?? ""
        guard type == "application/grpc" || type.hasPrefix("application/grpc+") || type.hasPrefix("application/grpc;")
        else { return .answer(HTTP2Response(fields: [HTTP2Field(":status", "415")])) }
        guard request[":method"] == "POST" else {
            return .answer(HTTP2Response(fields: [HTTP2Field(":status", "405")]))
        }
        let body = request.body
        guard body.count >= 5 else { return .answer(response(.status(code: 13, message: "the message ends early"))) }
        guard body[0] == 0 else {
            let text = "grpc: Decompressor is not installed for grpc-encoding \"\(request["grpc-encoding"] ?? "")\""
            return .answer(response(.status(code: 12, message: text)))
        }
        guard body.count - 5 == Int(HTTP2Frame.number(body[1..<5])) else {
            return .answer(response(.status(code: 13, message: "a unary call has one message, of the length it says")))
        }
        let own: Set<String> = ["content-type", "te", "user-agent", "grpc-timeout", "grpc-accept-encoding"]
        let others = request.fields.filter { !$0.name.hasPrefix(":") && !own.contains($0.name) }
        return .call(
            GRPCCall(
                path: request[":path"] ?? "",
                message: Array(body[5...]),
                metadata: Dictionary(others.map { ($0.name, $0.value) }, uniquingKeysWith: { "\($0),\($1)" }),
                timeout: request["grpc-timeout"].flatMap(timeout)
            )
        )
    }

    /// The answer to a call: a message and trailers, or trailers only.
    package static func response(_ reply: GRPCReply) -> HTTP2Response {
        let head = [HTTP2Field(":status", "200"), HTTP2Field("content-type", "application/grpc")]
        switch reply {
        case .message(let message):
            return HTTP2Response(
                fields: head,
                body: [0] + HTTP2Frame.number(UInt32(message.count)) + message,
                trailers: [HTTP2Field("grpc-status", "0"), HTTP2Field("grpc-message", "")]
            )
        case .status(let code, let message):
            return HTTP2Response(
                fields: head + [HTTP2Field("grpc-status", "\(code)"), HTTP2Field("grpc-message", escaped(message))]
            )
        }
    }

    /// A message in percent encoding: printable ASCII but `%` stays.
    package static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes: [UInt8] = text.utf8.flatMap { byte in
            (0x20...0x7E).contains(byte) && byte != 0x25
                ? [byte] : [0x25, digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `grpc-timeout`: up to eight digits and a unit; nil where it is something else.
    package static func timeout(_ text: String) -> Duration? {
        guard let unit = text.last, text.count <= 9, let value = Int64(text.dropLast()), value >= 0 else { return nil }
        switch unit {
        case "H": return .seconds(value * 3_600)
        case "M": return .seconds(value * 60)
        case "S": return .seconds(value)
        case "m": return .milliseconds(value)
        case "u": return .microseconds(value)
        case "n": return .nanoseconds(value)
        default: return nil
        }
    }
}
