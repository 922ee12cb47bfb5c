import KubeCore

extension GRPCAnswer {
    private var isTLS: Bool {
        if case .tls = request.security { true } else { false }
    }

    private var hasCertificate: Bool {
        if case .tls(let tls) = request.security { tls.certificate != nil } else { false }
    }

    var http1: GRPCEnding { GRPCEnding(.protocolViolation, "the server speaks HTTP/1, and gRPC needs HTTP/2") }

    /// What it is that libcurl could not do.
    var failure: GRPCEnding {
        switch end {
        case .done: GRPCEnding(.protocolViolation, "the answer ended without a grpc-status")
        case .unresolved: GRPCEnding(.resolution, "the name \(request.host) has no address")
        case .notConnected(let reason): GRPCEnding(.connection, reason ?? "no connection could be made")
        case .timeout: timeout
        case .handshake(let text): handshake(text)
        case .untrusted(let text): untrusted(text)
        case .ourCertificate: GRPCEnding(.configuration, "our certificate and its key can't be used together")
        case .authority: GRPCEnding(.configuration, "the authority's certificate can't be read")
        case .broken(let text): broken(text)
        case .reset(let number): reset(number)
        case .notHTTP2(let text): notHTTP2(text)
        case .configuration(let text): GRPCEnding(.configuration, "it can't be called: \(text)")
        case .other(let text): GRPCEnding(progress < .connected ? .connection : .interrupted, text)
        }
    }

    var timeout: GRPCEnding {
        let limit = request.timeout.wholeMilliseconds
        let text = limit % 1000 == 0 ? "\(limit / 1000) s" : "\(limit) ms"
        let what =
            switch progress {
            case .nothing: "the name \(request.host) was not resolved"
            case .resolved: "no connection"
            case .connected: isTLS ? "no TLS handshake" : "no answer"
            case .secured: isAnswered ? "the answer did not end" : "no answer"
            }
        return GRPCEnding(.timeout, "\(what) within \(text)")
    }

    /// Why the connection ended, where something tells more than that it did.
    private var unreadable: GRPCEnding? {
        switch suspicion {
        case .tls: GRPCEnding(.tls, "the server speaks TLS, and the call is made without it")
        case .http1: http1
        case .other: GRPCEnding(.protocolViolation, "the answer is not HTTP/2")
        case nil: goodbye
        }
    }

    var goodbye: GRPCEnding? {
        log.goAway.map { GRPCEnding(.interrupted, "the server ended the connection (GOAWAY, \(Self.name($0)))") }
    }

    private func reset(_ number: Int) -> GRPCEnding {
        if let unreadable { return unreadable }
        // The server's clock ran out when ours was about to.
        if isLate { return timeout }
        return GRPCEnding(.interrupted, "the server reset the call (\(Self.name(number)))")
    }

    private func broken(_ text: String) -> GRPCEnding {
        if let refused = refusal(text) { return refused }
        if let unreadable { return unreadable }
        // Which of the two it is when a process ends is chance.
        return GRPCEnding(
            .interrupted,
            "the connection was closed or reset \(isAnswered ? "within" : "before") the answer"
        )
    }

    /// libcurl says so too where it could not send any more (`lib/http2.c`, "Failed sending").
    private func notHTTP2(_ text: String) -> GRPCEnding {
        if text.contains("failure") || text.contains("SSL_") { return broken(text) }
        if let known = refusal(text) ?? unreadable { return known }
        return GRPCEnding(.protocolViolation, "the answer is not HTTP/2")
    }

    private func handshake(_ text: String) -> GRPCEnding {
        if let refused = refusal(text) { return refused }
        // OpenSSL's words for a first byte that no record of TLS has.
        if ["wrong version number", "packet length too long", "http request"].contains(where: text.contains) {
            return GRPCEnding(.tls, "the server speaks no TLS")
        }
        let ended = ["unexpected eof", "SSL_ERROR_SYSCALL", "SSL_ERROR_ZERO_RETURN", "reset by peer"]
        if ended.contains(where: text.contains) {
            return GRPCEnding(.tls, "the server ended the connection within the TLS handshake")
        }
        return GRPCEnding(.tls, "the TLS handshake failed\(Self.reason(text).map { ": \($0)" } ?? "")")
    }

    /// Whether it is our certificate, or that there is none, for which the server ended the connection.
    ///
    /// With TLS 1.3 that comes behind our handshake, when an answer is waited for. Some servers say it by an alert;
    /// others, such as grpcio, end the connection without a word, and then it counts that they asked for one.
    private func refusal(_ text: String) -> GRPCEnding? {
        guard isTLS, !isAnswered else { return nil }
        let told = Self.alerts.values.first { text.contains("alert \($0)") }
        if let alert = log.alert.flatMap({ Self.alerts[$0] }) ?? told {
            return hasCertificate
                ? GRPCEnding(.tls, "the server refuses our certificate: \(alert)")
                : GRPCEnding(.tls, "the server requires a client certificate")
        }
        guard log.asksForCertificate, !log.hasTicket else { return nil }
        let how = hasCertificate ? "when it had ours" : "without one"
        return GRPCEnding(.tls, "the server asks for a client certificate, and ended the connection \(how)")
    }

    /// Alerts on a certificate, by their numbers (RFC 8446, section 6), in OpenSSL's words.
    private static let alerts = [
        42: "bad certificate", 43: "unsupported certificate", 44: "certificate revoked", 45: "certificate expired",
        46: "certificate unknown", 48: "unknown ca", 49: "access denied", 116: "certificate required",
    ]

    private func untrusted(_ text: String) -> GRPCEnding {
        if text.contains("subject name") {
            return GRPCEnding(.tls, "the server's certificate is not for \(serverName)")
        }
        return GRPCEnding(.tls, "the server's certificate is not trusted\(Self.reason(text).map { ": \($0)" } ?? "")")
    }

    private var serverName: String {
        if case .tls(let tls) = request.security { tls.serverName ?? request.host } else { request.host }
    }

    /// The last part of a text of libcurl or OpenSSL, which is the reason: what stands before it are numbers and names
    /// of functions.
    private static func reason(_ text: String) -> String? {
        let last = text.split(separator: ":").last.map { $0.drop { $0 == " " } } ?? ""
        let reason = last.split(separator: ",").first.map(String.init) ?? ""
        return reason.isEmpty ? nil : reason
    }

    /// RFC 9113, section 7.
    private static func name(_ number: Int) -> String {
        let names = [
            "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
            "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
        ]
        return names.indices.contains(number) ? names[number] : "error \(number)"
    }
}
