import CCurl
import KubeCore

/// libcurl, made ready once in the life of the process.
enum CurlLibrary {
    private static let outcome = curl_global_init(ccurl_global_default())

    static func prepare() throws(KubeError) {
        guard outcome == CURLE_OK else { throw KubeError(.configuration, "libcurl cannot be used: \(text(outcome))") }
    }

    static func text(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }
}

/// One transfer of libcurl and the memory that it points to, owned by one value.
struct EasyHandle: ~Copyable {
    let pointer: UnsafeMutableRawPointer
    private let errorBuffer: UnsafeMutablePointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    init() throws(KubeError) {
        try CurlLibrary.prepare()
        guard let pointer = curl_easy_init() else { throw KubeError(.connection, "no memory for a transfer") }
        self.pointer = pointer
        errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorBuffer)
    }

    deinit {
        curl_easy_cleanup(pointer)
        for list in lists { curl_slist_free_all(list) }
        errorBuffer.deallocate()
    }

    /// Forgets all options, for another transfer.
    func reset() {
        curl_easy_reset(pointer)
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        ccurl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorBuffer)
    }

    /// What libcurl says about the failure, beyond its code.
    var failureText: String { String(cString: errorBuffer) }

    /// Whether any byte of a request was written to the connection.
    var hasSentRequest: Bool {
        var count = 0
        return ccurl_get_long(pointer, CURLINFO_REQUEST_SIZE, &count) == CURLE_OK && count > 0
    }

    func set(_ option: CURLoption, _ value: Int) throws(KubeError) {
        try check(ccurl_set_long(pointer, option, value), option)
    }

    /// A number that libcurl knows of the transfer; 0 where it knows none.
    func number(_ info: CURLINFO) -> Int {
        var value = 0
        return ccurl_get_long(pointer, info, &value) == CURLE_OK ? value : 0
    }

    func set(_ option: CURLoption, _ value: Bool) throws(KubeError) { try set(option, value ? 1 : 0) }

    func set(_ option: CURLoption, _ value: String) throws(KubeError) {
        try check(ccurl_set_text(pointer, option, value), option)
    }

    /// Takes back a text that libcurl has by default.
    func clear(_ option: CURLoption) throws(KubeError) { try check(ccurl_set_text(pointer, option, nil), option) }

    func set(_ blob: CURLoption, _ bytes: [UInt8]) throws(KubeError) {
        try check(ccurl_set_blob(pointer, blob, bytes, bytes.count), blob)
    }

    func set(body: [UInt8]) throws(KubeError) {
        // A byte more than is read: the address of an empty array may be null, which would mean no body at all.
        try check(ccurl_set_body(pointer, body + [0], body.count), CURLOPT_COPYPOSTFIELDS)
    }

    mutating func set(_ option: CURLoption, _ lines: [String]) throws(KubeError) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                throw KubeError(.connection, "no memory for the header")
            }
            list = longer
        }
        guard let list else { return }
        lists.append(list)
        try check(ccurl_set_list(pointer, option, list), option)
    }

    private func check(_ code: CURLcode, _ option: CURLoption) throws(KubeError) {
        guard code == CURLE_OK else {
            throw KubeError(.configuration, "libcurl refuses option \(option.rawValue): \(CurlLibrary.text(code))")
        }
    }
}

