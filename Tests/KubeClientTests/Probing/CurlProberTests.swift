import Glibc
import KubeClient
import KubeCore
import KubeTestSupport
import Testing

@Suite("Probes through libcurl")
struct CurlProberTests {
    private func outcome(
        _ check: ProbeRequest.Check,
        at port: Int,
        host: String = "127.0.0.1",
        timeout: Duration = .seconds(20)
    ) async throws -> ProbeOutcome {
        let prober = try CurlProber(userAgent: "p2pmirror/test")
        return await prober.probe(ProbeRequest(host: host, port: port, check: check, timeout: timeout))
    }

    private func get(_ path: String = "/readyz", scheme: ProbeRequest.Scheme = .http) -> ProbeRequest.Check {
        .httpGet(scheme: scheme, path: path)
    }

    private static func message(_ outcome: ProbeOutcome) -> String {
        "\(outcome.fault.map(\.rawValue) ?? "well"): \(outcome.message)"
    }

    /// Whether the time allowed runs out with that message; where the machine is busy it takes more of it to come that
    /// far.
    private func runsOut(_ check: ProbeRequest.Check, at port: Int, _ expected: String) async throws -> Bool {
        for limit in [200, 1_900, 19_900] {
            let outcome = try await outcome(check, at: port, timeout: .milliseconds(limit))
            if Self.message(outcome) == "\(expected) within \(limit) ms" { return true }
        }
        return false
    }

    @Test(
        "A status of 200 to 399 is a success, as for a kubelet",
        arguments: [
            ("200 OK", "well: HTTP status 200"), ("204 No Content", "well: HTTP status 204"),
            ("304 Not Modified", "well: HTTP status 304"), ("400 Bad Request", "unhealthy: HTTP status 400"),
            ("401 Unauthorized", "unhealthy: HTTP status 401"),
            ("503 Service Unavailable", "unhealthy: HTTP status 503"),
        ]
    )
    func statuses(line: String, expected: String) async throws {
        let server = try RawServer { peer, _ in
            guard let request = peer.request() else { return }
            let isAsExpected =
                request.line == "GET /readyz?verbose HTTP/1.1" && request.headers["user-agent"] == "p2pmirror/test"
                && request.headers["connection"] == "close"
            peer.answer("secret", status: isAsExpected ? line : "418 Unexpected")
        }
        let outcome = try await outcome(get("/readyz?verbose"), at: server.port)
        #expect(Self.message(outcome) == expected)
        #expect(outcome.address == "http://127.0.0.1:\(server.port)/readyz")
    }

