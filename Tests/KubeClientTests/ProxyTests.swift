import KubeClient
import KubeCore
import KubeTestSupport
import Testing

@Suite("Proxies", .timeLimit(.minutes(1)))
struct ProxyTests {
    private let server: TLSServer

    init() throws { server = try TLSServer.shared.get() }

    /// A client that can reach the server through the proxy alone: only that knows the name.
    private func client(_ proxy: String, name: String? = nil) throws -> CurlTransport {
        var configuration = ClusterConfiguration(
            server: "https://\(name == nil ? "api.test" : "nowhere.test"):\(server.port)",
            certificateAuthority: .file(server.path("ca.crt")),
            token: .value(Secret("s3cret")),
            proxy: try ProxyAddress(proxy)
        )
        configuration.tlsServerName = name
        return try CurlTransport(
            configuration,
            options: ClientOptions(userAgent: "p2pmirror/test", timeout: .seconds(10))
        )
    }

    private func expectAnswers(_ client: CurlTransport) async throws {
        for request in [KubeRequest(.get, "/"), .post()] {
            let facts = try JSONCoding.decode(TLSTests.Facts.self, from: await client.send(request).body)
            #expect(facts.protocol == "h2")
            #expect(facts.sni == "api.test")
        }
        let stream = try await client.open(KubeRequest(.get, "/"))
        #expect(stream.status == 200, "the answer of the server, not that of the proxy")
        #expect(stream.headers["proxy-said"] == nil)
    }

    @Test("A proxy over HTTP is asked for a tunnel, with user and password", arguments: [nil, "api.test"])
    func http(name: String?) async throws {
        let seen = Journal<Peer.Request>()
        let proxy = try RawServer { [port = server.port] peer, _ in
            guard let request = peer.request() else { return }
            seen.note(request)
            peer.write("HTTP/1.1 200 Yes\r\nProxy-Said: x\r\n\r\n")
            peer.tunnel(to: port)
        }
        try await expectAnswers(try client("http://me:pa%20ss@127.0.0.1:\(proxy.port)", name: name))
        for request in seen.entries {
            #expect(request.line == "CONNECT \(name == nil ? "api.test" : "nowhere.test"):\(server.port) HTTP/1.1")
            #expect(request.headers["proxy-authorization"] == "Basic bWU6cGEgc3M=")
            #expect(request.headers["authorization"] == nil, "the token is the server's")
        }
        #expect(seen.entries.count == 2)
    }

    @Test("A proxy over TLS is checked by the cluster's authority")
    func https() async throws {
        // The server is its own proxy.
        let good = try CurlTransport(
            ClusterConfiguration(
                server: "https://127.0.0.1:\(server.port)",
                certificateAuthority: .file(server.path("ca.crt")),
                proxy: try ProxyAddress("https://me:pa%20ss@127.0.0.1:\(server.port)")
            ),
            options: ClientOptions(userAgent: "p2pmirror/test", timeout: .seconds(10))
        )
        #expect(try await good.send(KubeRequest(.get, "/")).status == 200)
        let bad = try CurlTransport(
            ClusterConfiguration(
                server: "https://127.0.0.1:\(server.port)",
                certificateAuthority: .file(server.path("stranger.crt")),
                proxy: try ProxyAddress("https://me:pa%20ss@127.0.0.1:\(server.port)")
            ),
            options: ClientOptions(userAgent: "p2pmirror/test", timeout: .seconds(10))
        )
        #expect(await code { () throws(KubeError) in try await bad.send(.post()) } == .tls)
    }

    @Test("A SOCKS proxy looks the name up")
    func socks() async throws {
        let proxy = try RawServer { [port = server.port] peer, _ in
            guard peer.exactly(2).count == 2 else { return }
            _ = peer.read(255)
            peer.write([5, 0])
            // Connect, by name.
            guard peer.exactly(4) == [5, 1, 0, 3] else { return }
            let name = peer.exactly(Int(peer.exactly(1).first ?? 0))
            guard String(decoding: name, as: UTF8.self) == "api.test", peer.exactly(2).count == 2 else { return }
            peer.write([5, 0, 0, 1, 127, 0, 0, 1, 0, 0])
            peer.tunnel(to: port)
        }
        try await expectAnswers(try client("socks5://127.0.0.1:\(proxy.port)"))
    }

    @Test("A server without TLS is asked through the proxy too")
    func plain() async throws {
        let proxy = try RawServer { peer, _ in
            while let request = peer.request() { peer.answer(request.line) }
        }
        let client = try CurlTransport(
            ClusterConfiguration(server: "http://api.test", proxy: try ProxyAddress(proxy.url)),
            options: ClientOptions(userAgent: "p2pmirror/test", timeout: .seconds(10))
        )
        let body = try await client.send(KubeRequest(.get, "/x")).body
        #expect(String(decoding: body, as: UTF8.self) == "GET http://api.test/x HTTP/1.1")
    }

    @Test("What a proxy refuses did not reach the server, and no secret is told", arguments: ["407 No", "503 Busy"])
    func refused(status: String) async throws {
        let proxy = try RawServer { peer, _ in
            while peer.request() != nil { peer.answer("", status: status) }
        }
        let client = try client("http://me:passw0rd@127.0.0.1:\(proxy.port)")
        for request in [KubeRequest(.get, "/"), .post()] {
            let error = await #expect(throws: KubeError.self) { try await client.send(request) }
            #expect(error?.code == .connection)
            #expect(error?.message.contains(status.prefix(3)) == true, "\(error?.message ?? "")")
            #expect(error.map { "\($0)".contains("passw0rd") || "\($0)".contains("s3cret") } == false)
        }
        let nowhere = try self.client("http://127.0.0.1:\(RawServer.closedPort())")
        #expect(await code { () throws(KubeError) in try await nowhere.send(.post()) } == .connection)
    }
}
