import Glibc
import KubeClient
import KubeCore
import KubeTestSupport
import Testing

@Suite("Streams", .timeLimit(.minutes(1)))
struct StreamTests {
    private static func lines(_ stream: KubeResponseStream) async throws -> [String] {
        var splitter = LineSplitter()
        var lines: [String] = []
        while let chunk = try await stream.nextChunk() {
            lines += splitter.push(chunk).map { String(decoding: $0, as: UTF8.self) }
        }
        return lines + (splitter.finish().map { [String(decoding: $0, as: UTF8.self)] } ?? [])
    }

    @Test("Events arrive whole though every byte comes by itself")
    func bytes() async throws {
        let events = (0..<20).map { "{\"type\":\"ADDED\",\"n\":\($0),\"é\":\"☃\"}" }
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.begin()
            for byte in Array((events.joined(separator: "\n") + "\n").utf8) { peer.chunk([byte]) }
            peer.end()
        }
        let stream = try await CurlTransport.test(server.url).open(KubeRequest(.get, "/watch"))
        #expect(stream.status == 200)
        #expect(stream.headers["transfer-encoding"] == "chunked")
        #expect(try await Self.lines(stream) == events)
    }

    @Test("A line of two megabytes arrives whole, whatever the bound", arguments: [1000, 100_000, 10_000_000])
    func longLine(bound: Int) async throws {
        let line = String(repeating: "0123456789abcdef", count: 1 << 17)
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.answer(line + "\nshort\n")
        }
        let stream = try await CurlTransport.test(server.url) { $0.streamBound = bound }.open(
            KubeRequest(.get, "/watch")
        )
        #expect(try await Self.lines(stream) == [line, "short"])
    }

    @Test("The head is there before the body is")
    func head() async throws {
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.begin()
            peer.waitForClose()
        }
        let stream = try await CurlTransport.test(server.url).open(KubeRequest(.get, "/"))
        #expect(stream.status == 200)
        stream.cancel()
        #expect(await code { () throws(KubeError) in try await stream.nextChunk() } == .cancelled)
    }

    @Test("A slow reader holds the server back, and nothing is lost")
    func backPressure() async throws {
        let sent = Journal<Int>()
        let piece = [UInt8]((0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.begin()
            for number in 0..<400 {
                guard peer.chunk(piece) else { return }
                sent.note(number)
            }
            peer.end()
        }
        let stream = try await CurlTransport.test(server.url) { $0.streamBound = 64 << 10 }.open(KubeRequest(.get, "/"))
        var held = -1
        while held != sent.entries.count {
            held = sent.entries.count
            try await Task.sleep(for: .milliseconds(200))
        }
        // What the kernel's socket buffers take is no more than some megabytes of the 26.
        #expect(held < 300)
        var received: [UInt8] = []
        while let chunk = try await stream.nextChunk() {
            // The bound, and the one piece of libcurl that passed it.
            #expect(chunk.count <= (64 << 10) + (128 << 10))
            received += chunk
        }
        #expect(received.count == 400 * piece.count)
        let isIntact = received.withUnsafeBytes { bytes in
            (0..<bytes.count / piece.count).allSatisfy { number in
                bytes.baseAddress.map { memcmp($0 + number * piece.count, piece, piece.count) } == 0
            }
        }
        #expect(isIntact)
    }

    @Test("A stream that is cut ends with a broken connection, after what had come")
    func cut() async throws {
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.begin()
            peer.chunk(Array("event\n".utf8))
        }
        let stream = try await CurlTransport.test(server.url).open(KubeRequest(.get, "/"))
        #expect(try await stream.nextChunk() == Array("event\n".utf8))
        #expect(await code { () throws(KubeError) in try await stream.nextChunk() } == .connection)
    }

    @Test("Silence longer than the idle limit is a timeout; a slow reader is no silence")
    func idle() async throws {
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.begin()
            peer.chunk(Array(repeating: 0x61, count: 3000))
            peer.waitForClose()
        }
        let transport = try CurlTransport.test(server.url) { $0.streamBound = 10 }
        let request = KubeRequest(.get, "/", idleTimeout: .milliseconds(300))
        let stream = try await transport.open(request)
        #expect(try await stream.nextChunk()?.isEmpty == false)
        let began = ContinuousClock.now
        #expect(
            await code { () throws(KubeError) in
                while try await stream.nextChunk() != nil {}
            } == .timeout
        )
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test("A deadline for the head does not end a stream whose head came in time")
    func longLived() async throws {
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.begin()
            for _ in 0..<5 {
                peer.chunk(Array("x".utf8))
                usleep(500_000)
            }
            peer.end()
        }
        let request = KubeRequest(.get, "/", timeout: .seconds(2), idleTimeout: .seconds(20))
        let stream = try await CurlTransport.test(server.url).open(request)
        #expect(try await stream.collect(upTo: 10) == Array("xxxxx".utf8))
    }

    @Test("A stream outlives the transport that opened it")
    func outlives() async throws {
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.begin()
            usleep(100_000)
            peer.chunk(Array("late".utf8))
            peer.end()
        }
        let stream = try await CurlTransport.test(server.url).open(KubeRequest(.get, "/"))
        #expect(try await stream.collect(upTo: 10) == Array("late".utf8))
    }
}

@Suite("Cancellation closes the connection at once", .timeLimit(.minutes(1)))
struct CancellationTests {
    enum Way: CaseIterable {
        case sending
        case opening
        case reading
        case cancelling
        case dropping
    }

    @Test("Whatever waits, and whoever cancels", arguments: Way.allCases)
    func closes(way: Way) async throws {
        let closed = Journal<ContinuousClock.Instant>()
        let asked = Journal<Bool>()
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            if way == .reading || way == .cancelling || way == .dropping {
                peer.begin()
                peer.chunk(Array("x".utf8))
            }
            asked.note(true)
            peer.waitForClose()
            closed.note(.now)
        }
        let transport = try CurlTransport.test(server.url)
        let task = Task {
            await code { () throws(KubeError) in
                switch way {
                case .sending: _ = try await transport.send(KubeRequest(.get, "/"))
                case .opening: _ = try await transport.open(KubeRequest(.get, "/"))
                case .reading:
                    let stream = try await transport.open(KubeRequest(.get, "/"))
                    while try await stream.nextChunk() != nil {}
                case .cancelling: try await transport.open(KubeRequest(.get, "/")).cancel()
                case .dropping: _ = try await transport.open(KubeRequest(.get, "/")).nextChunk()
                }
            }
        }
        #expect(try await asked.wait(for: 1).count == 1)
        try await Task.sleep(for: .milliseconds(50))
        let began = ContinuousClock.now
        task.cancel()
        let outcome = await task.value
        #expect(outcome == (way == .cancelling || way == .dropping ? nil : .cancelled))
        let end = try #require(try await closed.wait(for: 1).first)
        // At once, and not after the ten seconds of the request.
        #expect(end - began < .seconds(5))
    }

    @Test("A task that was cancelled before sends nothing")
    func before() async throws {
        let asked = Journal<Bool>()
        let server = try RawServer { peer, _ in
            if peer.request() != nil { asked.note(true) }
        }
        let transport = try CurlTransport.test(server.url)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await code { () throws(KubeError) in try await transport.send(.post()) }
        }
        #expect(await task.value == .cancelled)
        #expect(asked.entries.isEmpty)
    }
}
