import Foundation
import KubeClient
import KubeCore
import Testing

@testable import MirrorSandbox

@Suite struct GRPCServerTests {
    /// Serves on a port of loopback while `body` runs.
    private static func serving<Result: Sendable>(
        _ handler: @escaping GRPCUnaryServer.Handler,
        _ body: @escaping @Sendable (GatedListener) async throws -> Result
    ) async throws -> Result {
        let pool = try await ListenerPool()
        let listener = try pool.listen("127.0.0.1", 0)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                await pool.run()
                return nil
            }
            group.addTask {
                await listener.run { await GRPCUnaryServer(handler).converse(on: $0) }
                return nil
            }
            group.addTask { try await body(listener) }
            defer { group.cancelAll() }
            while let result = try await group.next() { if let result { return result } }
            throw CancellationError()
        }
    }

    private static func health(_ listener: GatedListener, timeout: Duration = .seconds(5)) async throws -> ProbeOutcome
    {
        let prober = try CurlProber(userAgent: "test")
        return await prober.probe(
            ProbeRequest(
                host: "127.0.0.1",
                port: Int(listener.port),
                check: .grpcHealth(service: "a"),
                timeout: timeout
            )
        )
    }

    @Test func `libcurl's probe of health is answered`() async throws {
        let outcome = try await Self.serving(
            { call in
                call.path == "/grpc.health.v1.Health/Check" && call.message == [0x0A, 1, 0x61]
                    ? .message([8, 1]) : .unimplemented(call.path)
            },
            { try await Self.health($0) }
        )
        #expect(outcome.isSuccess, "\(outcome.message)")
    }

    @Test func `an error comes as trailers only, with its message in percent encoding`() async throws {
        let outcome = try await Self.serving(
            { _ in .status(code: 5, message: "50 % of café") },
            { try await Self.health($0) }
        )
        #expect(outcome.message.contains("gRPC status 5 (NOT_FOUND)"))
        #expect(GRPCExchange.escaped("50 % of café") == "50 %25 of caf%C3%A9")
    }

    @Test func `curl uploads and downloads more than any window holds`() async throws {
        let size = 4_500_000
        let file = FileManager.default.temporaryDirectory.appending(path: "message-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data([0] + HTTP2Frame.number(UInt32(size)) + [UInt8](repeating: 0x41, count: size)).write(to: file)
        let answer = try await Self.serving(
            { call in .message(call.message + [1]) },
            { listener in
                try await Command.run(
                    "curl",
                    [
                        "-s", "--http2-prior-knowledge", "-H", "content-type: application/grpc", "-H", "te: trailers",
                        "--data-binary", "@\(file.path())", "-o", "/dev/null", "-w",
                        "%{http_version} %{size_upload} %{size_download}", "http://127.0.0.1:\(listener.port)/a.B/C",
                    ]
                )
            }
        )
        #expect(answer.output == "2 \(size + 5) \(size + 6)")
    }

    @Test func `A call that takes longer than the client's time is ended by the server`() async throws {
        let server = GRPCUnaryServer { _ in
            try? await Task.sleep(for: .seconds(60))
            return .message([])
        }
        let fields = [
            HTTP2Field(":method", "POST"), HTTP2Field(":path", "/a.B/C"),
            HTTP2Field("content-type", "application/grpc"), HTTP2Field("grpc-timeout", "20m"),
        ]
        let response = await server.answer(HTTP2Request(fields: fields, body: [0, 0, 0, 0, 0]))
        #expect(response.fields.contains(HTTP2Field("grpc-status", "4")))
    }

    @Test(
        arguments: [
            ("text/plain", [0, 0, 0, 0, 0], ":status", "415"), ("application/grpc", [], "grpc-status", "13"),
            ("application/grpc+proto", [1, 0, 0, 0, 0], "grpc-status", "12"),
            ("application/grpc", [0, 0, 0, 0, 9, 1], "grpc-status", "13"),
        ] as [(String, [UInt8], String, String)]
    )
    func `what is no call is refused with the status that says so`(
        type: String,
        body: [UInt8],
        name: String,
        value: String
    ) {
        let fields = [
            HTTP2Field(":method", "POST"), HTTP2Field(":path", "/a.B/C"), HTTP2Field("content-type", type),
        ]
        guard case .answer(let response) = GRPCExchange.read(HTTP2Request(fields: fields, body: body)) else {
            Issue.record("it was taken as a call")
            return
        }
        #expect(response.fields.contains(HTTP2Field(name, value)))
    }

    @Test(
        arguments: [
            ("2S", Duration.seconds(2)), ("2000m", .seconds(2)), ("1H", .seconds(3_600)), ("x", nil), ("", nil),
        ]
            as [(String, Duration?)]
    )
    func `the time that a client gives is read`(text: String, duration: Duration?) {
        #expect(GRPCExchange.timeout(text) == duration)
    }

    @Test func `A listener that is cut off answers nobody new, and goes on when it is let`() async throws {
        let outcomes = try await Self.serving(
            { _ in .message([8, 1]) },
            { listener in
                var outcomes = [try await Self.health(listener)]
                await listener.cut(true)
                for _ in 0..<3 { outcomes.append(try await Self.health(listener, timeout: .milliseconds(300))) }
                await listener.cut(false)
                return outcomes + [try await Self.health(listener)]
            }
        )
        #expect(outcomes.map(\.fault) == [nil, .timeout, .timeout, .timeout, nil])
    }

    @Test func `the calls of the daemons themselves are answered, over any window and with any error`() async throws {
        let outcomes = try await Self.serving(
            { call in
                call.message.isEmpty ? .status(code: 5, message: "50 % of café") : .message(call.message + call.message)
            },
            { listener in
                var outcomes: [GRPCOutcome] = []
                for size in [0, 1, 400_000] {
                    let request = GRPCRequest(
                        host: "127.0.0.1",
                        port: Int(listener.port),
                        path: "/a.B/C",
                        message: [UInt8](repeating: 7, count: size),
                        timeout: .seconds(10)
                    )
                    outcomes.append(await PlainGRPC().call(request))
                }
                return outcomes
            }
        )
        guard case .failed(let fault) = outcomes[0] else {
            Issue.record("an error was an answer")
            return
        }
        #expect(fault.kind == .status(.notFound))
        #expect(fault.message == "50 % of café")
        #expect(outcomes[1] == .answered([7, 7]))
        #expect(outcomes[2] == .answered([UInt8](repeating: 7, count: 800_000)))
    }

    @Test func `a call of the daemons ends with their time`() async throws {
        let outcome = try await Self.serving(
            { _ in
                try? await Task.sleep(for: .seconds(60))
                return .message([])
            },
            { listener in
                let port = Int(listener.port)
                return await PlainGRPC().call(
                    GRPCRequest(host: "127.0.0.1", port: port, path: "/a.B/C", timeout: .milliseconds(200))
                )
            }
        )
        guard case .failed(let fault) = outcome else {
            Issue.record("it was answered")
            return
        }
        #expect(fault.kind == .timeout)
    }
}
