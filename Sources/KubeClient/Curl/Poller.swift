import CCurl
import KubeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Waits for many sockets, at a cost that grows with those that are ready and not with those that are open.
///
/// The kernel keeps the list (epoll), and is told of changes only: a thousand silent watches cost a wake-up nothing.
/// It belongs to one thread.
final class Poller {
    /// A socket, and who asked for it.
    struct Key: Hashable {
        var owner: UInt32
        var file: Int32

        fileprivate var packed: UInt64 { UInt64(owner) << 32 | UInt64(UInt32(bitPattern: file)) }

        fileprivate init(packed: UInt64) {
            owner = UInt32(truncatingIfNeeded: packed >> 32)
            file = Int32(truncatingIfNeeded: packed)
        }

        init(owner: UInt32, file: Int32) {
            self.owner = owner
            self.file = file
        }
    }

    /// What to wait for on a socket; an error on it is always told.
    struct Interest: OptionSet {
        let rawValue: UInt32
        static let read = Interest(rawValue: ccurl_readable())
        static let write = Interest(rawValue: ccurl_writable())
    }

    /// A socket on which something can be done.
    struct Ready {
        var key: Key
        var canRead: Bool
        var canWrite: Bool
        var hasError: Bool
    }

    private let epoll: Int32
    private var known: Set<Int32> = []
    private var buffer = [ccurl_ready](repeating: ccurl_ready(), count: 64)

    init() throws(KubeError) {
        epoll = ccurl_epoll_create()
        guard epoll >= 0 else {
            throw KubeError(.connection, "no epoll descriptor for the client: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(epoll) }

    /// Waits for `interest` on a socket from now on.
    ///
    /// A socket that the kernel does not take is never ready; the deadline of its transfer ends it.
    func watch(_ key: Key, for interest: Interest) {
        let (first, second) = known.contains(key.file) ? (EPOLL_CTL_MOD, EPOLL_CTL_ADD) : (EPOLL_CTL_ADD, EPOLL_CTL_MOD)
        // A number may have been closed and given out again without our being told.
        if ccurl_epoll_set(epoll, first, key.file, interest.rawValue, key.packed) != 0 {
            _ = ccurl_epoll_set(epoll, second, key.file, interest.rawValue, key.packed)
        }
        known.insert(key.file)
    }

    /// Forgets a socket.
    func forget(_ key: Key) {
        guard known.remove(key.file) != nil else { return }
        _ = ccurl_epoll_set(epoll, EPOLL_CTL_DEL, key.file, 0, 0)
    }

    /// Waits until a socket is ready, at most `milliseconds`; -1 waits without an end.
    ///
    /// - Returns: at most 64 sockets; those that are left over are ready the next time. None after a signal.
    func wait(milliseconds: Int32) -> [Ready] {
        let count = ccurl_epoll_wait(epoll, &buffer, Int32(buffer.count), milliseconds)
        guard count > 0 else { return [] }
        return buffer[..<Int(count)].map { ready in
            let events = Interest(rawValue: ready.events)
            return Ready(
                key: Key(packed: ready.key),
                canRead: events.contains(.read),
                canWrite: events.contains(.write),
                hasError: !events.subtracting([.read, .write]).isEmpty
            )
        }
    }
}
