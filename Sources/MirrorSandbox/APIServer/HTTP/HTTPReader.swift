import FlyingSocks

/// Reads HTTP/1.1 requests from a connection.
struct HTTPReader {
    /// What makes a connection useless.
    enum Failure: Error {
        case malformed
        case tooLarge
    }

    private static let headLimit = 64 << 10
    /// The real server takes 3 MiB.
    private static let bodyLimit = 3 << 20

    private let socket: AsyncSocket
    private var buffer: [UInt8] = []

    init(_ socket: AsyncSocket) { self.socket = socket }

    /// The next request; nil where the client has closed the connection.
    mutating func next() async throws -> HTTPMessage? {
        guard let head = try await upTo([0x0D, 0x0A, 0x0D, 0x0A], limit: Self.headLimit) else { return nil }
        guard var message = HTTPMessage(head: head) else { throw Failure.malformed }
        if message.expectsContinue { try await socket.write(bytes: HTTPWriter.head(100, [:])) }
        if message.isChunked {
            message.body = try await chunked()
        } else if let text = message.headers["content-length"] {
            guard let length = Int(text), length >= 0 else { throw Failure.malformed }
            message.body = try await exactly(length)
        }
        return message
    }

    private mutating func fill() async throws -> Bool {
        do {
            let bytes = try await socket.read(atMost: 4_096)
            buffer += bytes
            return !bytes.isEmpty
        } catch SocketError.disconnected {
            return false
        }
    }

    private mutating func upTo(_ mark: [UInt8], limit: Int) async throws -> [UInt8]? {
        var searched = 0
        while true {
            if buffer.count >= mark.count {
                for start in searched...(buffer.count - mark.count)
                where buffer[start..<start + mark.count].elementsEqual(mark) {
                    let found = Array(buffer[..<start])
                    buffer.removeSubrange(..<(start + mark.count))
                    return found
                }
                searched = buffer.count - mark.count + 1
            }
            guard buffer.count < limit else { throw Failure.tooLarge }
            guard try await fill() else { return nil }
        }
    }

    private mutating func exactly(_ count: Int) async throws -> [UInt8] {
        guard count <= Self.bodyLimit else { throw Failure.tooLarge }
        while buffer.count < count { guard try await fill() else { throw Failure.malformed } }
        defer { buffer.removeSubrange(..<count) }
        return Array(buffer[..<count])
    }

    private mutating func chunked() async throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            guard let line = try await upTo([0x0D, 0x0A], limit: Self.headLimit),
                let size = Int(String(decoding: line.prefix { $0 != 0x3B }, as: UTF8.self), radix: 16), size >= 0
            else { throw Failure.malformed }
            guard body.count + size <= Self.bodyLimit else { throw Failure.tooLarge }
            body += try await exactly(size)
            // After the last chunk there may be trailers, which nobody sends here, and an empty line.
            guard try await upTo([0x0D, 0x0A], limit: Self.headLimit) != nil else { throw Failure.malformed }
            if size == 0 { return body }
        }
    }

    /// Returns once the client has closed the connection, or sends what nobody reads any more.
    func untilClosed() async {
        _ = try? await socket.read(atMost: 1)
    }
}
