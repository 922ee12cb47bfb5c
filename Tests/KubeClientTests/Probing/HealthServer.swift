import KubeTestSupport

/// As much of an HTTP/2 server without TLS as a health check needs: it reads frames until a request has ended, and
/// answers with what the test gives it.
enum HealthServer {
    private enum FrameType {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let settings: UInt8 = 4
    }

    private static let endOfStream: UInt8 = 1
    private static let endOfHeaders: UInt8 = 4
    /// 0x88 is `:status: 200` of the static table; the others are literals that enter no table.
    private static let head = [0x88] + field("content-type", "application/grpc")

    /// Takes a request; nil where none comes. Returns its message as it came.
    static func request(_ peer: Peer) -> [UInt8]? {
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        guard exactly(preface.count, peer) == preface else { return nil }
        peer.write(frame(FrameType.settings, stream: 0, []))
        var message: [UInt8] = []
        while let head = exactly(9, peer) {
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            guard let payload = exactly(length, peer) else { return nil }
            if head[3] == FrameType.settings, head[4] & 1 == 0 {
                peer.write(frame(FrameType.settings, flags: 1, stream: 0, []))
            }
            if head[3] == FrameType.data { message += payload }
            if [FrameType.data, FrameType.headers].contains(head[3]), head[4] & endOfStream != 0 { return message }
        }
        return nil
    }

    /// Answers with a message and `grpc-status` in the trailers, or in the head where there is no message.
    static func answer(_ peer: Peer, message: [UInt8]?, code: Int) {
        let trailer = field("grpc-status", String(code))
        guard let message else {
            peer.write(frame(FrameType.headers, flags: endOfHeaders | endOfStream, stream: 1, head + trailer))
            return
        }
        // All of it at once: the last of it then waits in the client and not in its socket.
        let end = frame(FrameType.headers, flags: endOfHeaders | endOfStream, stream: 1, trailer)
        peer.write(beginning(message) + end)
    }

    /// Answers with a message, and not yet with a status.
    static func begin(_ peer: Peer, message: [UInt8]) { peer.write(beginning(message)) }

    private static func beginning(_ message: [UInt8]) -> [UInt8] {
        var bytes = frame(FrameType.headers, flags: endOfHeaders, stream: 1, head)
        // As long as a frame may be by default (RFC 9113, section 4.2).
        for start in stride(from: 0, to: message.count, by: 16_384) {
            bytes += frame(FrameType.data, stream: 1, Array(message[start..<min(start + 16_384, message.count)]))
        }
        return bytes
    }

    private static func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), type, flags, 0, 0, 0, stream] + payload
    }

    private static func field(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
    }

    private static func exactly(_ count: Int, _ peer: Peer) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = peer.read(count - bytes.count)
            guard !more.isEmpty else { return nil }
            bytes += more
        }
        return bytes
    }
}
