import Foundation
import Glibc

/// A connection to loopback whose every byte is the test's. It blocks, for a minute at most.
package final class RawClient: Sendable {
    private let file: Int32

    package init(port: UInt16) throws {
        file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(file, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { throw CocoaError(.fileReadUnknown) }
    }

    deinit { close(file) }

    /// False where the server has closed.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        Glibc.send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    @discardableResult
    package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// What comes until `text` has come, or the server's end; it throws away nothing.
    package func read(until text: String? = nil) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(file, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer.prefix(count)
            if let text, bytes.suffix(text.utf8.count).elementsEqual(text.utf8) {
                return String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    /// Whether the server holds it open too.
    package var isOpen: Bool {
        var byte: UInt8 = 0
        return recv(file, &byte, 1, Int32(MSG_DONTWAIT)) < 0 && errno == EAGAIN
    }

    /// Sends lines without an end to a port, on connections of its own, until `isOver`.
    package static func flood(port: UInt16, connections: Int, until isOver: @escaping @Sendable () -> Bool) async {
        let line = [UInt8](repeating: UInt8(ascii: "a"), count: 65_536)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<connections {
                group.addTask {
                    try? await onThread {
                        while !isOver(), let client = try? RawClient(port: port) {
                            client.send("GET /")
                            while !isOver(), client.send(line) {}
                        }
                    }
                }
            }
        }
    }

    /// The whole answer to one request on a connection of its own.
    package static func get(_ target: String, port: UInt16) throws -> String {
        let client = try RawClient(port: port)
        client.send("GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return client.read()
    }
}

/// Runs what blocks on a thread of its own: those that tasks share are few.
package func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
