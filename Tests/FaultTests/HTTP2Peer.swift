import KubeTestSupport

/// As much of HTTP/2 (RFC 9113) as answers to short requests need, on a connection whose preface has begun.
struct HTTP2Peer {
    private enum Kind {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
    }

    private static let endStream: UInt8 = 1
    private static let endHeaders: UInt8 = 4
    private static let acknowledged: UInt8 = 1

    private let peer: Peer

    init(_ peer: Peer) { self.peer = peer }

    /// Answers each request with the body that it gets for it; without one it sends GOAWAY, as if the request had not
    /// been looked at, and closes.
    func serve(_ body: () -> String?) {
        // The rest of the preface: "SM" and an empty line.
        _ = exactly(6)
        send(Kind.settings, 0, 0, [])
        while let head = exactly(9) {
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let payload = exactly(length) ?? []
            let (kind, flags, stream) = (head[3], head[4], Array(head[5...]))
            switch kind {
            case Kind.settings where flags & Self.acknowledged == 0: send(Kind.settings, Self.acknowledged, 0, [])
            case Kind.ping where flags & Self.acknowledged == 0: send(Kind.ping, Self.acknowledged, 0, payload)
            case Kind.headers:
                let number = stream.reduce(0) { $0 << 8 | UInt32($1) }
                guard let text = body() else {
                    // Last stream 0, no error.
                    send(Kind.goAway, 0, 0, Array(repeating: 0, count: 8))
                    return
                }
                // 0x88 is ":status: 200" of the static table.
                send(Kind.headers, Self.endHeaders, number, [0x88])
                send(Kind.data, Self.endStream, number, Array(text.utf8))
            default: continue
            }
        }
    }

    private func send(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) {
        let length = (0..<3).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        let number = (0..<4).reversed().map { UInt8(truncatingIfNeeded: stream >> ($0 * 8)) }
        peer.write(length + [kind, flags] + number + payload)
    }

    /// Nil when the client closed before.
    private func exactly(_ count: Int) -> [UInt8]? {
        let bytes = peer.exactly(count)
        return bytes.count == count ? bytes : nil
    }
}
