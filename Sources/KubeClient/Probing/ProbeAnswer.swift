import CCurl
import KubeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What is known of a probe when libcurl has ended it, and what that amounts to.
///
/// Messages hold nothing that differs between two tries of the same fate (no times, no ports of ours), and nothing
/// of what the endpoint sent: that may be anything.
struct ProbeAnswer {
    var request: ProbeRequest
    var code: CURLcode
    /// The system's error for the connection; 0 where there was none.
    var systemError: Int32
    /// Whether a connection was made.
    var isConnected = false
    /// Whether the first line of an answer came.
    var isAnswered = false
    /// Status of the last answer.
    var status = 0
    /// Whether the last answer sends us to another host, where we do not go.
    var isRedirectElsewhere = false
    var hasTooManyRedirects = false
    /// Whether we stopped the transfer because enough of the body was read.
    var isBodyCut = false
    var body: [UInt8] = []
    var grpcStatus: Int?

    var outcome: ProbeOutcome {
        guard let (fault, message) = verdict else {
            return ProbeOutcome(fault: nil, address: request.address, message: success)
        }
        return ProbeOutcome(fault: fault, address: request.address, message: message)
    }

    private var success: String {
        switch request.check {
        case .tcpConnect: "the connection was accepted"
        case .grpcHealth: "the service is serving"
        // As for a kubelet, which does not follow it either and takes it for a success (`pkg/probe/http`).
        case .httpGet:
            isRedirectElsewhere ? "HTTP status \(status), a redirect to another host" : "HTTP status \(status)"
        }
    }

    private var verdict: (ProbeOutcome.Fault, String)? {
        guard code == CURLE_OK || isBodyCut else { return failure }
        switch request.check {
        case .tcpConnect: return nil
        case .httpGet: return httpVerdict
        case .grpcHealth: return grpcVerdict
        }
    }

    private var httpVerdict: (ProbeOutcome.Fault, String)? {
        // To libcurl a connection that is closed within the head is the end of an answer without a body.
        guard status != 0 else { return (.protocolViolation, "the answer is not HTTP") }
        guard !hasTooManyRedirects else { return (.unhealthy, "more than \(ProbeTransfer.maximumRedirects) redirects") }
        return (200..<400).contains(status) ? nil : (.unhealthy, "HTTP status \(status)")
    }

    private var grpcVerdict: (ProbeOutcome.Fault, String)? {
        guard status == 200 else { return (.unhealthy, "HTTP status \(status) where gRPC answers with 200") }
        guard let fault = GRPCHealth.fault(code: grpcStatus, body: body) else { return nil }
        return (fault.isAnswer ? .unhealthy : .protocolViolation, fault.message)
    }

    private var failure: (ProbeOutcome.Fault, String) {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: (.timeout, timeoutMessage)
        case CURLE_COULDNT_CONNECT: (.connection, systemText ?? "no connection could be made")
        case CURLE_COULDNT_RESOLVE_HOST: (.connection, "the name has no address")
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM: (.tls, "the TLS handshake failed")
        case CURLE_GOT_NOTHING: (.connection, "the connection ended without an answer\(isGRPC ? " in HTTP/2" : "")")
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2_STREAM:
            (.connection, "the connection broke\(systemText.map { ": \($0)" } ?? "")")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2:
            (.protocolViolation, "the answer is not \(isGRPC ? "HTTP/2" : "HTTP")")
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_NOT_BUILT_IN, CURLE_UNKNOWN_OPTION:
            (.configuration, "it cannot be probed: \(CurlLibrary.text(code))")
        default: (isConnected ? .protocolViolation : .connection, CurlLibrary.text(code))
        }
    }

    private var isGRPC: Bool {
        if case .grpcHealth = request.check { true } else { false }
    }

    private var timeoutMessage: String {
        let limit = request.timeout.wholeMilliseconds
        let text = limit % 1000 == 0 ? "\(limit / 1000) s" : "\(limit) ms"
        guard isConnected else { return "no connection within \(text)" }
        return isAnswered ? "the answer did not end within \(text)" : "no answer within \(text)"
    }

    private var systemText: String? {
        systemError == 0 ? nil : String(cString: strerror(systemError)).lowercased()
    }
}
