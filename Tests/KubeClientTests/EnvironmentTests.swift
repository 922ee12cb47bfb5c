import Glibc
import KubeClient
import KubeCore
import KubeTestSupport
import Testing

@Suite("Faults of the network and of the machine", .timeLimit(.minutes(1)))
struct EnvironmentTests {
    @Test("A name that leads nowhere is a failed connection that names it; nothing was sent")
    func names() async throws {
        let transport = try CurlTransport.test("https://no-such-host.invalid:6443")
        for request in [KubeRequest(.get, "/"), .post()] {
            let error = await #expect(throws: KubeError.self) { try await transport.send(request) }
            #expect(error?.code == .connection)
            #expect(error?.isTransient == true)
            #expect(error?.message.contains("no-such-host.invalid") == true)
        }
    }

    @Test("A connection that is reset is a broken one for a read and unknown for a write")
    func reset() async throws {
        let server = try RawServer { peer, _ in
            if peer.request() != nil { peer.reset() }
        }
        let transport = try CurlTransport.test(server.url)
        #expect(await code { () throws(KubeError) in try await transport.send(KubeRequest(.get, "/")) } == .connection)
        #expect(await code { () throws(KubeError) in try await transport.send(.post()) } == .outcomeUnknown)
    }

    @Test("A watch that is reset ends with a broken connection after what had come")
    func resetWatch() async throws {
        let server = try RawServer { peer, _ in
            guard peer.request() != nil else { return }
            peer.begin()
            peer.chunk(Array("event\n".utf8))
            usleep(100_000)
            peer.reset()
        }
        let stream = try await CurlTransport.test(server.url).open(KubeRequest(.get, "/"))
        #expect(try await stream.nextChunk() == Array("event\n".utf8))
        #expect(await code { () throws(KubeError) in try await stream.nextChunk() } == .connection)
    }

    @Test("Without a file descriptor left a request says so, nothing was sent, and the client goes on once there are")
    func descriptors() async throws {
        // The limit is the process's, so this is one of its own.
        await #expect(processExitsWith: .success) {
            let port = try RawServer.closedPort()
            let transport = try CurlTransport.test("http://127.0.0.1:\(port)")
            // What libcurl opens once is open.
            _ = await code { () throws(KubeError) in try await transport.send(KubeRequest(.get, "/")) }
            var limit = rlimit(rlim_cur: 64, rlim_max: 64)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var held: [Int32] = []
            for request in [KubeRequest(.get, "/"), .post()] {
                // Each time anew: the runtime's own threads may have given one back.
                while case let file = open("/dev/null", O_RDONLY), file >= 0 { held.append(file) }
                let error = await #expect(throws: KubeError.self) { try await transport.send(request) }
                #expect(error?.code == .connection)
                #expect(error?.message.contains("Too many open files") == true, "\(error?.message ?? "")")
            }
            let none = #expect(throws: KubeError.self) { try CurlTransport.test("http://127.0.0.1:\(port)") }
            #expect(none?.message.contains("Too many open files") == true)
            for file in held { close(file) }
            let error = await #expect(throws: KubeError.self) { try await transport.send(KubeRequest(.get, "/")) }
            #expect(error?.message.contains("Too many open files") == false)
        }
    }
}
