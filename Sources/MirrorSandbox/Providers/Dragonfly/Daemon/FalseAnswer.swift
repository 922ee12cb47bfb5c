import FlyingSocks
import KubeCore

extension PodFaults.Kind {
    /// Who serves connections in the daemon's place; nil where it does so itself, or nobody does.
    var substitute: GatedListener.Serve? {
        switch self {
        case .silent, .refused, .cutShort: nil
        case .tls: { await FalseAnswer.alert(on: $0) }
        case .mesh: { await FalseAnswer.mesh(on: $0) }
        case .http1: { await FalseAnswer.http1(on: $0) }
        case .busy: { await FalseAnswer.shed("server is overloaded: too many requests, please retry later", on: $0) }
        case .shedding:
            {
                let text = "server is overloaded: CPU/memory thresholds are exceeded, please retry later"
                await FalseAnswer.shed(text, on: $0)
            }
        }
    }
}

/// What somebody says who answers where a daemon should.
enum FalseAnswer {
    /// Reads what comes first, and answers with a fatal alert "unexpected message" (RFC 8446, section 6).
    static func alert(on socket: AsyncSocket) async {
        _ = try? await socket.read(atMost: 4_096)
        try? await socket.write(bytes: [0x15, 3, 3, 0, 2, 2, 10])
    }

    /// As Envoy answers for a service that it does not reach (envoyproxy/envoy `source/common/router/router.cc`).
    static func mesh(on socket: AsyncSocket) async {
        let text =
            "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, "
            + "transport failure reason: delayed connect error: 111"
        await HTTP2Session(socket) { _ in
            var response = GRPCExchange.response(.status(code: 14, message: text))
            response.fields.append(HTTP2Field("server", "istio-envoy"))
            return response
        }.run()
    }

    /// As a proxy that takes the port for plain HTTP.
    static func http1(on socket: AsyncSocket) async {
        _ = try? await socket.read(atMost: 4_096)
        let head = "HTTP/1.1 503 Service Unavailable\r\nserver: envoy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        try? await socket.write(bytes: Array(head.utf8))
    }

    /// As a daemon that sheds calls before it looks at them.
    static func shed(_ text: String, on socket: AsyncSocket) async {
        await GRPCUnaryServer { _ in .status(code: 8, message: text) }.converse(on: socket)
    }
}
