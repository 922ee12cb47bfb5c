import KubeClient
import KubeCore
import KubeTestSupport
import Testing

@Suite("Calls of gRPC through libcurl")
struct CurlGRPCTests {
    private func call(
        at port: Int,
        host: String = "127.0.0.1",
        _ change: (inout GRPCRequest) -> Void = { _ in }
    ) async throws -> String {
        let client = try CurlGRPC(userAgent: "p2pmirror/test")
        var request = GRPCRequest(
            host: host,
            port: port,
            path: "/a.B/C",
            message: [7, 8],
            timeout: .seconds(20)
        )
        change(&request)
        return Self.text(await client.call(request))
    }

    private static func text(_ outcome: GRPCOutcome) -> String {
        switch outcome {
        case .answered(let message): "answered \(message)"
        case .failed(let fault): "\(fault.kind.label): \(fault.message)"
        }
    }

    /// A server that takes one request a connection, and answers it with frames and a status.
    private func server(_ message: [UInt8]?, code: Int) throws -> RawServer {
        try RawServer { peer, _ in
            guard HealthServer.request(peer) != nil else { return }
            HealthServer.answer(peer, message: message, code: code)
            peer.waitForClose()
        }
    }

    @Test("A call has its frame, and a connection of its own that ends with it")
    func connections() async throws {
        let asked = Journal<[UInt8]>()
        let ended = Journal<Int>()
        let server = try RawServer { peer, number in
            guard let message = HealthServer.request(peer) else { return }
            asked.note(message)
            HealthServer.answer(peer, message: [0, 0, 0, 0, 1, 9], code: 0)
            peer.waitForClose()
            ended.note(number)
        }
        let client = try CurlGRPC(userAgent: "p2pmirror/test")
        let request = GRPCRequest(
            host: "127.0.0.1",
            port: server.port,
            path: "/a.B/C",
            message: [7, 8],
            timeout: .seconds(20)
        )
        for _ in 0..<2 { #expect(await client.call(request) == .answered([9])) }
        #expect(try await ended.wait(for: 2).sorted() == [0, 1])
        #expect(asked.entries == [[0, 0, 0, 0, 2, 7, 8], [0, 0, 0, 0, 2, 7, 8]])
    }

    @Test(
        "What a server answers is what the call amounts to",
        arguments: [
            ([0, 0, 0, 0, 0], 0, "answered []"), (nil, 8, "RESOURCE_EXHAUSTED: RESOURCE_EXHAUSTED, without a message"),
            (nil, 0, "protocolViolation: the answer has status OK and no message"),
            ([1, 0, 0, 0, 1, 9], 0, "protocolViolation: the answer is compressed, which was not asked for"),
            ([0, 0, 0, 0, 1, 9, 0], 0, "protocolViolation: the answer goes on behind its message"),
            ([0, 0, 0, 0, 9, 9], 0, "protocolViolation: the answer ends within its message"),
            ([0, 0, 0, 0, 9, 9], 13, "INTERNAL: INTERNAL, without a message"),
            ([0, 0, 0, 0, 11, 9], 0, "tooLarge: the answer is longer than 10 bytes"),
        ] as [([UInt8]?, Int, String)]
    )
    func answers(message: [UInt8]?, code: Int, expected: String) async throws {
        let server = try server(message, code: code)
        #expect(try await call(at: server.port) { $0.answerLimit = 10 } == expected)
    }

    // libcurl reads so much at a time, and leaves in its own buffer what no socket tells of.
    @Test("A long answer comes whole, and does not wait for anything")
    func longAnswers() async throws {
        let message = try #require(GRPCFrame.encoded([UInt8](repeating: 7, count: 4 << 20)))
        let server = try server(message, code: 0)
        let client = try CurlGRPC(userAgent: "p2pmirror/test")
        let request = GRPCRequest(host: "127.0.0.1", port: server.port, path: "/a.B/C", timeout: .seconds(20))
        let sizes = await withTaskGroup { group in
            for _ in 0..<32 { group.addTask { await client.call(request) } }
            return await group.reduce(into: [Int]()) { sizes, outcome in
                if case .answered(let message) = outcome { sizes.append(message.count) }
            }
        }
        #expect(sizes == [Int](repeating: 4 << 20, count: 32))
    }

    @Test("An answer that breaks off before its status is none, whatever it held")
    func brokenOff() async throws {
        let server = try RawServer { peer, _ in
            guard HealthServer.request(peer) != nil else { return }
            HealthServer.begin(peer, message: [0, 0, 0, 0, 1, 9])
        }
        let outcome = try await call(at: server.port)
        #expect(outcome == "interrupted: the connection was closed or reset within the answer")
    }

    @Test("Time that runs out says how far the call came")
    func timeouts() async throws {
        let silent = try RawServer { peer, _ in peer.waitForClose() }
        let begun = try RawServer { peer, _ in
            guard HealthServer.request(peer) != nil else { return }
            HealthServer.begin(peer, message: [0, 0, 0, 0, 9, 9])
            peer.waitForClose()
        }
        #expect(try await runsOut(at: silent.port, "timeout: no answer"))
        #expect(try await runsOut(at: begun.port, "timeout: the answer did not end"))
    }

    /// Whether the time allowed runs out with that message; where the machine is busy it takes more of it to come that
    /// far.
    private func runsOut(at port: Int, _ expected: String) async throws -> Bool {
        for limit in [200, 1_900, 19_900] {
            let text = try await call(at: port) { $0.timeout = .milliseconds(limit) }
            if text == "\(expected) within \(limit) ms" { return true }
        }
        return false
    }

    @Test("A call that is given up ends at once, and its connection with it")
    func cancellation() async throws {
        let connected = Journal<Int>()
        let server = try RawServer { peer, number in
            connected.note(number)
            peer.waitForClose()
            connected.note(number)
        }
        let client = try CurlGRPC(userAgent: "p2pmirror/test")
        let request = GRPCRequest(host: "127.0.0.1", port: server.port, path: "/a.B/C", timeout: .seconds(600))
        let call = Task { await client.call(request) }
        _ = try await connected.wait(for: 1)
        call.cancel()
        #expect(Self.text(await call.value) == "cancelled: given up")
        #expect(try await connected.wait(for: 2).count == 2)
        let late = Task { () async -> GRPCOutcome in
            withUnsafeCurrentTask { $0?.cancel() }
            return await client.call(request)
        }
        #expect(Self.text(await late.value) == "cancelled: given up")
    }

    @Test("Nobody there, a name that is none, and HTTP/1 where HTTP/2 is needed are named")
    func strangers() async throws {
        let closed = try RawServer.closedPort()
        #expect(try await call(at: closed) == "connection: connection refused")
        #expect(try await call(at: closed, host: "::1").hasPrefix("connection: "))
        #expect(
            try await call(at: closed, host: "scheduler.invalid")
                == "resolution: the name scheduler.invalid has no address"
        )
        let plain = try RawServer { peer, _ in
            _ = peer.read(24)
            peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            peer.waitForClose()
        }
        #expect(
            try await call(at: plain.port) == "protocolViolation: the server speaks HTTP/1, and gRPC needs HTTP/2"
        )
    }
}
