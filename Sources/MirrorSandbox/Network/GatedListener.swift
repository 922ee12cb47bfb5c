package import FlyingSocks
import Glibc
import Synchronization

/// A TCP listener of loopback that a policy of the network can cut off: new connections then get no answer at all, as
/// where packets are dropped, and those that are established go on or not.
///
/// The kernel drops what no place in the listener's queue is left for; so a cut listener has a queue for one, filled by
/// a connection of ours, and accepts nothing.
package final class GatedListener: Sendable {
    /// Serves one connection.
    package typealias Serve = @Sendable (AsyncSocket) async -> Void

    private struct State {
        var isCut = false
        var isRefusing = false
        var substitute: Serve?
        /// Whether nothing more is accepted.
        var isResting = false
        var connections: [Int32: Int] = [:]
        var filler: Int32?
        var accepted = 0
    }

    package let address: String
    package let port: UInt16
    private let listener: AsyncSocket
    private let state = Mutex(State())

    /// - Parameter pool: the process's, which is run elsewhere.
    /// - Throws: `SocketError` where the port can't be had.
    package init(_ address: String, _ port: UInt16, pool: some AsyncSocketPool) throws {
        let socket = try Socket(domain: AF_INET)
        try socket.setValue(true, for: .localAddressReuse)
        try socket.bind(to: sockaddr_in.inet(ip4: address, port: port))
        try socket.listen()
        listener = try AsyncSocket(socket: socket, pool: pool)
        self.address = address
        guard case .ip4(_, let bound) = try socket.sockname() else { throw SocketError.unsupportedAddress }
        self.port = bound
    }

    /// Connections that were accepted so far.
    package var accepted: Int { state.withLock(\.accepted) }

    /// Serves each connection until it is cancelled; the connection is closed when `serve` returns.
    package func run(_ serve: @escaping Serve) async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                do {
                    let socket = try await listener.accept()
                    Self.sendAtOnce(socket)
                    guard register(socket) else {
                        try? socket.close()
                        await restWhileCut()
                        continue
                    }
                    group.addTask {
                        await (self.state.withLock(\.substitute) ?? serve)(socket)
                        self.forget(socket)
                    }
                } catch SocketError.failed {
                    // Out of file descriptors, for instance: connections that end make room.
                    try? await Task.sleep(for: .milliseconds(50))
                } catch {
                    // What no longer listens looks as if it had ended.
                    guard !Task.isCancelled, state.withLock(\.isRefusing) else { break }
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
            group.cancelAll()
        }
        try? listener.close()
    }

    /// Cuts the listener off, or lets it go on.
    ///
    /// - Parameter keepingEstablished: whether connections that are there already stay.
    package func cut(_ isCut: Bool, keepingEstablished: Bool = true) async {
        let isNews = state.withLock { state in
            defer { state.isCut = isCut }
            return state.isCut != isCut
        }
        guard isNews else { return }
        isCut ? await close() : open()
        guard isCut, !keepingEstablished else { return }
        for file in state.withLock({ Array($0.connections.keys) }) { shutdown(file, Int32(SHUT_RDWR)) }
    }

    /// Has somebody else serve new connections, or itself again.
    package func substitute(_ serve: Serve?) { state.withLock { $0.substitute = serve } }

    /// Refuses new connections, as where nobody listens, or takes them again.
    package func refuse(_ refuses: Bool) {
        let isNews = state.withLock { state in
            defer { state.isRefusing = refuses }
            return state.isRefusing != refuses
        }
        guard isNews else { return }
        let file = listener.socket.file.rawValue
        // On Linux a listening socket that is shut down keeps its address, and listens again when it is told to.
        _ = refuses ? shutdown(file, Int32(SHUT_RDWR)) : listen(file, SOMAXCONN)
    }

    private func close() async {
        listen(listener.socket.file.rawValue, 0)
        // One connection wakes whoever waits for the next, and is refused there.
        let waker = connection()
        for _ in 0..<200 where !state.withLock(\.isResting) { try? await Task.sleep(for: .milliseconds(5)) }
        let filler = connection()
        if let waker { Glibc.close(waker) }
        state.withLock { $0.filler = filler }
    }

    private func open() {
        let filler = state.withLock { state in
            defer { state.filler = nil }
            return state.filler
        }
        listen(listener.socket.file.rawValue, SOMAXCONN)
        if let filler { Glibc.close(filler) }
    }

    /// Without it the second of two small writes waits until the client has acknowledged the first, 40 ms.
    private static func sendAtOnce(_ socket: AsyncSocket) {
        var isOn: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(socket.socket.file.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, size)
    }

    private func restWhileCut() async {
        state.withLock { $0.isResting = true }
        while !Task.isCancelled, state.withLock(\.isCut) { try? await Task.sleep(for: .milliseconds(10)) }
        state.withLock { $0.isResting = false }
    }

    private func register(_ socket: AsyncSocket) -> Bool {
        state.withLock { state in
            guard !state.isCut else { return false }
            state.accepted += 1
            state.connections[socket.socket.file.rawValue] = state.accepted
            return true
        }
    }

    private func forget(_ socket: AsyncSocket) {
        // Before it is closed: its number may be another connection's at once.
        state.withLock { $0.connections[socket.socket.file.rawValue] = nil }
        try? socket.close()
    }

    /// A connection to the listener that nothing is said on.
    private func connection() -> Int32? {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard file >= 0, let target = try? sockaddr_in.inet(ip4: address, port: port) else { return nil }
        _ = fcntl(file, F_SETFL, O_NONBLOCK)
        var copy = target
        _ = withUnsafePointer(to: &copy) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(file, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return file
    }
}
