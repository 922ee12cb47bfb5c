import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Many endpoints behind one port of loopback, each as well or as ill as its path says: `/KIND/NUMBER`.
///
/// It answers real HTTP and is for tests and benchmarks of probes.
package final class EndpointFarm: Sendable {
    /// What an endpoint does with a request.
    package enum Kind: String, Sendable, CaseIterable {
        case well
        /// Answers with 503.
        case ill
        /// Accepts and never answers.
        case hanging
        /// Begins an answer, and sends a byte of it now and then.
        case trickling
        /// Answers with something else than HTTP.
        case garbage
    }

    private struct State {
        var asked: [String: Int] = [:]
        var unanswered = 0
        var mostUnanswered = 0
    }

    /// Where all of them are.
    package let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    /// - Parameter everywhere: whether it listens on every address and not only on 127.0.0.1: then 127.1.2.3 leads here
    ///   too, and a client that asks very often does not run out of ports for one address.
    package init(everywhere: Bool = false) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = everywhere ? 0 : UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) | listen(listener, 1024) | getsockname(listener, address, &size)
            }
        }
        guard listener >= 0, code == 0 else {
            throw CocoaError(.fileReadUnknown)
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let file = accept(listener, nil, nil)
                guard file >= 0, let self else {
                    if file >= 0 { close(file) }
                    return
                }
                self.begin()
                Thread.detachNewThread { self.serve(file) }
            }
        }
    }

    /// Ends the listener; connections go on until their clients close them.
    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    deinit { close(listener) }

    /// The path of an endpoint.
    package static func path(_ kind: Kind, _ number: Int) -> String { "/\(kind.rawValue)/\(number)" }

    /// How often each path was asked for.
    package var asked: [String: Int] { state.withLock { $0.asked } }

    /// Most connections that were open at once and not answered: never more than the client had.
    package var mostUnanswered: Int { state.withLock { $0.mostUnanswered } }

    private func begin() {
        state.withLock { state in
            state.unanswered += 1
            state.mostUnanswered = max(state.mostUnanswered, state.unanswered)
        }
    }

    private func serve(_ file: Int32) {
        defer { close(file) }
        guard let path = Self.path(of: file), let kind = Kind(rawValue: String(path.split(separator: "/").first ?? ""))
        else { return state.withLock { $0.unanswered -= 1 } }
        state.withLock { $0.asked[path, default: 0] += 1 }
        if kind == .hanging || kind == .trickling {
            if kind == .trickling { trickle(file) } else { Self.waitForClose(file) }
            return state.withLock { $0.unanswered -= 1 }
        }
        // Counted before the client can know: it may open its next connection at once.
        state.withLock { $0.unanswered -= 1 }
        switch kind {
        case .well: Self.write(file, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        case .ill: Self.write(file, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        case .garbage, .hanging, .trickling: Self.write(file, "\u{1}\u{2}\u{3} who goes there?\r\n\r\n")
        }
    }

    private func trickle(_ file: Int32) {
        var rest = Array("HTTP/1.1 200 OK\r\nX: ".utf8)[...]
        while true {
            guard Self.write(file, String(decoding: [rest.popFirst() ?? 0x2E], as: UTF8.self)) else { return }
            var wait = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
            // What comes now is the client's end.
            if poll(&wait, 1, 100) != 0 { return }
        }
    }

    private static func path(of file: Int32) -> String? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        var buffer = [UInt8](repeating: 0, count: 2048)
        while bytes.suffix(4) != end[...] {
            let count = recv(file, &buffer, buffer.count, 0)
            guard count > 0, bytes.count < 65_536 else { return nil }
            bytes += buffer[..<count]
        }
        let words = bytes.prefix { $0 != 0x0D }.split(separator: 0x20)
        return words.count == 3 ? String(decoding: words[1], as: UTF8.self) : nil
    }

    private static func waitForClose(_ file: Int32) {
        var buffer = [UInt8](repeating: 0, count: 256)
        while recv(file, &buffer, buffer.count, 0) > 0 {}
    }

    @discardableResult
    private static func write(_ file: Int32, _ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}
