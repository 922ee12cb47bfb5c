import Foundation
import KubeClient
import KubeCore
import KubeTestSupport
import Testing

@Suite("Bearer tokens", .timeLimit(.minutes(1)))
struct TokenTests {
    private static func server(accepting token: MemoryFiles, _ seen: Journal<String>) throws -> RawServer {
        try RawServer { peer, _ in
            while let request = peer.request() {
                let shown = request.headers["authorization"] ?? "none"
                seen.note(shown)
                peer.answer("", status: shown == "Bearer \(token["good"] ?? "")" ? "200 OK" : "401 Unauthorized")
            }
        }
    }

    @Test("A token that was replaced in its file is taken at once after a 401, for answers and streams")
    func rotation() async throws {
        let files = MemoryFiles(["good": "one", "/token": "one\n"])
        let seen = Journal<String>()
        let server = try Self.server(accepting: files, seen)
        let transport = try CurlTransport.test(server.url, token: .file("/token"), files: files)
        #expect(try await transport.send(KubeRequest(.get, "/")).status == 200)
        files["good"] = "two"
        files["/token"] = "two"
        #expect(try await transport.send(.post()).status == 200)
        #expect(seen.entries == ["Bearer one", "Bearer one", "Bearer two"])
        files["good"] = "three"
        files["/token"] = "three"
        #expect(try await transport.open(KubeRequest(.get, "/")).status == 200)
    }

    @Test("A 401 is the answer where the file holds no other token")
    func refused() async throws {
        let files = MemoryFiles(["good": "one", "/token": "old"])
        let seen = Journal<String>()
        let server = try Self.server(accepting: files, seen)
        let transport = try CurlTransport.test(server.url, token: .file("/token"), files: files)
        #expect(try await transport.send(KubeRequest(.get, "/")).status == 401)
        #expect(seen.entries == ["Bearer old"])
    }

    @Test("A file is read again when its token has been used for its lifetime, and a gap in the file does no harm")
    func lifetime() throws {
        let files = MemoryFiles(["/token": "one"])
        let start = ContinuousClock.now
        var token = BearerToken(.file("/token"), files: files, lifetime: .seconds(60))
        #expect(try token.current(at: start) == Secret("one"))
        files["/token"] = " two\r\n"
        #expect(try token.current(at: start + .seconds(59)) == Secret("one"))
        #expect(try token.current(at: start + .seconds(60)) == Secret("two"))
        files["/token"] = nil
        #expect(try token.current(at: start + .seconds(200)) == Secret("two"))
        files["/token"] = "three"
        #expect(try token.current(at: start + .seconds(201)) == Secret("three"))
        let later = [Secret("three"), Secret("two")].map { token.isReplaced($0, at: start + .seconds(202)) }
        #expect(later == [false, true])
    }

    @Test(
        "A token that cannot be had is an error that names the file",
        arguments: [
            ("", "is empty"), (" \n", "is empty"), (nil, "there is no such file"),
        ] as [(String?, String)]
    )
    func missing(content: String?, message: String) {
        let files = MemoryFiles([:])
        files["/token"] = content
        var token = BearerToken(.file("/token"), files: files, lifetime: .seconds(60))
        let error = #expect(throws: KubeError.self) { try token.current(at: .now) }
        #expect(error?.code == .credentials)
        #expect(error?.message.contains("/token") == true)
        #expect(error?.message.contains(message) == true)
    }

    @Test(
        "Half a token is one while it is written over another one",
        arguments: [
            ("eyJh", true), ("eyJhIn0", true), ("eyJhIn0.eyJi", true), ("eyJhIn0.eyJjIn0.c2ln", true),
            ("eyJhIn0.eyJjIn0.", true), ("eyJhIn0.eyJjIn0.b3RoZXI", false), ("eyJhIn0.eyJj.b3RoZXJz", false),
            ("eyJub3RoZXIn0.eyJj.c2ln", false), ("opaque", false),
        ]
    )
    func half(text: String, isHalf: Bool) {
        #expect(Secret(text).isCutShort(after: Secret("eyJhIn0.eyJiIn0.c2lnbmE")) == isHalf)
        #expect(!Secret(text).isCutShort(after: Secret("opaque-token-0")))
    }