extension EasyHandle {
    /// Sets what every transfer to this server has in common.
    func configure(
        _ configuration: ClusterConfiguration,
        _ identity: TLSIdentity,
        _ options: ClientOptions
    ) throws(KubeError) {
        // Signals and the environment belong to the process, not to a library in it.
        try set(CURLOPT_NOSIGNAL, true)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_PATH_AS_IS, true)
        try set(CURLOPT_USERAGENT, options.userAgent)
        // A peer that is gone without a word is asked after 30 s of silence, and given up 10 s later, by the limit on
        // unanswered data of the socket (`Transfer`).
        try set(CURLOPT_TCP_KEEPALIVE, true)
        try set(CURLOPT_TCP_KEEPIDLE, 30)
        try set(CURLOPT_TCP_KEEPINTVL, 10)
        // A name that leads elsewhere since the API server moved is asked for again.
        try set(CURLOPT_DNS_CACHE_TIMEOUT, 15)
        // Without this the end of a transfer waits for its thread in getaddrinfo, and every other transfer with it.
        try set(CURLOPT_QUICK_EXIT, true)
        if options.acceptsCompression { try set(CURLOPT_ACCEPT_ENCODING, "gzip") }
        try configure(proxy: configuration.proxy, isInsecure: configuration.isInsecure, identity)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, !configuration.isInsecure)
        try set(CURLOPT_SSL_VERIFYHOST, configuration.isInsecure ? 0 : 2)
        // The system's authorities are rotated too: without this libcurl would keep them for a day.
        try set(CURLOPT_CA_CACHE_TIMEOUT, 60)
        // As data, which libcurl compares before it uses a connection again: other certificates, other connections.
        if let authority = identity.authority {
            try set(CURLOPT_CAINFO_BLOB, authority)
            // The blob takes the place of libcurl's usual file alone: it would trust the system's folder beside it.
            try clear(CURLOPT_CAPATH)
        }
        if let pair = identity.pair {
            try set(CURLOPT_SSLCERT_BLOB, pair.certificate)
            try set(CURLOPT_SSLKEY_BLOB, pair.key)
        }
    }

    private func configure(
        proxy: ProxyAddress?,
        isInsecure: Bool,
        _ identity: TLSIdentity
    ) throws(KubeError) {
        // Empty is not absent: without it libcurl would look into the environment.
        try set(CURLOPT_PROXY, proxy?.url ?? "")
        guard let proxy else { return }
        try set(CURLOPT_NOPROXY, "")
        // The proxy's own answer is not the server's.
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
        if let user = proxy.user { try set(CURLOPT_PROXYUSERNAME, user.exposed) }
        if let password = proxy.password { try set(CURLOPT_PROXYPASSWORD, password.exposed) }
        // The cluster's authority signs its proxy too, as in Go's transport.
        try set(CURLOPT_PROXY_SSL_VERIFYPEER, !isInsecure)
        try set(CURLOPT_PROXY_SSL_VERIFYHOST, isInsecure ? 0 : 2)
        guard let authority = identity.authority else { return }
        try set(CURLOPT_PROXY_CAINFO_BLOB, authority)
        try clear(CURLOPT_PROXY_CAPATH)
    }

    /// Sets what one attempt of a request needs; times are for the whole transfer and for its connection.
    mutating func configure(_ plan: TransferPlan, timeout: Duration?, connectTimeout: Duration) throws(KubeError) {
        try set(CURLOPT_URL, plan.url)
        if let route = plan.connectTo { try set(CURLOPT_CONNECT_TO, [route]) }
        try set(CURLOPT_HTTPHEADER, plan.headers + (plan.authorization.map { ["Authorization: \($0.exposed)"] } ?? []))
        // A watch has a connection of its own for minutes, and its pieces are small: TLS hands over 16 KiB at a time.
        try set(CURLOPT_BUFFERSIZE, (plan.isStream ? 16 : 128) << 10)
        switch plan.version {
        case .http1: try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2OverTLS:
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            // Many requests at once wait for one shared connection and do not open one each.
            try set(CURLOPT_PIPEWAIT, true)
        }
        if let body = plan.body ?? (plan.method == .get || plan.method == .delete ? nil : []) { try set(body: body) }
        if plan.method != .get { try set(CURLOPT_CUSTOMREQUEST, plan.method.rawValue) }
        if let timeout { try set(CURLOPT_TIMEOUT_MS, timeout.wholeMilliseconds) }
        try set(CURLOPT_CONNECTTIMEOUT_MS, connectTimeout.wholeMilliseconds)
    }
}

extension Duration {
    /// Milliseconds, rounded up and at least one: to libcurl zero means no limit.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds < 1 << 31 else { return 1 << 41 }
        return max(1, Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
