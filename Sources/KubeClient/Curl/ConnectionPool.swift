import CCurl
import KubeCore

/// Connections that transfers share, and what libcurl waits for on them; all of it belongs to the loop's thread.
///
/// libcurl only acts when it is told that a socket is ready or that its timer has run out.
final class ConnectionPool {
    private let multi: UnsafeMutableRawPointer
    private let poller: Poller
    /// Marks our sockets among those of the poller.
    private let owner: UInt32
    /// Sockets that libcurl waits for.
    private var sockets: Set<Int32> = []
    /// When libcurl wants to be called without any socket being ready.
    private(set) var timer: ContinuousClock.Instant?

    init(_ poller: Poller, owner: UInt32) throws(KubeError) {
        self.poller = poller
        self.owner = owner
        try CurlLibrary.prepare()
        guard let multi = curl_multi_init() else { throw KubeError(.connection, "no memory for libcurl") }
        self.multi = multi
        // Connections that wait for their next use; those in use are not counted.
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 32)
        // libcurl holds the address only while the handle lives, which this object owns.
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_set_socket(
            multi,
            { _, socket, what, context, _ in
                ConnectionPool.from(context)?.wait(for: what, on: socket)
                return 0
            },
            context
        )
        ccurl_multi_set_timer(
            multi,
            { _, milliseconds, context in
                ConnectionPool.from(context)?.timer = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
                return 0
            },
            context
        )
    }

    deinit { curl_multi_cleanup(multi) }

    private static func from(_ context: UnsafeMutableRawPointer?) -> ConnectionPool? {
        context.map { Unmanaged<ConnectionPool>.fromOpaque($0).takeUnretainedValue() }
    }

    private func wait(for what: Int32, on socket: Int32) {
        let key = Poller.Key(owner: owner, file: socket)
        let interest: Poller.Interest
        switch what {
        case CURL_POLL_IN: interest = .read
        case CURL_POLL_OUT: interest = .write
        case CURL_POLL_INOUT: interest = [.read, .write]
        default:
            sockets.remove(socket)
            return poller.forget(key)
        }
        sockets.insert(socket)
        poller.watch(key, for: interest)
    }

    func add(_ handle: UnsafeMutableRawPointer) -> CURLMcode { curl_multi_add_handle(multi, handle) }

    /// Takes a transfer out; its connection is closed unless the transfer was over.
    func remove(_ handle: UnsafeMutableRawPointer) { curl_multi_remove_handle(multi, handle) }

    /// Lets libcurl work on a socket that is ready.
    func act(on ready: Poller.Ready) {
        // What was done for another socket of the same wake-up may have closed this one.
        guard sockets.contains(ready.key.file) else { return }
        var events: Int32 = 0
        if ready.canRead { events |= CURL_CSELECT_IN }
        if ready.canWrite { events |= CURL_CSELECT_OUT }
        if ready.hasError { events |= CURL_CSELECT_ERR }
        var running: Int32 = 0
        curl_multi_socket_action(multi, ready.key.file, events, &running)
    }

    /// Lets libcurl work if its timer has run out.
    func actOnTimer(at now: ContinuousClock.Instant) {
        guard let timer, timer <= now else { return }
        self.timer = nil
        var running: Int32 = 0
        curl_multi_socket_action(multi, CURL_SOCKET_BAD, 0, &running)
    }

    /// The next transfer that is over, and libcurl's verdict.
    func nextCompleted() -> (handle: UnsafeMutableRawPointer, code: CURLcode)? {
        var waiting: Int32 = 0
        while let message = curl_multi_info_read(multi, &waiting) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            return (handle, message.pointee.data.result)
        }
        return nil
    }
}
