import CoreMetrics
import KubeCore
import KubeTestSupport
import Metrics
import Telemetry
import Testing

@Suite("/metrics, /healthz and /readyz")
struct TelemetryServerTests {
    private static func endpoints(_ failures: [String: String] = [:]) -> TelemetryEndpoints {
        let metrics = PrometheusMetrics()
        Counter(label: "c", factory: metrics).increment()
        return TelemetryEndpoints(
            metrics: metrics,
            ready: ["caches", "lease"].map { name in HealthCheck(name: name) { failures[name] } }
        )
    }

    @Test(
        "answers say what holds and what does not",
        arguments: [
            ("/readyz", "", [:], 200, "ok\n"),
            ("/readyz", "verbose", [:], 200, "[+]caches ok\n[+]lease ok\nreadyz check passed\n"),
            ("/readyz", "", ["lease": "not held"], 503, "[-]lease failed: not held\nreadyz check failed\n"),
            (
                "/readyz", "verbose", ["lease": "not held"], 503,
                "[+]caches ok\n[-]lease failed: not held\nreadyz check failed\n"
            ),
            ("/readyz", "exclude=lease", ["lease": "not held"], 200, "ok\n"),
            ("/healthz", "", ["lease": "not held"], 200, "ok\n"),
            ("/metrics", "", [:], 200, "# TYPE c counter\nc 1\n"),
            ("/other", "", [:], 404, "there is /metrics, /healthz and /readyz\n"),
        ] as [(String, String, [String: String], Int, String)]
    )
    func answers(path: String, query: String, failures: [String: String], status: Int, body: String) {
        let parts = query.split(separator: "=").map(String.init)
        let items = parts.isEmpty ? [] : [(name: parts[0], value: parts.count > 1 ? parts[1] : "")]
        let answer = Self.endpoints(failures).answer(method: "GET", path: path, query: items)
        #expect(answer.status == status)
        #expect(answer.body == body)
    }

    @Test("only reading is allowed")
    func methods() {
        #expect(Self.endpoints().answer(method: "POST", path: "/metrics").status == 405)
    }

    @Test("the same comes over HTTP, and a cancelled server closes its port")
    func server() async throws {
        let server = try TelemetryServer(BindAddress("localhost:0"), Self.endpoints(["lease": "not held"]))
        let running = Task { try await server.run() }
        let port = server.port
        func get(_ target: String) async throws -> String {
            try await onThread { try RawClient.get(target, port: port) }
        }
        let metrics = try await get("/metrics")
        #expect(metrics.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
        #expect(metrics.hasSuffix("\r\n\r\n# TYPE c counter\nc 1\n"))
        let ready = try await get("/readyz?verbose")
        #expect(ready.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(ready.hasSuffix("\r\n\r\n[+]caches ok\n[-]lease failed: not held\nreadyz check failed\n"))
        running.cancel()
        try await running.value
        await #expect(throws: (any Error).self) { try await get("/metrics") }
    }

    @Test(
        "addresses are read",
        arguments: [
            ("0.0.0.0:8080", "0.0.0.0:8080"), ("[::]:8080", "[::]:8080"), (":9", "0.0.0.0:9"),
            ("localhost:0", "127.0.0.1:0"),
        ]
    )
    func addresses(text: String, expected: String) throws {
        #expect(try BindAddress(text).description == expected)
    }

    @Test(
        "a wrong address is refused with what would be right",
        arguments: ["", "8080", "a:b", "::1:80", "1.2.3.4:99999"]
    )
    func wrongAddresses(text: String) {
        let error = #expect(throws: KubeError.self) { try BindAddress(text) }
        #expect(error?.message.contains("0.0.0.0:8080") ?? false)
    }

    @Test("a name where an IP address is needed is refused")
    func noName() {
        #expect(throws: KubeError.self) {
            try TelemetryServer(BindAddress(host: "example.com", port: 1), Self.endpoints())
        }
    }
}
