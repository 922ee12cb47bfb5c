import Foundation
import Glibc
import Synchronization

/// A server on loopback whose behaviour is the test's: each connection is handed to the handler on a thread of its own.
///
/// It listens until the process ends: the last use of the object in a test comes before the last connection.
package final class RawServer: Sendable {
    package let port: Int
    private let listener: Int32

    package var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameter handle: gets each connection and its number, from 0; the connection is closed when it returns.
    package init(_ handle: @escaping @Sendable (Peer, Int) -> Void) throws {
        let (listener, port) = try Self.bound()
        guard listen(listener, 256) == 0 else { throw CocoaError(.fileReadUnknown) }
        self.listener = listener
        self.port = port
        Thread.detachNewThread {
            var number = 0
            while true {
                let file = accept(listener, nil, nil)
                guard file >= 0 else { return }
                let peer = Peer(file: file)
                let current = number
                number += 1
                Thread.detachNewThread {
                    handle(peer, current)
                    close(peer.file)
                }
            }
        }
    }

    /// Accepts no more connections; those that are open go on.
    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// A port on which nobody listens, and nobody ever will: a socket that does not listen holds it until the process
    /// ends.
    package static func closedPort() throws -> Int { try bound().port }

    /// A socket with a port of its own on loopback.
    private static func bound() throws -> (file: Int32, port: Int) {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(file, address, size) | getsockname(file, address, &size)
            }
        }
        guard file >= 0, code == 0 else { throw CocoaError(.fileReadUnknown) }
        return (file, Int(UInt16(bigEndian: address.sin_port)))
    }
}

/// One connection, seen from the server.
package struct Peer: Sendable {
    package struct Request: Sendable {
        package var line: String
        package var headers: [String: String]
        package var body: [UInt8]
    }

    package let file: Int32

    /// Reads one request with its body, which may be left where it is; nil when the client closed.
    package func request(withBody: Bool = true) -> Request? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        while bytes.suffix(4) != end[...] {
            guard let byte = read(1).first else { return nil }
            bytes.append(byte)
        }
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n").filter { !$0.isEmpty }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        var body: [UInt8] = []
        let length = withBody ? headers["content-length"].flatMap(Int.init) ?? 0 : 0
        while body.count < length {
            let more = read(length - body.count)
            guard !more.isEmpty else { return nil }
            body += more
        }
        return Request(line: lines.first ?? "", headers: headers, body: body)
    }

    /// Reads at most `count` bytes; empty when the client closed.
    package func read(_ count: Int) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: count)
        let received = recv(file, &buffer, count, 0)
        return Array(buffer.prefix(max(0, received)))
    }

    /// Writes everything; false when the client closed.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest.removeFirst(sent)
        }
        return true
    }

    @discardableResult
    package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Answers with a body and its length.
    package func answer(_ body: String, status: String = "200 OK", headers: [String] = []) {
        let fields = headers.map { $0 + "\r\n" }.joined()
        write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")
    }

    /// Begins an answer in chunks.
    package func begin() { write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") }

    /// Writes one chunk.
    @discardableResult
    package func chunk(_ bytes: [UInt8]) -> Bool {
        write(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [0x0D, 0x0A])
    }

    /// Ends an answer in chunks.
    package func end() { write("0\r\n\r\n") }

    /// Breaks the connection with a reset instead of an end.
    package func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(file, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    /// Reads `count` bytes; fewer when the client closed.
    package func exactly(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = read(count - bytes.count)
            guard !more.isEmpty else { break }
            bytes += more
        }
        return bytes
    }

    /// Carries bytes between the client and a port of this machine until one of them closes.
    package func tunnel(to port: Int) {
        let other = Peer(file: socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        defer { close(other.file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(other.file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { return }
        while true {
            var waits = [file, other.file].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&waits, 2, -1) > 0 else { return }
            for (wait, target) in zip(waits, [other, self]) where wait.revents != 0 {
                let bytes = Peer(file: wait.fd).read(65_536)
                guard !bytes.isEmpty, target.write(bytes) else { return }
            }
        }
    }

    /// Tells the client that no more comes, and goes on reading.
    package func finishWriting() { shutdown(file, Int32(SHUT_WR)) }

    /// Waits until the client closes; what it still sends is thrown away.
    package func waitForClose() {
        while !read(4096).isEmpty {}
    }
}

/// Lists what happened, from any thread, and lets a test wait for it.
package final class Journal<Entry: Sendable>: Sendable {
    private let state = Mutex<[Entry]>([])

    package init() {}

    package var entries: [Entry] { state.withLock { $0 } }

    package func note(_ entry: Entry) { state.withLock { $0.append(entry) } }

    /// Waits until there are `count` entries, at most `limit`; returns what there is then.
    package func wait(for count: Int, limit: Duration = .seconds(5)) async throws -> [Entry] {
        let deadline = ContinuousClock.now + limit
        while entries.count < count, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        return entries
    }
}
