import KubeClient
import KubeCore
import Testing

@Suite("What a call of gRPC amounts to")
struct GRPCAnswerTests {
    @Test("A call is refused before anything is sent, with what would be right")
    func refusals() {
        let rows: [(expected: String, change: (inout GRPCRequest) -> Void)] = [
            (#""" is no host: an address or a name is needed"#, { $0.host = "" }),
            (#""a/b" is no host: an address or a name is needed"#, { $0.host = "a/b" }),
            ("0 is no port: 1 to 65535 are", { $0.port = 0 }),
            ("65536 is no port: 1 to 65535 are", { $0.port = 65536 }),
            (#""a" is no method: /PACKAGE.SERVICE/METHOD is needed"#, { $0.path = "a" }),
            (#""/a b" is no method: /PACKAGE.SERVICE/METHOD is needed"#, { $0.path = "/a b" }),
            (#"metadata can't be named "te""#, { $0.metadata = ["te": "a"] }),
            (#"metadata can't be named "grpc-timeout""#, { $0.metadata = ["grpc-timeout": "1S"] }),
            (#"metadata can't be named "A""#, { $0.metadata = ["A": "a"] }),
            (#"the value of the metadata "a" is not visible ASCII"#, { $0.metadata = ["a": "b\r\nc: d"] }),
            (
                "a client certificate needs its key, and a key its certificate",
                { $0.security = .tls(GRPCTLS(certificate: [1])) }
            ),
        ]
        for row in rows {
            var request = GRPCRequest(host: "127.0.0.1", port: 1, path: "/a/b", timeout: .seconds(1))
            row.change(&request)
            let error = #expect(throws: KubeError.self) { try request.headers() }
            #expect(error?.message == row.expected)
        }
    }

    @Test(
        "The server is told its time in at most eight digits",
        arguments: [
            (.milliseconds(1500), "1500m"), (.zero, "1m"), (.seconds(99_999), "99999000m"),
            (.seconds(100_000), "100000S"),
            (.seconds(1 << 40), "99999999S"),
        ] as [(Duration, String)]
    )
    func timeout(timeout: Duration, text: String) {
        #expect(GRPCRequest.grpcTimeout(timeout) == text)
    }

    private static func answer(_ lines: [String], body: [UInt8] = []) throws -> GRPCAnswer {
        var answer = GRPCAnswer(GRPCRequest(host: "a", port: 1, path: "/a/b", timeout: .seconds(2)))
        answer.progress = .secured
        for line in lines { answer.head.push(line.utf8) }
        answer.isAnswered = !lines.isEmpty
        try answer.body.push(body)
        return answer
    }

    private static func text(_ answer: GRPCAnswer) -> String {
        switch answer.outcome {
        case .answered(let message): "answered \(message)"
        case .failed(let fault): "\(fault.kind.label): \(fault.message)"
        }
    }

    private static let begin = ["HTTP/2 200", "content-type: application/grpc"]

    @Test("What the server said counts, whatever became of the connection behind it")
    func statusFirst() throws {
        var answer = try Self.answer(Self.begin + ["", "grpc-status: 0"], body: [0, 0, 0, 0, 1, 7])
        for end in [GRPCAnswer.End.done, .reset(0), .broken("reset by peer"), .timeout] {
            answer.end = end
            #expect(Self.text(answer) == "answered [7]")
        }
        answer = try Self.answer(Self.begin + ["grpc-status: 5", "grpc-message: gone"])
        answer.end = .reset(2)
        #expect(Self.text(answer) == "NOT_FOUND: gone")
    }

    @Test("A message without a status is no answer")
    func noStatus() throws {
        var answer = try Self.answer(Self.begin + [""], body: [0, 0, 0, 0, 1, 7])
        #expect(Self.text(answer) == "protocolViolation: the answer ended without a grpc-status")
        answer.end = .reset(2)
        #expect(Self.text(answer) == "interrupted: the server reset the call (INTERNAL_ERROR)")
        answer = try Self.answer(Self.begin + ["", "grpc-status: 0"], body: [0, 0, 0, 0, 2, 7])
        #expect(Self.text(answer) == "protocolViolation: the answer ends within its message")
        answer = try Self.answer(Self.begin + ["grpc-status: 0"])
        #expect(Self.text(answer) == "protocolViolation: the answer has status OK and no message")
    }

    @Test("Time that runs out at the server when ours does is our deadline, and else its own word")
    func deadlines() throws {
        var answer = try Self.answer(Self.begin + ["grpc-status: 4"])
        #expect(Self.text(answer) == "DEADLINE_EXCEEDED: DEADLINE_EXCEEDED, without a message")
        answer.isLate = true
        #expect(Self.text(answer) == "timeout: the answer did not end within 2 s")
        answer = try Self.answer([])
        (answer.end, answer.isLate) = (.reset(8), true)
        #expect(Self.text(answer) == "timeout: no answer within 2 s")
    }

    @Test(
        "Time that runs out before the call says how far it came",
        arguments: [
            (.nothing, "timeout: the name a was not resolved within 2 s"),
            (.resolved, "timeout: no connection within 2 s"),
            (.connected, "timeout: no answer within 2 s"),
        ] as [(GRPCAnswer.Progress, String)]
    )
    func earlyTimeouts(progress: GRPCAnswer.Progress, expected: String) throws {
        var answer = try Self.answer([])
        (answer.end, answer.progress) = (.timeout, progress)
        #expect(Self.text(answer) == expected)
    }

    @Test("Only an end without a word calls for another look")
    func secondLook() throws {
        var answer = try Self.answer([])
        answer.end = .broken("")
        #expect(answer.wantsSecondLook)
        answer.log.hear("received GOAWAY, error=0, last_stream=0\n")
        #expect(!answer.wantsSecondLook)
        #expect(Self.text(answer) == "interrupted: the server ended the connection (GOAWAY, NO_ERROR)")
        answer = try Self.answer(Self.begin)
        answer.end = .broken("")
        #expect(!answer.wantsSecondLook)
        #expect(Self.text(answer) == "interrupted: the connection was closed or reset within the answer")
    }

    @Test(
        "The TLS library's texts become sentences",
        arguments: [
            (
                .handshake("OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number"),
                "tls: the server speaks no TLS"
            ),
            (
                .broken("OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0"),
                "tls: the server requires a client certificate"
            ),
            (
                .handshake("error:0A000410:SSL routines::sslv3 alert handshake failure"),
                "tls: the TLS handshake failed: sslv3 alert handshake failure"
            ),
            (
                .untrusted("SSL certificate problem: self-signed certificate"),
                "tls: the server's certificate is not trusted: self-signed certificate"
            ),
            (
                .untrusted("SSL: no alternative certificate subject name matches target host name 'a'"),
                "tls: the server's certificate is not for a"
            ),
            (
                .handshake("OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to 127.0.0.1:41234"),
                "tls: the server ended the connection within the TLS handshake"
            ),
        ] as [(GRPCAnswer.End, String)]
    )
    func tls(end: GRPCAnswer.End, expected: String) throws {
        var answer = GRPCAnswer(
            GRPCRequest(host: "a", port: 1, path: "/a/b", timeout: .seconds(2), security: .tls(GRPCTLS()))
        )
        (answer.end, answer.progress) = (end, .connected)
        #expect(Self.text(answer) == expected)
    }

    @Test("A server that asks for a certificate and ends the connection is named by what it did")
    func certificateAskedFor() throws {
        let ask = "TLSv1.3 (IN), TLS handshake, Request CERT (13):\n"
        func text(_ tls: GRPCTLS, _ lines: [String], _ end: GRPCAnswer.End) -> String {
            var answer = GRPCAnswer(
                GRPCRequest(host: "a", port: 1, path: "/a/b", timeout: .seconds(2), security: .tls(tls))
            )
            (answer.end, answer.progress) = (end, .secured)
            for line in lines { answer.log.hear(line) }
            return Self.text(answer)
        }
        let none = GRPCTLS()
        let ours = GRPCTLS(certificate: [1], key: [1])
        let asked = "tls: the server asks for a client certificate, and ended the connection"
        #expect(text(none, [ask], .broken("Send failure: Broken pipe")) == "\(asked) without one")
        #expect(text(ours, [ask], .handshake("OpenSSL SSL_connect: SSL_ERROR_SYSCALL")) == "\(asked) when it had ours")
        let ticket = "TLSv1.3 (IN), TLS handshake, Newsession Ticket (4):\n"
        #expect(
            text(ours, [ask, ticket], .broken(""))
                == "interrupted: the connection was closed or reset before the answer"
        )
        let alert = "TLSv1.3 (IN), TLS alert, unknown CA (560):\n"
        #expect(text(ours, [ask, alert], .broken("")) == "tls: the server refuses our certificate: unknown ca")
        let required = "TLSv1.3 (IN), TLS alert, unknown (628):\n"
        #expect(text(none, [ask, required], .broken("")) == "tls: the server requires a client certificate")
        let ours2 = "TLSv1.3 (OUT), TLS alert, unknown CA (560):\n"
        #expect(text(none, [ours2], .broken("")) == "interrupted: the connection was closed or reset before the answer")
    }

    @Test(
        "What answers a GET is told by its first bytes",
        arguments: [
            ([], false), ([0, 0, 18, 4, 0, 0, 0, 0, 0], false), (Array("SSH-2.0-O".utf8), true), ([0, 0, 0, 4], true),
            ([21, 3, 1, 0, 2, 2, 70], true),
        ] as [([UInt8], Bool)]
    )
    func firstBytes(bytes: [UInt8], isStranger: Bool) {
        #expect(GRPCAnswer.Suspicion(firstBytes: bytes) == (isStranger ? .other : nil))
    }
}
