import FlyingSocks
import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One GET of a whole task, which stands for the protocol of pieces.
enum PieceFetch {
    /// Why it came to nothing.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Gets a body, and gives it on as it comes.
    ///
    /// - Parameters:
    ///   - connect: time for the connection.
    ///   - sink: takes the bytes; what it throws ends the transfer.
    /// - Returns: bytes of the body.
    static func get(
        _ address: String,
        _ port: UInt16,
        _ path: String,
        connect: Duration,
        sink: (([UInt8]) throws -> Void)
    ) async throws -> Int64 {
        let target = try sockaddr_in.inet(ip4: address, port: port)
        let seconds = Double(connect.components.seconds) + Double(connect.components.attoseconds) / 1e18
        let socket = try await AsyncSocket.connected(to: target, timeout: seconds)
        defer { try? socket.close() }
        try await socket.write(
            bytes: Array("GET \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n".utf8)
        )
        var (length, rest) = try await head(of: socket)
        var received: Int64 = 0
        while true {
            received += Int64(rest.count)
            guard received <= length else { throw Failure(description: "more bytes than were announced") }
            if !rest.isEmpty { try sink(rest) }
            guard received < length else { return received }
            rest = try await socket.read(atMost: 4_096)
            guard !rest.isEmpty else { throw Failure(description: "the connection ended after \(received) bytes") }
        }
    }

    /// Length of the body, and what has come of it with the head.
    private static func head(of socket: AsyncSocket) async throws -> (length: Int64, rest: [UInt8]) {
        var bytes: [UInt8] = []
        let mark = Array("\r\n\r\n".utf8)
        while true {
            let part = try await socket.read(atMost: 4_096)
            guard !part.isEmpty, bytes.count < 64 << 10 else { throw Failure(description: "no answer") }
            bytes += part
            guard bytes.count >= 4,
                let end = (0...bytes.count - 4).first(where: { bytes[$0..<$0 + 4].elementsEqual(mark) })
            else { continue }
            let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
            let status = lines.first?.split(separator: " ").dropFirst().first ?? ""
            guard status == "200" else { throw Failure(description: "status \(status)") }
            let length = lines.first { $0.lowercased().hasPrefix("content-length:") }?.split(separator: ":").last
            guard let length, let number = Int64(length.drop { $0 == " " }) else {
                throw Failure(description: "no length")
            }
            return (number, Array(bytes[(end + 4)...]))
        }
    }
}
