import FlyingFox
import FlyingSocks
import Foundation
import KubeClient
import KubeCore
import KubeTestSupport
import Testing

@Suite("Whole answers over plain HTTP", .timeLimit(.minutes(1)))
struct TransportTests {
    @Test(
        "A request arrives as it was meant, and its answer comes back",
        arguments: [KubeRequest.Method.get, .post, .put, .patch, .delete],
        [true, false]
    )
    func exchange(method: KubeRequest.Method, hasBody: Bool) async throws {
        let seen = Journal<Peer.Request>()
        let server = try RawServer { peer, _ in
            while let request = peer.request() {
                seen.note(request)
                peer.answer("done", status: "201 Created", headers: ["X-One: a", "x-one: b"])
            }
        }
        let body = hasBody && method != .get ? Array("{\"a\":1}".utf8) : nil
        let request = KubeRequest(
            method,
            "/api/v1/näme a%b",
            query: [.init("labelSelector", "a in (b,c)"), .init("plus", "1+1&x=y")],
            contentType: body == nil ? nil : "application/json",
            body: body
        )
        let transport = try CurlTransport.test(server.url, token: .value(Secret("s3cret")))
        let response = try await transport.send(request)
        #expect(
            response
                == KubeResponse(
                    status: 201,
                    headers: ["content-length": "4", "x-one": "a, b"],
                    body: Array("done".utf8)
                )
        )
        let arrived = try #require(seen.entries.first)
        let target = "/api/v1/n%C3%A4me%20a%25b?labelSelector=a%20in%20%28b%2Cc%29&plus=1%2B1%26x%3Dy"
        #expect(arrived.line == "\(method.rawValue) \(target) HTTP/1.1")
        #expect(arrived.body == body ?? [])
        #expect(arrived.headers["authorization"] == "Bearer s3cret")
        #expect(arrived.headers["user-agent"] == "p2pmirror/test")
        #expect(arrived.headers["content-type"] == (body == nil ? nil : "application/json"))
        #expect(arrived.headers["accept"] == "application/json")
        #expect(arrived.headers["expect"] == nil)
        #expect(arrived.headers["accept-encoding"] == nil)
    }

    @Test("Compressed answers are asked for and unpacked only where the options say so")
    func compression() async throws {
        let packed: [UInt8] = [
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 7, 0, 0x86, 0xA6, 0x10, 0x36, 5, 0, 0, 0,
        ]
        let server = try RawServer { peer, _ in
            guard let request = peer.request() else { return }
            #expect(request.headers["accept-encoding"] == "gzip")
            peer.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n")
            peer.write(packed)
        }
        let response = try await CurlTransport.test(server.url) { $0.acceptsCompression = true }.send(
            KubeRequest(.get, "/")
        )
        #expect(response.body == Array("hello".utf8))
    }

    @Test("Any status is an answer, and redirections are not followed", arguments: [200, 302, 404, 409, 429, 500, 503])
    func statuses(status: Int) async throws {
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.write("HTTP/1.1 100 Continue\r\n\r\n")
            peer.answer("body", status: "\(status) X", headers: ["Location: /elsewhere"])
        }
        let response = try await CurlTransport.test(server.url).send(.post())
        #expect(response.status == status)
        #expect(response.body == Array("body".utf8))
    }

    @Test("Two hundred requests at once need no thread each, and all are answered by an ordinary server")
    func concurrency() async throws {
        let server = HTTPServer(address: try .inet(ip4: "127.0.0.1", port: 0))
        await server.appendRoute("GET /slow") { request in
            try await Task.sleep(for: .milliseconds(100))
            return HTTPResponse(statusCode: .ok, body: Data((request.query["n"] ?? "").utf8))
        }
        let running = Task { try await server.run() }
        defer { running.cancel() }
        try await server.waitUntilListening()
        guard case .ip4(_, let port) = await server.listeningAddress else {
            Issue.record("the server has no port")
            return
        }
        let transport = try CurlTransport.test("http://127.0.0.1:\(port)")
        let (answers, threads) = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for number in 0..<200 {
                group.addTask {
                    let request = KubeRequest(.get, "/slow", query: [.init("n", "\(number)")])
                    return (number, String(decoding: try await transport.send(request).body, as: UTF8.self))
                }
            }
            try await Task.sleep(for: .milliseconds(50))
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
            return (try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }, threads)
        }
        #expect(answers == Dictionary(uniqueKeysWithValues: (0..<200).map { ($0, "\($0)") }))
        // Servers of other tests in this process have threads of their own, up to 80 at once.
        #expect(threads < 200)
    }

    @Test("An answer longer than the limit is refused")
    func limit() async throws {
        let server = try RawServer { peer, _ in
            while peer.request() != nil { peer.answer(String(repeating: "x", count: 5000)) }
        }
        let transport = try CurlTransport.test(server.url) { $0.answerLimit = 4999 }
        #expect(
            await code { () throws(KubeError) in try await transport.send(KubeRequest(.get, "/")) }
                == .tooLarge
        )
    }

    @Test("A connection is used again")
    func reuse() async throws {
        let connections = Journal<Int>()
        let server = try RawServer { peer, number in
            connections.note(number)
            while peer.request() != nil { peer.answer("ok") }
        }
        let transport = try CurlTransport.test(server.url)
        for _ in 0..<5 { _ = try await transport.send(KubeRequest(.get, "/")) }
        #expect(connections.entries == [0])
    }
}

