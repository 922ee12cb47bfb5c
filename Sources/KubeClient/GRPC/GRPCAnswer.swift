package import KubeCore

/// What is known of a call when libcurl has ended it, and what that amounts to; a value, which needs no socket to be
/// tested.
///
/// Messages hold nothing that differs between two calls of the same fate: no times but the one allowed, no ports of
/// ours, no handles.
package struct GRPCAnswer: Sendable {
    /// How far it came.
    package enum Progress: Int, Comparable, Sendable {
        case nothing, resolved, connected, secured

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// What libcurl says of the end, by its cause and not by its number.
    package enum End: Hashable, Sendable {
        case done
        case unresolved
        case notConnected(String?)
        case timeout
        /// The handshake, or what replaced it, failed; with the text of the TLS library.
        case handshake(String)
        /// The server's certificate was refused, with the reason.
        case untrusted(String)
        case ourCertificate
        case authority
        /// The connection broke off or was reset; with the text of the TLS library or the system.
        case broken(String)
        /// The server reset the stream, by HTTP/2's number.
        case reset(Int)
        /// What came was not HTTP/2, or it was not to be sent; with libcurl's text.
        case notHTTP2(String)
        case configuration(String)
        case other(String)
    }

    /// What a second look at the port found, where the first one got nothing that could be read.
    package enum Suspicion: Hashable, Sendable {
        case tls
        case http1
        case other

        /// What the first bytes are that answer a GET without a status line of HTTP/1; nil where they are HTTP/2's,
        /// whose servers begin with a frame of SETTINGS on stream 0 (RFC 9113, section 3.4).
        package init?(firstBytes bytes: some Collection<UInt8>) {
            let bytes = Array(bytes.prefix(9))
            guard !bytes.isEmpty else { return nil }
            let isSettings = bytes.count == 9 && bytes[0] == 0 && bytes[3] == 4 && bytes[5...].allSatisfy { $0 == 0 }
            guard !isSettings else { return nil }
            self = .other
        }
    }

    package var request: GRPCRequest
    package var end = End.done
    package var progress = Progress.nothing
    package var log = GRPCLog()
    package var head = GRPCHead()
    /// Whether the first line of an answer came.
    package var isAnswered = false
    package var body: GRPCFrameReader
    /// Why we stopped reading.
    package var bodyFault: GRPCFrameReader.Fault?
    package var suspicion: Suspicion?
    /// Whether nine tenths of the time allowed were gone at the end.
    package var isLate = false
    /// Whether HTTP/1 was spoken, because TLS did not agree on anything else.
    package var isHTTP1 = false

    package init(_ request: GRPCRequest) {
        self.request = request
        body = GRPCFrameReader(limit: request.answerLimit)
    }

    /// Whether nothing came that tells what it is that listens there.
    package var wantsSecondLook: Bool {
        guard case .plaintext = request.security, progress == .secured, !isAnswered, suspicion == nil, log.goAway == nil
        else {
            return false
        }
        switch end {
        case .broken, .notHTTP2: return true
        default: return false
        }
    }

    package var outcome: GRPCOutcome {
        let (kind, message): (GRPCFault.Kind, String)
        switch verdict {
        case .success(let message): return .answered(message)
        case .failure(let fault): (kind, message) = (fault.kind, fault.message)
        }
        return .failed(GRPCFault(kind, address: request.address, message: message))
    }

    /// What the server said counts, whatever became of the connection behind it: servers reset a stream whose status
    /// they have sent. Only what made us stop reading comes before.
    private var verdict: Result<[UInt8], GRPCEnding> {
        if let bodyFault { return .failure(GRPCEnding(bodyFault, limit: request.answerLimit)) }
        switch head.verdict(hasMessage: !body.isEmpty) {
        case .status(.ok, _): return message
        case .status(let code, let text):
            // Both clocks run out at the same time, and which one is heard first is chance.
            if code == .deadlineExceeded, isLate { return .failure(timeout) }
            return .failure(GRPCEnding(.status(code), text.isEmpty ? "\(code.name), without a message" : text))
        case .none(let why):
            guard end == .done else { return .failure(failure) }
            // libcurl 7.88 loses the trailers behind a GOAWAY, also of a call that the server ends well.
            if let goodbye { return .failure(goodbye) }
            guard !isHTTP1 || !isAnswered else { return .failure(http1) }
            return .failure(GRPCEnding(.protocolViolation, why))
        }
    }

    private var message: Result<[UInt8], GRPCEnding> {
        do throws(GRPCFrameReader.Fault) {
            if let message = try body.end() { return .success(message) }
            return .failure(GRPCEnding(.protocolViolation, "the answer has status OK and no message"))
        } catch {
            return .failure(GRPCEnding(error, limit: request.answerLimit))
        }
    }
}

/// A fault but for its address.
package struct GRPCEnding: Error, Hashable, Sendable {
    package var kind: GRPCFault.Kind
    package var message: String

    package init(_ kind: GRPCFault.Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package init(_ fault: GRPCFrameReader.Fault, limit: Int) {
        switch fault {
        case .compressed: self.init(.protocolViolation, "the answer is compressed, which was not asked for")
        case .tooLarge: self.init(.tooLarge, "the answer is longer than \(limit) bytes")
        case .moreThanOne: self.init(.protocolViolation, "the answer goes on behind its message")
        case .cutShort: self.init(.protocolViolation, "the answer ends within its message")
        }
    }
}