    @Test("A redirect within the host is followed; one to another host is a success by itself")
    func redirects() async throws {
        let server = try RawServer { peer, _ in
            guard let request = peer.request() else { return }
            switch request.line.split(separator: " ")[1] {
            case "/there": peer.answer("", status: "302 Found", headers: ["Location: /here"])
            case "/here": peer.answer("", status: "503 Service Unavailable")
            case "/away": peer.answer("", status: "301 Moved", headers: ["Location: http://192.0.2.1/"])
            default: peer.answer("", status: "302 Found", headers: ["Location: /round"])
            }
        }
        #expect(Self.message(try await outcome(get("/there"), at: server.port)) == "unhealthy: HTTP status 503")
        #expect(
            Self.message(try await outcome(get("/away"), at: server.port))
                == "well: HTTP status 301, a redirect to another host"
        )
        #expect(Self.message(try await outcome(get("/round"), at: server.port)) == "unhealthy: more than 10 redirects")
    }

    @Test("A body without an end is read to a bound")
    func endlessBody() async throws {
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.begin()
            while peer.chunk(Array(repeating: 0x61, count: 4096)) {}
        }
        #expect(Self.message(try await outcome(get(), at: server.port)) == "well: HTTP status 200")
    }

    @Test("An endpoint that refuses, hangs, trickles, breaks off or talks garbage is named as what it is")
    func faults() async throws {
        let closed = try RawServer.closedPort()
        #expect(Self.message(try await outcome(get(), at: closed)) == "connection: connection refused")
        #expect(Self.message(try await outcome(.tcpConnect, at: closed)) == "connection: connection refused")
        let hanging = try RawServer { peer, _ in peer.waitForClose() }
        #expect(try await runsOut(get(), at: hanging.port, "timeout: no answer"))
        let trickling = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na")
            peer.waitForClose()
        }
        #expect(try await runsOut(get(), at: trickling.port, "timeout: the answer did not end"))
        let broken = try RawServer { peer, _ in _ = peer.request() }
        #expect(
            Self.message(try await outcome(get(), at: broken.port))
                == "connection: the connection ended without an answer"
        )
        let garbage = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.write("SSH-2.0-OpenSSH_9.2\r\n")
        }
        #expect(Self.message(try await outcome(get(), at: garbage.port)) == "protocolViolation: the answer is not HTTP")
        let plain = try RawServer { peer, _ in
            peer.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.waitForClose()
        }
        #expect(
            Self.message(try await outcome(get(scheme: .https), at: plain.port)) == "tls: the TLS handshake failed"
        )
    }

    @Test("A connection that is accepted is enough for TCP, and is closed at once")
    func tcp() async throws {
        let closed = Journal<Int>()
        let server = try RawServer { peer, number in
            peer.waitForClose()
            closed.note(number)
        }
        let prober = try CurlProber(userAgent: "p2pmirror/test")
        let request = ProbeRequest(host: "127.0.0.1", port: server.port, check: .tcpConnect, timeout: .seconds(20))
        let outcome = await prober.probe(request)
        #expect(Self.message(outcome) == "well: the connection was accepted")
        #expect(outcome.address == "tcp://127.0.0.1:\(server.port)")
        #expect(try await closed.wait(for: 1).count == 1)
    }

    @Test("A host that drops what is sent to it runs into the deadline")
    func blackHole() async throws {
        let hole = try BlackHole()
        #expect(
            Self.message(try await outcome(.tcpConnect, at: hole.port, timeout: .milliseconds(300)))
                == "timeout: no connection within 300 ms"
        )
        withExtendedLifetime(hole) {}
    }

    @Test("A certificate is not verified, as a kubelet does not verify it")
    func tls() async throws {
        let server = try TLSServer.shared.get()
        let outcome = try await outcome(get("/", scheme: .https), at: server.port)
        #expect(Self.message(outcome) == "well: HTTP status 200")
    }

    @Test("A health check names its service and takes SERVING for well")
    func serving() async throws {
        let asked = Journal<[UInt8]>()
        let server = try RawServer { peer, _ in
            guard let message = HealthServer.request(peer) else { return }
            asked.note(message)
            HealthServer.answer(peer, message: [0, 0, 0, 0, 2, 8, 1], code: 0)
            peer.waitForClose()
        }
        let outcome = try await outcome(.grpcHealth(service: "seed"), at: server.port)
        #expect(Self.message(outcome) == "well: the service is serving")
        #expect(outcome.address == "grpc://127.0.0.1:\(server.port)/seed")
        #expect(asked.entries == [[0, 0, 0, 0, 6, 0x0A, 4, 0x73, 0x65, 0x65, 0x64]])
    }

    @Test("A health check that is not served, not known or not gRPC fails with what was said")
    func notServing() async throws {
        let cases: [(message: [UInt8]?, code: Int, expected: String)] = [
            ([0, 0, 0, 0, 2, 8, 2], 0, "unhealthy: the service is not serving: NOT_SERVING"),
            (nil, 5, "unhealthy: the health check was answered with gRPC status 5 (NOT_FOUND)"),
            (nil, 12, "unhealthy: the health check was answered with gRPC status 12 (UNIMPLEMENTED)"),
            ([1, 2, 3], 0, "protocolViolation: the answer is no HealthCheckResponse"),
        ]
        for (message, code, expected) in cases {
            let server = try RawServer { peer, _ in
                guard HealthServer.request(peer) != nil else { return }
                HealthServer.answer(peer, message: message, code: code)
                peer.waitForClose()
            }
            #expect(Self.message(try await outcome(.grpcHealth(service: ""), at: server.port)) == expected)
        }
        let plain = try RawServer { peer, _ in
            _ = peer.read(24)
            peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            peer.waitForClose()
        }
        let outcome = try await outcome(.grpcHealth(service: ""), at: plain.port)
        #expect(Self.message(outcome) == "connection: the connection ended without an answer in HTTP/2")
    }

    @Test("A probe that is given up ends at once, and its connection with it")
    func cancellation() async throws {
        let connected = Journal<Int>()
        let server = try RawServer { peer, number in
            connected.note(number)
            peer.waitForClose()
            connected.note(number)
        }
        let prober = try CurlProber(userAgent: "p2pmirror/test")
        let request = ProbeRequest(host: "127.0.0.1", port: server.port, check: get(), timeout: .seconds(600))
        let probe = Task { await prober.probe(request) }
        _ = try await connected.wait(for: 1)
        probe.cancel()
        #expect(await probe.value.fault == .cancelled)
        #expect(try await connected.wait(for: 2).count == 2)
        let late = Task { () async -> ProbeOutcome in
            withUnsafeCurrentTask { $0?.cancel() }
            return await prober.probe(request)
        }
        #expect(await late.value.fault == .cancelled)
    }

    @Test("An address in IPv6 stands in brackets")
    func ipv6() async throws {
        let outcome = try await outcome(get(), at: try RawServer.closedPort(), host: "::1")
        #expect(outcome.address.hasPrefix("http://[::1]:"))
        #expect(outcome.fault == .connection)
    }
}

/// A listener on loopback whose queue is full, so that the kernel drops whatever else would connect.
private final class BlackHole {
    let port: Int
    private var files: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        files = [listener]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let files = (0..<8).map { _ in socket(AF_INET, kind, 0) }
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let code = bind(listener, address, size) | listen(listener, 0) | getsockname(listener, address, &size)
                // Those that find room fill the queue; the others wait outside and change nothing.
                for file in files { _ = connect(file, address, size) }
                return code
            }
        }
        self.files += files
        port = Int(UInt16(bigEndian: address.sin_port))
        try #require(code == 0)
    }

    deinit { for file in files { close(file) } }
}