@Suite("Servers that misbehave", .timeLimit(.minutes(1)))
struct MisbehaviourTests {
    @Test(
        "An answer cut in the middle is a broken connection for a read and unknown for a write",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "HTTP/1.1 200 OK\r\nContent-Le", "",
        ]
    )
    func cut(answer: String) async throws {
        let server = try RawServer { peer, _ in
            if peer.request() != nil { peer.write(answer) }
        }
        let transport = try CurlTransport.test(server.url)
        #expect(await code { () throws(KubeError) in try await transport.send(KubeRequest(.get, "/")) } == .connection)
        #expect(await code { () throws(KubeError) in try await transport.send(.post()) } == .outcomeUnknown)
    }

    @Test("What is no HTTP is a breach of the protocol for a read")
    func nonsense() async throws {
        let server = try RawServer { peer, _ in
            if peer.request() != nil { peer.write("SSH-2.0-OpenSSH\r\n") }
        }
        let transport = try CurlTransport.test(server.url)
        #expect(
            await code { () throws(KubeError) in try await transport.send(KubeRequest(.get, "/")) }
                == .protocolViolation
        )
        #expect(await code { () throws(KubeError) in try await transport.send(.post()) } == .outcomeUnknown)
    }

    @Test("A refused connection did nothing, whatever was asked")
    func refused() async throws {
        let transport = try CurlTransport.test("http://127.0.0.1:\(RawServer.closedPort())")
        for request in [KubeRequest(.get, "/x"), .post("/x")] {
            let error = await #expect(throws: KubeError.self) { try await transport.send(request) }
            #expect(error?.code == .connection)
            #expect(error?.message.contains("\(request.method.rawValue) http://127.0.0.1:") == true)
        }
    }

    @Test("No answer is a timeout for a read and unknown for a write")
    func silence() async throws {
        let server = try RawServer { peer, _ in peer.waitForClose() }
        let transport = try CurlTransport.test(server.url)
        let read = KubeRequest(.get, "/", timeout: .milliseconds(200))
        let began = ContinuousClock.now
        #expect(await code { () throws(KubeError) in try await transport.send(read) } == .timeout)
        #expect(await code { () throws(KubeError) in try await transport.open(read) } == .timeout)
        #expect(
            await code { () throws(KubeError) in
                try await transport.send(.post(timeout: .milliseconds(200)))
            } == .outcomeUnknown
        )
        #expect(ContinuousClock.now - began >= .milliseconds(600))
        let byDefault = try CurlTransport.test(server.url) { $0.timeout = .milliseconds(200) }
        #expect(await code { () throws(KubeError) in try await byDefault.send(KubeRequest(.get, "/")) } == .timeout)
    }

    @Test("A write is sent once, also when a kept connection dies under it; a read is sent again")
    func resend() async throws {
        let seen = Journal<String>()
        let server = try RawServer { peer, _ in
            guard let first = peer.request() else { return }
            seen.note(first.line)
            peer.answer("ok")
            if let second = peer.request() { seen.note(second.line) }
        }
        for (request, expected) in [
            (KubeRequest(.delete, "/d"), KubeError.Code.outcomeUnknown), (.post("/p"), .outcomeUnknown),
        ] {
            let transport = try CurlTransport.test(server.url)
            _ = try await transport.send(KubeRequest(.get, "/first"))
            #expect(await code { () throws(KubeError) in try await transport.send(request) } == expected)
            #expect(seen.entries.count { $0.contains(request.path + " ") } == 1)
        }
        let transport = try CurlTransport.test(server.url)
        _ = try await transport.send(KubeRequest(.get, "/first"))
        #expect(try await transport.send(KubeRequest(.get, "/again")).status == 200)
        #expect(seen.entries.count { $0.contains("/again ") } == 2)
    }
}

