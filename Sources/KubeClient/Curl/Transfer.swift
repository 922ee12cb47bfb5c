import CCurl
import KubeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a transfer tells whoever waits for it; called on the loop's thread, and it must not block there.
protocol TransferSink: AnyObject, Sendable {
    /// The head of the answer is there.
    func receive(_ head: ResponseHead)
    /// A piece of the body is there.
    func receive(_ bytes: UnsafeRawBufferPointer) -> TransferStep
    /// The transfer is over; the last call.
    func finish(_ failure: KubeError?)
}

/// What becomes of a piece of a body.
enum TransferStep {
    /// It was taken.
    case taken
    /// It was not taken: it is to be kept until the transfer is resumed.
    case pause
    /// The body is too long.
    case refused
}

/// One attempt of a request on its way through libcurl.
final class Transfer: @unchecked Sendable /* mutable parts belong to the loop's thread, but for the atomic flag */ {
    let plan: TransferPlan
    let sink: any TransferSink
    /// Unlike that of any other transfer of the process.
    let number: UInt64
    /// Number of the certificates that it was begun with.
    let identity: Int
    let isCancelled = Atomic(false)
    /// libcurl's code for the failure; 0 where there was none, or it was not libcurl's.
    private let failureCode = Atomic<UInt32>(0)
    /// Called when the transfer is to be looked at earlier than it said before.
    var deadlineMovedUp: ((Transfer) -> Void)?
    private var watchdog: Watchdog
    private var handle: EasyHandle
    private var parser = ResponseHeadParser()
    private var starts = 0
    private var isTooLong = false
    private var isRetired = false
    private var lastByte: UInt8?
    /// Why the system gave no socket; 0 where it did.
    private var socketError: Int32 = 0
    private var isPaused = false

    private static let count = Atomic<UInt64>(0)

    /// Whether the body goes to a reader piece by piece.
    var isStream: Bool { plan.isStream }

    /// Whether it is a stream of lines that its reader can go on with elsewhere.
    var isWatch: Bool { plan.isWatch }

    /// Whether libcurl could not use our own certificate with its key.
    var hasUnusableCertificate: Bool { failureCode.load(ordering: .acquiring) == CURLE_SSL_CERTPROBLEM.rawValue }

    /// Whether a read failed because the server gave up a shared connection: it says so by GOAWAY, and libcurl 7.88
    /// asks again by itself only where the connection stays open for a moment.
    var lostItsConnection: Bool {
        plan.method.isRead && failureCode.load(ordering: .acquiring) == CURLE_HTTP2.rawValue
    }

    var pointer: UnsafeMutableRawPointer { handle.pointer }

