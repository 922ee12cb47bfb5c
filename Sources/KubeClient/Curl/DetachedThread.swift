import CCurl
import KubeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A thread of its own for a loop that blocks in libcurl: none of the threads that all tasks share may wait there.
enum DetachedThread {
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread that runs `body` and ends with it.
    ///
    /// - Parameter name: as the kernel shows it, at most 15 bytes.
    /// - Throws: `KubeError` with code `connection` where the host gives no thread.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(KubeError) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(
            Body {
                ccurl_name_thread(name)
                body()
            }
        )
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
            throw KubeError(.connection, "no thread for \(name): \(String(cString: strerror(code)))")
        }
        pthread_detach(thread)
    }
}
