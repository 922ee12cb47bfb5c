import CCurl
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The same load with one thread for each watch and for each request in flight, which waits in `curl_easy_perform`.
///
/// It is here to be measured beside the other way. A thread that has done its request keeps its connection and waits
/// for the next one, so that the comparison is about threads and not about handshakes.
final class ThreadedClient: LoadClient {
    private typealias Work = @Sendable (UnsafeMutableRawPointer) -> Void

    private let server: LoadServer
    private let idle = Mutex<[Worker]>([])

    init(_ server: LoadServer) {
        self.server = server
        curl_global_init(ccurl_global_default())
    }

    func follow(_ path: String, opened: @escaping @Sendable () -> Void, heard: @escaping @Sendable (Int) -> Void) {
        let sink = Sink(opened: opened, heard: heard)
        let url = "\(server.url)\(path)?watch=true"
        Worker.start { [server] handle, _ in
            Self.configure(handle, server, url, sink)
            curl_easy_perform(handle)
        }
    }

    func ask(isWrite: Bool, answered: @escaping @Sendable (Int) -> Void) {
        let url = server.url + LoadServer.path
        let work: Work = { [server] handle in
            Self.configure(handle, server, url, nil)
            ccurl_set_text(handle, CURLOPT_CUSTOMREQUEST, isWrite ? "PUT" : "GET")
            if isWrite { ccurl_set_body(handle, LoadServer.body, LoadServer.body.count) }
            var status = 0
            if curl_easy_perform(handle) == CURLE_OK { ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status) }
            answered(status)
        }
        if let worker = idle.withLock({ $0.popLast() }) { return worker.hand(work) }
        Worker.start { [self] handle, worker in
            var next: Work? = work
            while let work = next {
                work(handle)
                idle.withLock { $0.append(worker) }
                next = worker.wait()
            }
        }
    }

    private static func configure(
        _ handle: UnsafeMutableRawPointer,
        _ server: LoadServer,
        _ url: String,
        _ sink: Sink?
    ) {
        curl_easy_reset(handle)
        ccurl_set_text(handle, CURLOPT_URL, url)
        ccurl_set_text(handle, CURLOPT_CAINFO, server.authority)
        ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(handle, CURLOPT_BUFFERSIZE, 16 << 10)
        let context = sink.map { Unmanaged.passRetained($0).toOpaque() }
        ccurl_set_header(
            handle,
            { bytes, size, count, context in
                // The empty line after the head.
                if size * count == 2, let context { Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue().opened() }
                return size * count
            },
            context
        )
        ccurl_set_write(
            handle,
            { _, size, count, context in
                if let context { Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue().heard(size * count) }
                return size * count
            },
            context
        )
    }

    private final class Sink: Sendable {
        let opened: @Sendable () -> Void
        let heard: @Sendable (Int) -> Void

        init(opened: @escaping @Sendable () -> Void, heard: @escaping @Sendable (Int) -> Void) {
            self.opened = opened
            self.heard = heard
        }
    }

    /// A thread with a handle of its own.
    private final class Worker: @unchecked Sendable /* the work has a lock, the descriptor never changes */ {
        private let work = Mutex<Work?>(nil)
        private let bell = ccurl_event_descriptor()

        static func start(_ body: @escaping @Sendable (UnsafeMutableRawPointer, Worker) -> Void) {
            let start = Start(body)
            var thread = pthread_t()
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            pthread_attr_setstacksize(&attributes, 256 << 10)
            pthread_create(
                &thread,
                &attributes,
                { context in
                    guard let context, let handle = curl_easy_init() else { return nil }
                    let worker = Worker()
                    Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body(handle, worker)
                    curl_easy_cleanup(handle)
                    return nil
                },
                Unmanaged.passRetained(start).toOpaque()
            )
        }

        func hand(_ next: @escaping Work) {
            work.withLock { $0 = next }
            var one: UInt64 = 1
            _ = write(bell, &one, MemoryLayout<UInt64>.size)
        }

        func wait() -> Work? {
            var waits = [pollfd(fd: bell, events: Int16(POLLIN), revents: 0)]
            poll(&waits, 1, -1)
            var count: UInt64 = 0
            _ = read(bell, &count, MemoryLayout<UInt64>.size)
            return work.withLock { $0.take() }
        }
    }

    private final class Start: Sendable {
        let body: @Sendable (UnsafeMutableRawPointer, Worker) -> Void
        init(_ body: @escaping @Sendable (UnsafeMutableRawPointer, Worker) -> Void) { self.body = body }
    }
}
