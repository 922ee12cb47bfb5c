import CoreMetrics
import Glibc
import KubeCore
import KubeTestSupport
import Metrics
import Testing

@testable import Telemetry

@Suite("The endpoint server, over sockets", .timeLimit(.minutes(1)))
struct EndpointServerTests {
    /// Runs `body` beside a server, and ends that.
    private func serving<Value: Sendable>(
        limits: ServerLimits = ServerLimits(),
        pageBytes: Int = 0,
        _ body: @escaping @Sendable (UInt16) throws -> Value
    ) async throws -> Value {
        let metrics = PrometheusMetrics(help: ["c": String(repeating: "x", count: pageBytes)])
        Counter(label: "c", factory: metrics).increment()
        let endpoints = TelemetryEndpoints(metrics: metrics, ready: [HealthCheck(name: "lease") { "not held" }])
        let server = try TelemetryServer(BindAddress("localhost:0"), endpoints, limits: limits)
        let running = Task { try await server.run() }
        let port = server.port
        let result: Result<Value, any Error>
        do { result = .success(try await onThread { try body(port) }) } catch { result = .failure(error) }
        running.cancel()
        try await running.value
        return try result.get()
    }

    @Test("one connection has several answers, in their order")
    func keptConnection() async throws {
        let answer = try await serving { port in
            let client = try RawClient(port: port)
            client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nHEAD /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
            client.send("GET /readyz?verbose HTTP/1.1\r\nHost: a\r\n")
            client.send("\r\nDELETE /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345")
            return client.read()
        }
        let answers = answer.split(separator: "HTTP/1.1 ").map(String.init)
        #expect(answers.map { String($0.prefix(3)) } == ["200", "503", "503", "405"])
        #expect(answers[0].hasSuffix("\r\nContent-Length: 3\r\n\r\nok\n"))
        #expect(answers[1].hasSuffix("\r\n\r\n"))
        #expect(answers[2].hasSuffix("[-]lease failed: not held\nreadyz check failed\n"))
        #expect(answers[3].contains("\r\nAllow: GET, HEAD\r\nConnection: close\r\n"))
    }

    @Test("an endless line is told so, and does not end in a reset")
    func endlessLine() async throws {
        let answer = try await serving { port in
            let client = try RawClient(port: port)
            client.send("GET /" + String(repeating: "a", count: 100_000))
            return client.read()
        }
        #expect(answer.hasPrefix("HTTP/1.1 414 URI Too Long\r\n"))
        #expect(answer.hasSuffix("\r\n\r\nthe request line is too long\n"))
    }

    @Test("headers that do not end are answered with 408, and a client that says nothing is left")
    func slowHeaders() async throws {
        var limits = ServerLimits()
        limits.request = .milliseconds(200)
        let (slow, silent) = try await serving(limits: limits) { port in
            let (slow, silent) = (try RawClient(port: port), try RawClient(port: port))
            slow.send("GET / HTTP/1.1\r\nHo")
            return (slow.read(), silent.read())
        }
        #expect(slow.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(silent == "")
    }

