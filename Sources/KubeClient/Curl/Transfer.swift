import CCurl
import KubeCore
import Synchronization

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
    var watchdog: Watchdog
    let isCancelled = Atomic(false)
    private var handle: EasyHandle
    private var parser = ResponseHeadParser()
    private var starts = 0
    private var isTooLong = false
    private(set) var isPaused = false

    var pointer: UnsafeMutableRawPointer { handle.pointer }

    /// Prepares an attempt; `timeout` is for the whole of it, nil where the watchdog holds the deadline.
    init(
        _ plan: TransferPlan,
        to configuration: ClusterConfiguration,
        _ options: ClientOptions,
        timeout: Duration?,
        connectTimeout: Duration,
        watchdog: Watchdog,
        sink: any TransferSink
    ) throws(KubeError) {
        var handle = try EasyHandle()
        try handle.configure(configuration, options)
        try handle.configure(plan, timeout: timeout, connectTimeout: connectTimeout)
        self.plan = plan
        self.sink = sink
        self.watchdog = watchdog
        self.handle = handle
        // libcurl holds the address only while the handle lives, which this object owns.
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_header(self.handle.pointer, { Transfer.from($3)?.receive(header: $0, $1 * $2) ?? 0 }, context)
        ccurl_set_write(self.handle.pointer, { Transfer.from($3)?.receive(body: $0, $1 * $2) ?? 0 }, context)
        ccurl_set_prereq(self.handle.pointer, { context, _, _, _, _ in Transfer.from(context)?.start() ?? 1 }, context)
        ccurl_set_pointer(self.handle.pointer, CURLOPT_PRIVATE, context)
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
        let detail = handle.failureText.isEmpty ? CurlLibrary.text(code) : handle.failureText
        let cause = isTooLong ? TransferFailure.Cause.tooLong : TransferFailure.cause(of: code, detail)
        finish(cause, isTooLong ? "the answer is too long" : detail)
    }

    /// Ends the transfer with a verdict of ours.
    func finish(_ cause: TransferFailure.Cause, _ detail: String) {
        let failure = TransferFailure(cause: cause, detail: detail, wasSent: handle.hasSentRequest || starts > 1)
        sink.finish(failure.error(method: plan.method, name: plan.name))
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
        }
        return count
    }

    private func receive(body bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        watchdog.touch()
        switch sink.receive(UnsafeRawBufferPointer(start: bytes, count: count)) {
        case .taken: return count
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
}
