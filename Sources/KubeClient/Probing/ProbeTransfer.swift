import CCurl
import KubeCore
import Synchronization

/// One probe on its way through libcurl.
final class ProbeTransfer: EasyTransfer,
    @unchecked Sendable /* all but the two with a lock or an atomic is the loop's thread's */
{
    /// As for a kubelet, which stops after ten (Go `net/http`, `defaultCheckRedirect`).
    static let maximumRedirects = 10
    /// As for a kubelet (`pkg/probe/http`, `maxRespBodyLength`): what follows does not change the outcome.
    static let bodyLimit = 10 << 10

    let request: ProbeRequest
    private let wasCancelled = Atomic(false)
    private let waiter: Mutex<CheckedContinuation<ProbeOutcome, Never>?>
    private var handle: EasyHandle
    private var answer: ProbeAnswer
    private let deadline: ContinuousClock.Instant
    private var redirects = 0
    private var received = 0
    private var hasProgress = false

    var pointer: UnsafeMutableRawPointer { handle.pointer }
    var isCancelled: Bool { wasCancelled.load(ordering: .acquiring) }

    /// Prepares a probe; its time runs from now.
    init(
        _ request: ProbeRequest,
        userAgent: String,
        _ waiter: CheckedContinuation<ProbeOutcome, Never>
    ) throws(KubeError) {
        var handle = try EasyHandle()
        try handle.configure(request, userAgent: userAgent)
        self.request = request
        self.waiter = Mutex(waiter)
        self.handle = handle
        answer = ProbeAnswer(request: request, code: CURLE_OK, systemError: 0)
        deadline = .now + request.timeout
        // libcurl holds the address only while the handle lives, which this object owns.
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_header(self.handle.pointer, { ProbeTransfer.from($3)?.receive(header: $0, $1 * $2) ?? 0 }, context)
        ccurl_set_write(self.handle.pointer, { ProbeTransfer.from($3)?.receive(body: $0, $1 * $2) ?? 0 }, context)
        ccurl_set_prereq(
            self.handle.pointer,
            { context, _, _, _, _ in
                ProbeTransfer.from(context)?.answer.isConnected = true
                return 0
            },
            context
        )
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> ProbeTransfer? {
        context.map { Unmanaged<ProbeTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Tells whoever waits; the first word counts.
    func finish(_ outcome: ProbeOutcome) {
        waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }?.resume(returning: outcome)
    }

    func cancel() { wasCancelled.store(true, ordering: .releasing) }

    func finishUnstarted(_ reason: String) {
        let message = "it cannot be probed: \(reason)"
        finish(ProbeOutcome(fault: .configuration, address: request.address, message: message))
    }

    func finishCancelled() {
        finish(ProbeOutcome(fault: .cancelled, address: request.address, message: "given up"))
    }

    /// Takes libcurl's verdict.
    ///
    /// - Returns: whether the probe goes on at another path of the same host, and is to be given to libcurl again.
    func complete(_ code: CURLcode) -> Bool {
        var status = 0
        var systemError = 0
        ccurl_get_long(pointer, CURLINFO_RESPONSE_CODE, &status)
        ccurl_get_long(pointer, CURLINFO_OS_ERRNO, &systemError)
        answer.code = code
        answer.status = status
        answer.systemError = Int32(truncatingIfNeeded: systemError)
        if follow() { return true }
        finish(answer.outcome)
        return false
    }

    private func follow() -> Bool {
        guard answer.code == CURLE_OK || answer.isBodyCut, (300..<400).contains(answer.status),
            case .httpGet = request.check, let location = redirectTarget
        else { return false }
        guard Self.host(of: location)?.lowercased() == request.urlHost.lowercased() else {
            answer.isRedirectElsewhere = true
            return false
        }
        redirects += 1
        guard redirects <= Self.maximumRedirects else {
            answer.hasTooManyRedirects = true
            return false
        }
        let left = deadline - .now
        guard left > .zero, (try? handle.set(CURLOPT_URL, location)) != nil,
            (try? handle.set(CURLOPT_TIMEOUT_MS, left.wholeMilliseconds)) != nil
        else { return false }
        answer = ProbeAnswer(request: request, code: CURLE_OK, systemError: 0)
        received = 0
        return true
    }

    /// Where the answer sends us, as a whole URL; nil where it does not.
    private var redirectTarget: String? {
        var text: UnsafePointer<CChar>?
        guard ccurl_get_text(pointer, CURLINFO_REDIRECT_URL, &text) == CURLE_OK else { return nil }
        return text.map { String(cString: $0) }
    }

    private static func host(of url: String) -> String? {
        guard let parts = curl_url() else { return nil }
        defer { curl_url_cleanup(parts) }
        var host: UnsafeMutablePointer<CChar>?
        guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK,
            curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK, let host
        else { return nil }
        defer { curl_free(host) }
        return String(cString: host)
    }

    func takeProgress() -> Bool {
        defer { hasProgress = false }
        return hasProgress
    }

    private func receive(header bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        hasProgress = true
        answer.isAnswered = true
        let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: min(count, 64)), as: UTF8.self)
        // gRPC gives it in the trailers, which come here too.
        if line.lowercased().hasPrefix("grpc-status:") {
            answer.grpcStatus = Int(line.dropFirst(12).filter { !$0.isWhitespace })
        }
        return count
    }

    private func receive(body bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        hasProgress = true
        received += count
        if case .grpcHealth = request.check {
            guard received <= GRPCHealth.answerLimit else { return 0 }
            answer.body += UnsafeRawBufferPointer(start: bytes, count: count)
            return count
        }
        guard received > Self.bodyLimit else { return count }
        answer.isBodyCut = true
        return 0
    }
}

extension ProbeRequest {
    /// The host as it stands in a URL.
    fileprivate var urlHost: String { host.contains(":") ? "[\(host)]" : host }

    fileprivate var url: String {
        switch check {
        case .httpGet(let scheme, let path):
            "\(scheme.rawValue.lowercased())://\(authority)\(path.hasPrefix("/") ? "" : "/")\(path)"
        case .tcpConnect: "http://\(authority)/"
        case .grpcHealth: "http://\(authority)\(GRPCHealth.path)"
        }
    }
}

extension EasyHandle {
    fileprivate mutating func configure(_ request: ProbeRequest, userAgent: String) throws(KubeError) {
        try set(CURLOPT_URL, request.url)
        try set(CURLOPT_USERAGENT, userAgent)
        try set(CURLOPT_BUFFERSIZE, 16 << 10)
        try configureAlone(timeout: request.timeout)
        switch request.check {
        case .httpGet:
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
            try set(CURLOPT_HTTPHEADER, ["Accept: */*", "Connection: close"])
            try set(CURLOPT_SSL_VERIFYPEER, 0)
            try set(CURLOPT_SSL_VERIFYHOST, 0)
            // Nothing is verified, so the system's authorities need not be read for each connection.
            ccurl_set_pointer(pointer, CURLOPT_CAINFO, nil)
            ccurl_set_pointer(pointer, CURLOPT_CAPATH, nil)
        case .tcpConnect: try set(CURLOPT_CONNECT_ONLY, true)
        case .grpcHealth(let service):
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
            try set(CURLOPT_HTTPHEADER, ["Content-Type: application/grpc", "TE: trailers", "Expect:", "Accept:"])
            try set(body: GRPCHealth.request(service: service))
        }
    }
}