    @Test("a client that takes no answer is left, and keeps its connection from others until then")
    func deafClient() async throws {
        var limits = ServerLimits()
        limits.answer = .milliseconds(500)
        limits.connections = 1
        let size = 8_000_000
        let (full, page, after) = try await serving(limits: limits, pageBytes: size) { port in
            let deaf = try RawClient(port: port)
            deaf.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            usleep(200_000)
            let full = try RawClient(port: port).read()
            usleep(600_000)
            return (full, deaf.read(), try RawClient.get("/healthz", port: port))
        }
        #expect(full.hasPrefix("HTTP/1.1 503 "))
        #expect(page.utf8.count < size)
        #expect(after.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test("endless lines and idle connections keep no probe waiting, and are never more than may be")
    func flood() async throws {
        let isOver = Shared(false)
        let limits = ServerLimits()
        let (longest, open) = try await serving { port in
            Task { await RawClient.flood(port: port, connections: 8) { isOver.value } }
            defer { isOver.withLock { $0 = true } }
            var idle: [RawClient] = []
            var longest = Duration.zero
            let begin = ContinuousClock.now
            while ContinuousClock.now - begin < .seconds(2) || idle.count < 500 {
                for _ in 0..<50 where idle.count < 500 { idle.append(try RawClient(port: port)) }
                let asked = ContinuousClock.now
                #expect(try RawClient.get("/healthz", port: port).hasPrefix("HTTP/1.1 200 OK\r\n"))
                longest = max(longest, ContinuousClock.now - asked)
                usleep(50_000)
            }
            return (longest, idle.count(where: \.isOpen))
        }
        #expect(longest < .seconds(1))
        #expect(open <= limits.connections)
    }

    @Test("it ends at once, whoever is connected, and its port with it")
    func quickEnd() async throws {
        let metrics = PrometheusMetrics()
        let server = try TelemetryServer(
            BindAddress("localhost:0"),
            TelemetryEndpoints(metrics: metrics, ready: [])
        )
        let port = server.port
        let running = Task { try await server.run() }
        let clients = try await onThread {
            let clients = try (0..<20).map { _ in try RawClient(port: port) }
            for client in clients { client.send("GET /healthz HTTP/1.1\r\n") }
            // All that came before it is taken by now.
            _ = try RawClient.get("/healthz", port: port)
            return clients
        }
        let begin = ContinuousClock.now
        running.cancel()
        try await running.value
        #expect(ContinuousClock.now - begin < .seconds(5))
        let ends = try await onThread { clients.map { $0.read() } }
        #expect(ends == clients.map { _ in "" })
        await #expect(throws: (any Error).self) { try await onThread { try RawClient(port: port) } }
    }

    @Test("an address that is taken is named, with what to do")
    func takenAddress() throws {
        let endpoints = TelemetryEndpoints(metrics: PrometheusMetrics(), ready: [])
        let first = try TelemetryServer(BindAddress("localhost:0"), endpoints)
        let address = BindAddress(host: "127.0.0.1", port: first.port)
        let error = #expect(throws: KubeError.self) { try TelemetryServer(address, endpoints) }
        #expect(error?.code == .configuration)
        #expect(
            error?.message
                == "\(address), for /metrics and /healthz, is taken by a process: end that one, or choose another "
                + "address by --http-bind"
        )
        let stranger = #expect(throws: KubeError.self) {
            try TelemetryServer(BindAddress(host: "192.0.2.1", port: 0), endpoints)
        }
        #expect(stranger?.message.contains("can not be listened at") == true)
    }

    @Test("a listening socket that breaks ends the server with an error")
    func brokenSocket() async throws {
        let listener = try ListeningSocket(BindAddress("localhost:0"))
        let bell = try Bell()
        let error = try await onThread { () -> KubeError? in
            let endpoints = TelemetryEndpoints(metrics: PrometheusMetrics(), ready: [])
            var loop = EndpointLoop(listener, bell, ServerLimits(), endpoints)
            shutdown(listener.descriptor ?? -1, Int32(SHUT_RDWR))
            do throws(KubeError) { try loop.run() } catch { return error }
            return nil
        }
        #expect(error?.code == .connection)
        #expect(
            error?.message.hasPrefix("the server of /metrics and /healthz can take no connection any more: ") == true
        )
    }

    @Test("IPv6 is listened at too")
    func version6() async throws {
        let server = try TelemetryServer(
            BindAddress("[::]:0"),
            TelemetryEndpoints(metrics: PrometheusMetrics(), ready: [])
        )
        let running = Task { try await server.run() }
        let port = server.port
        let answer = try await onThread { try RawClient.get("/healthz", port: port) }
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        running.cancel()
        try await running.value
    }
}
