import CCurl
import KubeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension EasyHandle {
    /// Sets what transfers of an `EasyLoop` have in common: each has a connection of its own, to the endpoint itself.
    func configureAlone(timeout: Duration) throws(KubeError) {
        try set(CURLOPT_TIMEOUT_MS, timeout.wholeMilliseconds)
        // Signals and the environment belong to the process; a transfer goes to the endpoint and not to a proxy.
        try set(CURLOPT_NOSIGNAL, true)
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_PATH_AS_IS, true)
        // Thousands of endpoints are asked in turn: a connection kept for each would be a thousand sockets.
        try set(CURLOPT_FRESH_CONNECT, true)
        try set(CURLOPT_FORBID_REUSE, true)
        // libcurl would keep each address, and look through all that it keeps at each connection: a third of the cost.
        try set(CURLOPT_DNS_CACHE_TIMEOUT, 0)
        // Without this the end of a transfer waits for its thread in getaddrinfo, and every other transfer with it.
        try set(CURLOPT_QUICK_EXIT, true)
        ccurl_set_sockopt(pointer) { _, socket, _ in
            // Children of this process must not inherit connections, which curl itself does not prevent.
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            return Int32(CURL_SOCKOPT_OK)
        }
    }
}