@Suite("Retry-After", .timeLimit(.minutes(1)))
struct RetryAfterTests {
    @Test(
        "A request that was refused for now is repeated, and not earlier than asked",
        arguments: [
            KubeRequest(.get, "/"), KubeRequest.post(),
        ],
        ["429 Too Many Requests", "503 Service Unavailable"]
    )
    func seconds(request: KubeRequest, status: String) async throws {
        let times = Journal<ContinuousClock.Instant>()
        let server = try RawServer { peer, _ in
            while peer.request() != nil {
                times.note(.now)
                if times.entries.count == 1 {
                    peer.answer("", status: status, headers: ["Retry-After: 1"])
                } else {
                    peer.answer("ok")
                }
            }
        }
        #expect(try await CurlTransport.test(server.url).send(request).status == 200)
        #expect(times.entries.count == 2)
        #expect(times.entries[1] - times.entries[0] >= .seconds(1))
    }

    @Test("A stream is repeated in the same way")
    func stream() async throws {
        let server = try RawServer { peer, number in
            guard peer.request() != nil else { return }
            if number == 0 { return peer.answer("", status: "429 X", headers: ["Retry-After: 0"]) }
            peer.answer("ok")
        }
        let stream = try await CurlTransport.test(server.url).open(KubeRequest(.get, "/"))
        #expect(stream.status == 200)
        #expect(try await stream.collect(upTo: 10) == Array("ok".utf8))
    }

    @Test("The answer itself is returned when its time lies beyond the deadline, or after the last repetition")
    func bounds() async throws {
        let count = Journal<Int>()
        let server = try RawServer { peer, number in
            while let request = peer.request() {
                count.note(number)
                peer.answer(
                    "busy",
                    status: "503 X",
                    headers: ["Retry-After: \(request.line.contains("long") ? 60 : 0)"]
                )
            }
        }
        let transport = try CurlTransport.test(server.url) {
            $0.retries = RetryPolicy(maximumRetries: 2, minimumPause: .milliseconds(5))
        }
        #expect(try await transport.send(KubeRequest(.get, "/long")).status == 503)
        #expect(count.entries.count == 1)
        #expect(try await transport.send(KubeRequest(.get, "/short")).body == Array("busy".utf8))
        #expect(count.entries.count == 4)
    }

    @Test("A task that is cancelled while it waits does not ask again")
    func cancelled() async throws {
        let server = try RawServer { peer, _ in
            while peer.request() != nil { peer.answer("", status: "503 X", headers: ["Retry-After: 5"]) }
        }
        let transport = try CurlTransport.test(server.url)
        let task = Task { await code { () throws(KubeError) in try await transport.send(KubeRequest(.get, "/")) } }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        #expect(await task.value == .cancelled)
    }
}
