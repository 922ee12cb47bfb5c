import CCurl
import KubeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension EasyHandle {
    /// Sets what a call needs.
    ///
    /// - Throws: `KubeError` with code `configuration`: what is no host, no path, no field; certificates without a key.
    mutating func configure(_ request: GRPCRequest, userAgent: String) throws(KubeError) {
        let fields = try request.headers()
        guard let body = GRPCFrame.encoded(request.message) else {
            throw KubeError(.configuration, "the message has 4 GiB or more, and no frame is that long")
        }
        try configureAlone(timeout: request.timeout)
        try set(CURLOPT_USERAGENT, userAgent)
        try set(CURLOPT_HTTPHEADER, fields)
        try set(body: body)
        switch request.security {
        case .plaintext:
            try set(CURLOPT_URL, "http://\(request.address)\(request.path)")
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
        case .tls(let tls):
            try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            try configure(tls, request)
        }
        // For the one line of its log that tells of a GOAWAY; the callback takes the place of stderr.
        try set(CURLOPT_VERBOSE, true)
    }

    /// Sets what another look at the same port needs: a handshake and no more, or a GET.
    func configureLook(at request: GRPCRequest, isTLS: Bool, timeout: Duration) throws(KubeError) {
        try configureAlone(timeout: timeout)
        try set(CURLOPT_URL, "\(isTLS ? "https" : "http")://\(request.address)/")
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_CONNECT_ONLY, isTLS)
        try set(CURLOPT_SSL_VERIFYPEER, 0)
        try set(CURLOPT_SSL_VERIFYHOST, 0)
        // What has no head is handed over as it comes.
        try set(CURLOPT_HTTP09_ALLOWED, true)
    }

    private mutating func configure(_ tls: GRPCTLS, _ request: GRPCRequest) throws(KubeError) {
        if let name = tls.serverName {
            // The name in the URL is the one that the handshake asks for and checks; the address stays where it was.
            try set(CURLOPT_URL, "https://\(name):\(request.port)\(request.path)")
            try set(CURLOPT_CONNECT_TO, ["\(name):\(request.port):\(request.address)"])
        } else {
            try set(CURLOPT_URL, "https://\(request.address)\(request.path)")
        }
        // Each call shows the certificates of now: a session that goes on would stand for those of before.
        try set(CURLOPT_SSL_SESSIONID_CACHE, false)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SSL_VERIFYPEER, true)
        try set(CURLOPT_SSL_VERIFYHOST, tls.isNameVerified ? 2 : 0)
        if let authority = tls.authority {
            try set(CURLOPT_CAINFO_BLOB, authority)
            // The blob takes the place of libcurl's usual file alone: it would trust the system's folder beside it.
            try clear(CURLOPT_CAPATH)
        }
        guard let certificate = tls.certificate, let key = tls.key else { return }
        try set(CURLOPT_SSLCERT_BLOB, certificate)
        try set(CURLOPT_SSLKEY_BLOB, key)
    }

    /// What libcurl's verdict says of the end.
    func end(_ code: CURLcode) -> GRPCAnswer.End {
        switch code {
        // A write that failed is ours: we stopped reading.
        case CURLE_OK, CURLE_WRITE_ERROR: .done
        case CURLE_COULDNT_RESOLVE_HOST: .unresolved
        case CURLE_COULDNT_CONNECT: .notConnected(systemText)
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: .handshake(failureText)
        case CURLE_PEER_FAILED_VERIFICATION: .untrusted(failureText)
        case CURLE_SSL_CERTPROBLEM: .ourCertificate
        case CURLE_SSL_CACERT_BADFILE: .authority
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: .broken(failureText)
        case CURLE_HTTP2_STREAM: .reset(streamError)
        case CURLE_HTTP2, CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: .notHTTP2(failureText)
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_NOT_BUILT_IN, CURLE_UNKNOWN_OPTION:
            .configuration(CurlLibrary.text(code))
        default: .other(CurlLibrary.text(code))
        }
    }

    /// libcurl has it in its text alone: "stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)" (`lib/http2.c`).
    private var streamError: Int {
        let text = failureText
        guard let mark = text.firstRange(of: "(err ") else { return 0 }
        return Int(text[mark.upperBound...].prefix { $0.isASCII && $0.isNumber }) ?? 0
    }

    private var systemText: String? {
        let code = number(CURLINFO_OS_ERRNO)
        return code == 0 ? nil : String(cString: strerror(Int32(truncatingIfNeeded: code))).lowercased()
    }

    /// How far a transfer came that did not get as far as its request.
    func progress(to host: String) -> GRPCAnswer.Progress {
        if time(CURLINFO_CONNECT_TIME_T) > 0 { return .connected }
        var bytes = in6_addr()
        let isAddress = inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1
        return isAddress || time(CURLINFO_NAMELOOKUP_TIME_T) > 0 ? .resolved : .nothing
    }

    private func time(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        return ccurl_get_offset(pointer, info, &value) == CURLE_OK ? Int(value) : 0
    }
}
