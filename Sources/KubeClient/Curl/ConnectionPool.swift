import CCurl
import KubeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Connections that transfers share, and what libcurl waits for on them; all of it belongs to the loop's thread.
///
/// libcurl only acts when it is told that a socket is ready or that its timer has run out.
final class ConnectionPool {
    private let multi: UnsafeMutableRawPointer
    /// What libcurl waits for on each socket, in the terms of `poll`.
    private(set) var interests: [Int32: Int16] = [:]
    /// When libcurl wants to be called without any socket being ready.
    private(set) var timer: ContinuousClock.Instant?

    init() throws(KubeError) {
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
        switch what {
        case CURL_POLL_IN: interests[socket] = Int16(POLLIN)
        case CURL_POLL_OUT: interests[socket] = Int16(POLLOUT)
        case CURL_POLL_INOUT: interests[socket] = Int16(POLLIN | POLLOUT)
        default: interests[socket] = nil
        }
    }

    func add(_ handle: UnsafeMutableRawPointer) -> CURLMcode { curl_multi_add_handle(multi, handle) }

    /// Takes a transfer out; its connection is closed unless the transfer was over.
    func remove(_ handle: UnsafeMutableRawPointer) { curl_multi_remove_handle(multi, handle) }

    /// Lets libcurl work on a socket that is ready.
    func act(on socket: Int32, ready: Int16) {
        guard interests[socket] != nil else { return }
        var events: Int32 = 0
        if ready & Int16(POLLIN) != 0 { events |= CURL_CSELECT_IN }
        if ready & Int16(POLLOUT) != 0 { events |= CURL_CSELECT_OUT }
        if ready & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 { events |= CURL_CSELECT_ERR }
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, events, &running)
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
