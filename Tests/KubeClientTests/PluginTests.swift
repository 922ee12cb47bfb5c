import KubeClient
import KubeCore
import KubeTestSupport
import Synchronization
import Testing

@Suite("What a credential plugin is told, and what is read from it")
struct ExecCredentialTests {
    private static let now = ContinuousClock.now
    private static let wall = Timestamp(seconds: 1_800_000_000)

    private static func read(_ status: String, version: String = "v1") throws(ExecCredential.Unreadable)
        -> ExecCredential
    {
        let text = #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/\#(version)",\#(status)}"#
        return try ExecCredential(Array(text.utf8), version: .v1, wall: wall, now: now)
    }

    private static let pem = "-----BEGIN X-----"

    @Test("A token, a certificate, or both, with their expiry")
    func good() throws {
        let token = try Self.read(#""spec":{},"status":{"token":"t","expirationTimestamp":"2027-01-15T08:10:00Z"}"#)
        #expect(token.token == Secret("t"))
        #expect(token.renewal == Self.now + .seconds(590), "ten seconds early")
        let short = try Self.read(#""status":{"token":"t","expirationTimestamp":"2027-01-15T08:00:50Z"}"#)
        #expect(short.renewal == Self.now + .seconds(45), "a tenth of its life early")
        let past = try Self.read(#""status":{"token":"t","expirationTimestamp":"2020-01-01T00:00:00Z"}"#)
        #expect(past.renewal == Self.now)
        let pair = try Self.read(
            #""status":{"clientCertificateData":"\#(Self.pem) c","clientKeyData":"\#(Self.pem) k"}"#
        )
        #expect(pair.token == nil && pair.renewal == nil)
        #expect(pair.pair?.key == Array("\(Self.pem) k".utf8))
        #expect(!"\(pair)\(token)".contains(Self.pem))
        let yaml = "kind: ExecCredential\napiVersion: client.authentication.k8s.io/v1\nstatus: {token: t}\n"
        #expect(try ExecCredential(Array(yaml.utf8), version: .v1, wall: Self.wall, now: Self.now).token == Secret("t"))
    }

    @Test(
        "What is no credential is told without a part of it",
        arguments: [
            (#""status":{}"#, "neither a token nor a client certificate"), (#""status":null"#, "has no status"),
            (#""status":{"token":""}"#, "neither a token"), (#""status":{"token":"s3cret\n"}"#, "no header may"),
            (#""status":{"clientCertificateData":"s3cret"}"#, "clientCertificateData without clientKeyData"),
            (#""status":{"clientKeyData":"s3cret"}"#, "clientKeyData without clientCertificateData"),
            (#""status":{"clientKeyData":"s3cret","clientCertificateData":"s3cret"}"#, "is no PEM text"),
            (#""status":{"token":["s3cret"]}"#, "bytes that are no ExecCredential"),
            (#""status":{"token":"s3cret","expirationTimestamp":"soon"}"#, "bytes that are no ExecCredential"),
        ]
    )
    func bad(status: String, reason: String) {
        let error = #expect(throws: ExecCredential.Unreadable.self) { try Self.read(status) }
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
        #expect(error?.reason.contains("s3cret") == false)
    }

    @Test("Another version than was asked for is no credential, nor is silence or chatter")
    func otherVersion() {
        let other = #expect(throws: ExecCredential.Unreadable.self) {
            try Self.read(#""status":{"token":"s3cret"}"#, version: "v1beta1")
        }
        #expect(other?.reason.contains("apiVersion \"client.authentication.k8s.io/v1beta1\" and was asked for") == true)
        for (text, reason) in [
            ("", "it wrote nothing"), ("s3cret: [", "9 bytes that"), ("Logged in as s3cret", "no Ex"),
        ] {
            let error = #expect(throws: ExecCredential.Unreadable.self) {
                try ExecCredential(Array(text.utf8), version: .v1, wall: Self.wall, now: Self.now)
            }
            #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
            #expect(error?.reason.contains("s3cret") == false)
        }
    }

    @Test("The cluster is told only where it is asked for, with the authority's data whatever they come from")
    func info() throws {
        var plugin = ExecPlugin(command: "x", place: "k")
        let configuration = ClusterConfiguration(
            server: "https://a",
            certificateAuthority: .file("/ca"),
            tlsServerName: "n",
            proxy: try ProxyAddress("http://me:s3cret@p")
        )
        let files = MemoryFiles(["/ca": "PEM"])
        let without = try ExecInfo(plugin, configuration, files: files).text()
        #expect(
            try JSONCoding.decode(JSONValue.self, from: Array(without.utf8)) == [
                "kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
                "spec": ["interactive": false],
            ]
        )
        plugin.providesClusterInfo = true
        plugin.version = .v1beta1
        plugin.clusterConfiguration = ["audience": "x"]
        let with = try ExecInfo(plugin, configuration, files: files).text()
        let value = try JSONCoding.decode(JSONValue.self, from: Array(with.utf8))
        #expect(value["apiVersion"] == "client.authentication.k8s.io/v1beta1")
        #expect(
            value[path: "spec", "cluster"] == [
                "server": "https://a", "tls-server-name": "n", "certificate-authority-data": "UEVN",
                "proxy-url": "http://p:80", "config": ["audience": "x"],
            ]
        )
    }

    @Test(
        "What a plugin says is told on one line, bounded, and without what may be a secret",
        arguments: [
            ("Unable to locate credentials\n", "Unable to locate credentials"),
            ("\u{1B}[31mno\u{1B}[0m\r\nsession", "[31mno [0m session"),
            ("token eyJhbGciOiJSUzI1NiIsImtpZCI6Ii0xIn0.e30.c2ln is old", "token <redacted> is old"),
            ("key AKIA1234567890ABCDEFGHIJ", "key <redacted>"),
            ("password hunter22 is wrong", "password <redacted> is wrong"),
            (
                "open /var/lib/some/very/long/path/credentials-1.json: none",
                "open /var/lib/some/very/long/path/credentials-1.json: none"
            ),
            ("unknown option --cluster-name", "unknown option --cluster-name"),
        ]
    )
    func said(text: String, told: String) {
        let secrets = ["hunter22", "--cluster-name", "no"].map { Secret($0) }
        #expect(PluginFault.told(Array(text.utf8), hiding: secrets) == told)
        #expect(PluginFault.told(Array(String(repeating: "word ", count: 5000).utf8), hiding: []).count == 303)
    }
}

@Suite("When a credential plugin runs")
struct PluginStateTests {
    private static let start = ContinuousClock.now

    private static func name(_ action: PluginState.Action) -> String {
        switch action {
        case .use(let credential): "use \(credential.number)"
        case .run: "run"
        case .join: "join"
        case .fail(let error): "fail \(error.message)"
        }
    }

    private static func ask(_ state: inout PluginState, _ seconds: Double) -> String {
        name(state.requested(at: start + .seconds(seconds)))
    }

    private static let error = KubeError(.credentials, "no")

    @Test("Once for all who ask, and again at the expiry")
    func expiry() {
        var state = PluginState()
        #expect(Self.ask(&state, 0) == "run")
        #expect(Self.ask(&state, 0) == "join")
        state.ended(.success(ExecCredential(token: Secret("a"), renewal: Self.start + .seconds(100))), at: Self.start)
        #expect(Self.ask(&state, 99) == "use 1")
        #expect(Self.ask(&state, 100) == "run")
        #expect(Self.ask(&state, 100) == "join")
        state.ended(.success(ExecCredential(token: Secret("b"))), at: Self.start + .seconds(101))
        #expect(Self.ask(&state, 1_000_000) == "use 2")
    }

    @Test("A renewal that takes long keeps nobody, unless the server has refused what there is")
    func slowRenewal() {
        var state = PluginState()
        #expect(Self.ask(&state, 0) == "run")
        #expect(Self.ask(&state, 29) == "join", "there is nothing to go with")
        state.ended(.success(ExecCredential(token: Secret("a"), renewal: Self.start + .seconds(100))), at: Self.start)
        #expect(Self.ask(&state, 100) == "run")
        #expect(Self.ask(&state, 101.9) == "join")
        #expect(state.patienceEnds == Self.start + .seconds(102))
        #expect(Self.ask(&state, 102) == "use 1")
        let isWorthAWait = state.refused(1, at: Self.start + .seconds(103))
        #expect(isWorthAWait && Self.ask(&state, 103) == "join")
        state.ended(.failure(Self.error), at: Self.start + .seconds(130))
        #expect(state.patienceEnds == nil)
    }

    @Test("A plugin that fails runs at growing intervals, and an expired credential is better than none")
    func failures() {
        var state = PluginState()
        var runs: [Double] = []
        for tenth in 0..<3000 {
            let now = Double(tenth) / 10
            guard Self.ask(&state, now) == "run" else { continue }
            runs.append(now)
            state.ended(.failure(Self.error), at: Self.start + .seconds(now))
        }
        #expect(runs.prefix(7) == [0, 1, 3, 7, 15, 31, 63])
        #expect(zip(runs.dropFirst(7), runs.dropFirst(6)).allSatisfy { (59.9...60.1).contains($0 - $1) })
        #expect(Self.ask(&state, 300) == "fail no")

        var expired = PluginState()
        _ = Self.ask(&expired, 0)
        expired.ended(.success(ExecCredential(token: Secret("a"), renewal: Self.start)), at: Self.start)
        #expect(Self.ask(&expired, 0.9) == "use 1", "a run a request would be too many")
        #expect(Self.ask(&expired, 1) == "run")
        expired.ended(.failure(Self.error), at: Self.start + .seconds(1))
        #expect(Self.ask(&expired, 1.5) == "use 1")
        #expect(Self.ask(&expired, 2) == "run")
    }

    @Test("A refusal has it run once more; refused again and again it does not run once a request")
    func refusals() {
        var state = PluginState()
        #expect(Self.ask(&state, 0) == "run")
        state.ended(.success(ExecCredential(token: Secret("a"))), at: Self.start)
        let first = state.refused(1, at: Self.start + .seconds(0.1))
        #expect(first)
        #expect(Self.ask(&state, 0.1) == "run")
        let beside = state.refused(1, at: Self.start + .seconds(0.2))
        #expect(beside, "another request had gone with the same one")
        #expect(Self.ask(&state, 0.2) == "join")
        state.ended(.success(ExecCredential(token: Secret("b"))), at: Self.start + .seconds(0.3))
        let late = state.refused(1, at: Self.start + .seconds(0.4))
        #expect(late, "there is another one by now")
        #expect(Self.ask(&state, 0.4) == "use 2")
        let soon = state.refused(2, at: Self.start + .seconds(0.5))
        #expect(!soon)
        let later = state.refused(2, at: Self.start + .seconds(1.4))
        #expect(later)
        #expect(Self.ask(&state, 1.4) == "run")
        state.ended(.success(ExecCredential(token: Secret("c"))), at: Self.start + .seconds(1.5))
        state.accepted(3, at: Self.start + .seconds(1.6))
        let hasty = state.refused(3, at: Self.start + .seconds(1.7))
        #expect(!hasty, "servers that do not agree would have it run once a request")
        state.accepted(3, at: Self.start + .seconds(3.5))
        let fresh = state.refused(3, at: Self.start + .seconds(3.6))
        #expect(fresh, "a good one begins anew")
        #expect(Self.ask(&state, 3.6) == "run")
        state.ended(.success(ExecCredential(token: Secret("d"))), at: Self.start + .seconds(3.7))
        let soonAgain = state.refused(4, at: Self.start + .seconds(4.7))
        #expect(soonAgain, "after a second, not after four")
    }
}

@Suite("Which certificates a client uses")
struct IdentityStateTests {
    private static func pair(_ name: String, key: String? = nil) -> TLSIdentity.Pair {
        TLSIdentity.Pair(certificate: Array(name.utf8), key: Array((key ?? name).utf8))
    }

    @Test("A change of either is another identity, and the same again is none")
    func changes() {
        var state = IdentityState()
        state.take(.init(authority: [1], pair: Self.pair("a")))
        let same = state.take(.init(authority: [1], pair: Self.pair("a")))
        #expect(!same)
        #expect(state.current?.number == 1)
        state.take(.init(authority: [2], pair: Self.pair("a")))
        state.take(.init(authority: [2], pair: Self.pair("b")))
        #expect(state.current == TLSIdentity(number: 3, authority: [2], pair: Self.pair("b")))
    }

    @Test("A certificate whose key is not yet there gives way to the pair before it, but never an authority")
    func unusable() {
        var state = IdentityState()
        state.take(.init(authority: [1], pair: Self.pair("a")))
        state.take(.init(authority: [2], pair: Self.pair("b", key: "a")))
        state.pairIsUnusable(of: 2)
        #expect(state.current == TLSIdentity(number: 3, authority: [2], pair: Self.pair("a")))
        let again = state.take(.init(authority: [2], pair: Self.pair("b", key: "a")))
        #expect(!again)
        state.take(.init(authority: [2], pair: Self.pair("b")))
        #expect(state.current == TLSIdentity(number: 4, authority: [2], pair: Self.pair("b")))
    }
}

@Suite("A credential plugin beside another credential", .timeLimit(.minutes(1)))
struct PluginPrecedenceTests {
    private final class Runner: CredentialPluginRunner {
        let runs = Mutex(0)

        func run(_ run: PluginRun) async -> PluginEnding {
            runs.withLock { $0 += 1 }
            return .missing
        }
    }

    private static let pem = PEMSource.data(Array("-----BEGIN X-----".utf8))

    @Test(
        "It does not run where a token or a client certificate is named",
        arguments: [
            ClusterConfiguration(server: "", token: .value(Secret("t"))),
            ClusterConfiguration(server: "", clientCertificate: .init(certificate: pem, key: pem)),
        ]
    )
    func precedence(configuration: ClusterConfiguration) async throws {
        let server = try RawServer { peer, _ in
            while peer.request() != nil { peer.answer("") }
        }
        let runner = Runner()
        var configuration = configuration
        configuration.server = server.url
        configuration.execPlugin = ExecPlugin(command: "x", place: "k")
        let client = try CurlTransport(
            configuration,
            options: ClientOptions(userAgent: "p2pmirror/test"),
            files: MemoryFiles([:]),
            plugins: runner
        )
        #expect(try await client.send(KubeRequest(.get, "/")).status == 200)
        #expect(runner.runs.withLock { $0 } == 0)
    }
}
