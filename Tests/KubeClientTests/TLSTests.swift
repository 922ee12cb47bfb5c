import KubeClient
import KubeCore
import Testing

@Suite("TLS and HTTP/2", .timeLimit(.minutes(1)))
struct TLSTests {
    struct Facts: Decodable, Equatable {
        var `protocol`: String
        var connection: Int
        var host: String?
        var sni: String?
        var client: String?
    }

    private let server: TLSServer

    init() throws { server = try TLSServer.shared.get() }

    private func transport(
        host: String = "127.0.0.1",
        _ adjust: (inout ClusterConfiguration) throws -> Void
    ) throws -> CurlTransport {
        var configuration = ClusterConfiguration(server: "https://\(host):\(server.port)")
        try adjust(&configuration)
        return try CurlTransport(
            configuration,
            options: ClientOptions(userAgent: "p2pmirror/test", timeout: .seconds(10))
        )
    }

    private func facts(_ transport: CurlTransport, _ request: KubeRequest = KubeRequest(.get, "/")) async throws
        -> Facts
    {
        try JSONCoding.decode(Facts.self, from: await transport.send(request).body)
    }

    @Test("The authority is taken from a file or from data", arguments: [true, false])
    func authority(isFile: Bool) async throws {
        let transport = try transport {
            $0.certificateAuthority = isFile ? .file(server.path("ca.crt")) : .data(try server.bytes("ca.crt"))
        }
        let facts = try await facts(transport)
        #expect(facts.protocol == "h2")
        #expect(facts.client == nil)
    }

    @Test("A server that a wrong authority signed, or none that is known, is refused", arguments: [true, false])
    func wrongAuthority(isNamed: Bool) async throws {
        let transport = try transport {
            if isNamed { $0.certificateAuthority = .file(server.path("stranger.crt")) }
        }
        for request in [KubeRequest(.get, "/"), .post()] {
            #expect(await code { () throws(KubeError) in try await transport.send(request) } == .tls)
            #expect(await code { () throws(KubeError) in try await transport.open(request) } == .tls)
        }
    }

    @Test("A file of authorities that is missing is an error of TLS that names it")
    func missingAuthority() async throws {
        let transport = try transport { $0.certificateAuthority = .file("/nowhere/ca.crt") }
        let error = await #expect(throws: KubeError.self) { try await transport.send(KubeRequest(.get, "/")) }
        #expect(error?.code == .tls)
        #expect(error?.message.contains("/nowhere/ca.crt") == true)
    }

    @Test("A client certificate is presented, from files and from data", arguments: [true, false])
    func clientCertificate(isFile: Bool) async throws {
        let transport = try transport {
            $0.certificateAuthority = .file(server.path("ca.crt"))
            $0.clientCertificate =
                isFile
                ? .init(certificate: .file(server.path("alice.crt")), key: .file(server.path("alice.key")))
                : .init(certificate: .data(try server.bytes("alice.crt")), key: .data(try server.bytes("alice.key")))
        }
        #expect(try await facts(transport).client == "alice")
    }

    @Test("A client certificate that the server refuses is an error of TLS")
    func refusedCertificate() async throws {
        let transport = try transport {
            $0.certificateAuthority = .file(server.path("ca.crt"))
            $0.clientCertificate = .init(
                certificate: .file(server.path("mallory.crt")),
                key: .file(server.path("mallory.key"))
            )
        }
        let error = await #expect(throws: KubeError.self) { try await transport.send(KubeRequest(.get, "/")) }
        #expect(error?.code == .tls, "\(error?.message ?? "")")
    }

    @Test("Without checks any certificate will do")
    func insecure() async throws {
        let transport = try transport { $0.isInsecure = true }
        #expect(try await facts(transport).protocol == "h2")
    }

    @Test("A server name of its own is asked for and checked, and the address stays the same")
    func serverName() async throws {
        let good = try transport {
            $0.certificateAuthority = .file(server.path("ca.crt"))
            $0.tlsServerName = "api.test"
        }
        #expect(try await facts(good).sni == "api.test")
        let stream = try await good.open(KubeRequest(.get, "/"))
        let facts = try JSONCoding.decode(Facts.self, from: try await stream.collect(upTo: 10_000))
        #expect(facts.sni == "api.test")
        #expect(facts.host == "127.0.0.1:\(server.port)")
        let bad = try transport {
            $0.certificateAuthority = .file(server.path("ca.crt"))
            $0.tlsServerName = "other.test"
        }
        #expect(await code { () throws(KubeError) in try await bad.send(KubeRequest(.get, "/")) } == .tls)
    }

    @Test("Requests share one HTTP/2 connection; a stream has one of its own")
    func sharing() async throws {
        let transport = try transport { $0.certificateAuthority = .file(server.path("ca.crt")) }
        let answers = try await withThrowingTaskGroup(of: Facts.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await facts(transport, number.isMultiple(of: 2) ? KubeRequest(.get, "/") : .post())
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(answers.map(\.protocol)) == ["h2"])
        #expect(Set(answers.map(\.connection)).count == 1)
        let stream = try await transport.open(KubeRequest(.get, "/"))
        let own = try JSONCoding.decode(Facts.self, from: try await stream.collect(upTo: 10_000))
        #expect(own.protocol == "http/1.1")
        #expect(own.connection != answers.first?.connection)
    }

    @Test(
        "A connection that the server ends with GOAWAY, after an answer or in place of one, costs no read",
        arguments: ["goaway.test", "abrupt.test"]
    )
    func goingAway(name: String) async throws {
        let transport = try transport {
            $0.certificateAuthority = .file(server.path("ca.crt"))
            $0.tlsServerName = name
        }
        var connections: [Int] = []
        for _ in 0..<10 { connections.append(try await facts(transport).connection) }
        #expect(Set(connections).count == 4)
        #expect(connections == connections.sorted())
    }

    @Test("Requests that need more connections do not take that of a stream")
    func apart() async throws {
        let transport = try transport {
            $0.certificateAuthority = .file(server.path("ca.crt"))
            $0.tlsServerName = "localhost"
        }
        _ = try await facts(transport)
        let stream = try await transport.open(KubeRequest(.get, "/slow"))
        let reader = Task { try await stream.collect(upTo: 1000) }
        let answers = try await withThrowingTaskGroup(of: Facts.self) { group in
            for number in 0..<400 {
                group.addTask {
                    try await facts(transport, number.isMultiple(of: 2) ? KubeRequest(.get, "/") : .post())
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(answers.map(\.protocol)) == ["h2"])
        #expect(try await reader.value == Array(String(repeating: "event", count: 20).utf8))
    }
}