    @Test("A token that is refused gives way to the one before it, which the server took")
    func fallsBack() throws {
        let files = MemoryFiles(["/token": "one"])
        let start = ContinuousClock.now
        var token = BearerToken(.file("/token"), files: files, lifetime: .seconds(60))
        token.wasAccepted(try token.current(at: start))
        files["/token"] = "tw"
        #expect(try token.current(at: start + .seconds(60)) == Secret("tw"))
        let first = token.isReplaced(Secret("tw"), at: start + .seconds(60))
        #expect(first)
        #expect(try token.current(at: start + .seconds(61)) == Secret("one"))
        let second = token.isReplaced(Secret("one"), at: start + .seconds(62))
        #expect(second, "the file holds another one")
        let third = token.isReplaced(Secret("tw"), at: start + .seconds(63))
        #expect(third, "and back")
        files["/token"] = "one"
        let last = token.isReplaced(Secret("one"), at: start + .seconds(64))
        #expect(!last)
    }

    @Test("A token with a line break in it is not sent, and not told")
    func injection() async throws {
        let transport = try CurlTransport.test("http://127.0.0.1:1", token: .value(Secret("s3cret\r\nX-Evil: 1")))
        let error = await #expect(throws: KubeError.self) { try await transport.send(KubeRequest(.get, "/")) }
        #expect(error?.code == .configuration)
        #expect(error.map { "\($0)".contains("s3cret") } == false)
    }
}

@Suite("Secrets are shown nowhere")
struct SecretTests {
    private static func shown(_ value: Any) -> String {
        var dumped = ""
        dump(value, to: &dumped)
        return "\(value) " + String(reflecting: value) + String(describing: Optional(value)) + dumped
    }

    private static let secret = "s3cret-t0ken"

    @Test("Printing, reflecting and dumping a configuration, a plan or a client tells no token and no key")
    func configuration() throws {
        let configuration = ClusterConfiguration(
            server: "https://10.0.0.1:6443",
            certificateAuthority: .data(Array(Self.secret.utf8)),
            clientCertificate: .init(certificate: .file("/c.crt"), key: .data(Array(Self.secret.utf8))),
            token: .value(Secret(Self.secret))
        )
        let plan = try TransferPlan(
            KubeRequest(.get, "/"),
            server: ServerAddress(configuration.server),
            tlsServerName: nil,
            token: Secret(Self.secret),
            isStream: false
        )
        let transport = try CurlTransport(configuration, options: ClientOptions(userAgent: "p2pmirror/test"))
        let bytes = Self.shown(Array(Self.secret.utf8)).prefix(40)
        for value in [configuration, plan, transport, Secret(Self.secret), [Secret(Self.secret)]] as [Any] {
            let text = Self.shown(value)
            #expect(!text.contains(Self.secret))
            #expect(!text.contains(bytes))
            #expect(!text.contains("115"), "the bytes of the secret, one a line")
        }
        #expect(Self.shown(configuration).contains("https://10.0.0.1:6443"))
        #expect(Self.shown(configuration).contains("/c.crt"))
    }

    @Test("Errors of requests and of configurations tell no secret")
    func errors() async throws {
        let transport = try CurlTransport.test(
            "http://127.0.0.1:\(RawServer.closedPort())",
            token: .value(Secret(Self.secret))
        )
        let error = await #expect(throws: KubeError.self) { try await transport.send(KubeRequest(.get, "/")) }
        #expect(error.map { Self.shown($0).contains(Self.secret) } == false)
        for server in ["https://user:\(Self.secret)@host", "ftp://user:\(Self.secret)@host"] {
            let error = #expect(throws: KubeError.self) {
                try CurlTransport(ClusterConfiguration(server: server), options: ClientOptions(userAgent: "x"))
            }
            #expect(error.map { Self.shown($0).contains(Self.secret) } == false)
        }
        let kubeconfig = """
            clusters: [{name: c, cluster: {server: "https://a"}}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            current-context: x
            users: [{name: u, user: {token: [\(Self.secret)], client-key-data: "\(Self.secret)"}}]
            """
        let wrong = #expect(throws: KubeError.self) {
            try ClusterConfiguration.load(
                explicitKubeconfig: "/k",
                environment: [:],
                files: MemoryFiles(["/k": kubeconfig])
            )
        }
        #expect(wrong.map { Self.shown($0).contains(Self.secret) } == false)
    }
}
