import KubeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A thread of its own for what waits for sockets: the threads that all tasks share are those of the Lease.
enum ServerThread {
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread that runs `body` and ends with it.
    ///
    /// - Parameter name: what it is for, as a message names it.
    /// - Throws: `KubeError` with code `connection` where the host gives no thread.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(KubeError) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(body))
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        guard code == 0 else {
            context.release()
            throw KubeError(.connection, "no thread for the \(name): \(String(cString: strerror(code)))")
        }
        pthread_detach(thread)
    }
}

/// Wakes a thread that waits in poll, for good.
final class Bell: Sendable {
    /// Readable once the bell has rung.
    let descriptor: Int32
    private let far: Int32

    /// - Throws: `KubeError` with code `connection` where the host gives no descriptors.
    init() throws(KubeError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw KubeError(.connection, "no pipe for the server: \(String(cString: strerror(errno)))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (descriptor, far) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(far)
    }

    func ring() {
        var byte: UInt8 = 1
        _ = write(far, &byte, 1)
    }
}