    /// Prepares an attempt; `timeout` is for the whole of it, nil where the watchdog holds the deadline.
    init(
        _ plan: TransferPlan,
        to configuration: ClusterConfiguration,
        as identity: TLSIdentity,
        _ options: ClientOptions,
        timeout: Duration?,
        connectTimeout: Duration,
        watchdog: Watchdog,
        sink: any TransferSink
    ) throws(KubeError) {
        var handle = try EasyHandle()
        try handle.configure(configuration, identity, options)
        try handle.configure(plan, timeout: timeout, connectTimeout: connectTimeout)
        self.plan = plan
        self.sink = sink
        self.watchdog = watchdog
        self.handle = handle
        self.identity = identity.number
        number = Self.count.add(1, ordering: .relaxed).newValue
        // libcurl holds the address only while the handle lives, which this object owns.
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_header(self.handle.pointer, { Transfer.from($3)?.receive(header: $0, $1 * $2) ?? 0 }, context)
        ccurl_set_write(self.handle.pointer, { Transfer.from($3)?.receive(body: $0, $1 * $2) ?? 0 }, context)
        ccurl_set_prereq(self.handle.pointer, { context, _, _, _, _ in Transfer.from(context)?.start() ?? 1 }, context)
        ccurl_set_opensocket(
            self.handle.pointer,
            { context, _, address in Transfer.from(context)?.openSocket(address) ?? CURL_SOCKET_BAD },
            context
        )
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Goes on after a pause.
    func resume() {
        guard isPaused else { return }
        isPaused = false
        watchdog.touch()
        curl_easy_pause(pointer, 0)
    }

    /// Ends the transfer with libcurl's verdict.
    func finish(_ code: CURLcode) {
        guard code != CURLE_OK else {
            // To libcurl a connection that is closed within the head is the end of an answer without a body.
            return parser.isComplete ? sink.finish(nil) : finish(.connection, "the answer was cut within its head")
        }
        guard !isRetired else { return sink.finish(nil) }
        failureCode.store(code.rawValue, ordering: .releasing)
        var detail = handle.failureText.isEmpty ? CurlLibrary.text(code) : handle.failureText
        if socketError != 0 { detail += " (\(String(cString: strerror(socketError))))" }
        let cause = isTooLong ? TransferFailure.Cause.tooLong : TransferFailure.cause(of: code, detail)
        finish(cause, isTooLong ? "the answer is too long" : detail)
    }

    /// Ends the transfer with the verdict of its watchdog.
    func finish(_ verdict: Watchdog.Verdict) {
        switch verdict {
        case .retired: sink.finish(nil)
        case .dead(let detail): finish(.timeout, detail)
        }
    }

    /// Ends the transfer with a verdict of ours.
    func finish(_ cause: TransferFailure.Cause, _ detail: String) {
        let failure = TransferFailure(
            cause: cause,
            detail: detail,
            wasSent: starts > 1 || starts == 1 && handle.hasSentRequest
        )
        sink.finish(failure.error(method: plan.method, name: plan.name))
    }

    /// When to look at the transfer.
    var deadline: ContinuousClock.Instant? {
        watchdog.deadline(isPaused: isPaused, isBetweenLines: isBetweenLines)
    }

    /// Whether and how the transfer ends at `now`.
    func verdict(at now: ContinuousClock.Instant) -> Watchdog.Verdict? {
        watchdog.verdict(at: now, isPaused: isPaused, isBetweenLines: isBetweenLines)
    }

    /// Ends the stream at `instant`, between two lines.
    func retire(at instant: ContinuousClock.Instant) { watchdog.retire(at: instant) }

    private var isBetweenLines: Bool { lastByte == nil || lastByte == 0x0A }

    /// Children of this process must not inherit connections, which curl itself does not prevent.
    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>?) -> curl_socket_t {
        guard let address = address?.pointee else { return CURL_SOCKET_BAD }
        let file = socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
        socketError = file < 0 ? errno : 0
        // Keep-alive does not look after a connection with unanswered data on it, which the system would try to
        // deliver for a quarter of an hour while every new request joins it.
        var limit: Int32 = 30_000
        setsockopt(file, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, socklen_t(MemoryLayout<Int32>.size))
        return file
    }

    /// Called when a connection is there and the request is about to be sent.
    ///
    /// libcurl sends a request again by itself when a connection that it had kept is closed without an answer. The
    /// server may have carried the first one out, so a write is stopped here.
    private func start() -> Int32 {
        starts += 1
        return starts > 1 && !plan.method.isRead ? 1 : 0
    }

    private func receive(header bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        watchdog.touch()
        if let head = parser.push(UnsafeRawBufferPointer(start: bytes, count: count)) {
            watchdog.headArrived()
            sink.receive(head)
            deadlineMovedUp?(self)
        }
        return count
    }

    private func receive(body bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        watchdog.touch()
        switch sink.receive(UnsafeRawBufferPointer(start: bytes, count: count)) {
        case .taken:
            if count > 0 { lastByte = bytes.map { UInt8(bitPattern: $0[count - 1]) } }
            // To libcurl this is a failure; nothing else ends a transfer from within.
            isRetired = isBetweenLines && watchdog.isRetiring(at: .now)
            return isRetired ? 0 : count
        case .pause:
            isPaused = true
            return ccurl_pause()
        case .refused:
            isTooLong = true
            return 0
        }
    }
}

extension TransferFailure {
    /// The cause behind libcurl's code.
    static func cause(of code: CURLcode, _ detail: String) -> Cause {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: return .timeout
        // A connection that breaks within the handshake says nothing of certificates: the server is being restarted.
        case CURLE_SSL_CONNECT_ERROR where isBroken(detail): return .connection
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_NOTFOUND,
            CURLE_SSL_ENGINE_SETFAILED:
            return .tls
        case CURLE_URL_MALFORMAT, CURLE_NOT_BUILT_IN, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION:
            return .configuration
        // The scheme was checked before: a protocol that is not supported is the server's version of HTTP.
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_UNSUPPORTED_PROTOCOL:
            return .protocolViolation
        default:
            // With TLS 1.3 a server refuses our certificate after its own part of the handshake is over.
            let isRefused =
                detail.contains("alert") && (detail.contains("certificate") || detail.contains("unknown ca"))
            return isRefused ? .tls : .connection
        }
    }

    private static func isBroken(_ detail: String) -> Bool {
        ["Recv failure", "Send failure", "SSL_ERROR_SYSCALL", "unexpected eof"].contains { detail.contains($0) }
    }
}
