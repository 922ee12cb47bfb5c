import KubeClient
import KubeCore
import Testing

/// One row of the table of faults: what goes wrong with credentials, what must follow, and how to see it.
struct CredentialFault: Sendable, CustomTestStringConvertible {
    enum Group: String, Sendable, CaseIterable {
        case token = "Token files"
        case certificate = "Certificates"
        case plugin = "Credential plugins"
    }

    var group: Group
    var name: String
    var expected: String
    /// Carries the fault out, checks it, and tells what happened: the same words each time.
    var happens: @Sendable (FaultBench) async throws -> String

    var testDescription: String { name }

    static let all = tokens + certificates + plugins + failingPlugins
}

extension CredentialFault {
    // Header and signature of one length, as a server that signs tokens makes them.
    private static let one = "eyJhIn0.eyJvbmUifQ.c2lnbmF0dXJlLTE"
    private static let two = "eyJhIn0.eyJ0d28ifQ.c2lnbmF0dXJlLTI"

    private static func named(_ text: String) -> String {
        text.replacing(one, with: "one").replacing(two, with: "two")
    }

    /// A client with a token file that has been used once.
    private static func begun(_ bench: FaultBench, _ token: String = one, lifetime: Duration = .seconds(3600))
        async throws -> CurlTransport
    {
        bench.files["/token"] = token
        try bench.server.tell("accept \(token)")
        let client = try bench.client(lifetime: lifetime) { $0.token = .file("/token") }
        #expect(await bench.ask(client) == "200")
        return client
    }

    /// Asks with a file that has a fault, when the old token is already due to be read again.
    private static func askWith(_ content: String?, _ bench: FaultBench) async throws -> String {
        let client = try await begun(bench, lifetime: .zero)
        bench.files["/token"] = content
        let answer = await bench.ask(client, .post("/x"))
        bench.files["/token"] = two
        try bench.server.tell("accept \(two)")
        let next = await bench.ask(client, .post("/x"))
        #expect([answer, next] == ["200", "200"])
        return named(try bench.told())
    }

    private static let tokens = [
        CredentialFault(
            group: .token,
            name: "The file is rotated, and the old token is refused before it is read again",
            expected: "The file is read at once, and the write is carried out once."
        ) { bench in
            let client = try await begun(bench)
            bench.files["/token"] = two
            try bench.server.tell("accept \(two)")
            #expect(await bench.ask(client, .post("/x")) == "200")
            let told = named(try bench.told())
            #expect(told == "200 one, 401 one, 200 two")
            return told
        },
        CredentialFault(
            group: .token,
            name: "The file is rotated while the old token is still good",
            expected: "The new token is used once the file's lifetime is over; no request is refused."
        ) { bench in
            let client = try await begun(bench, lifetime: .zero)
            bench.files["/token"] = two
            try bench.server.tell("accept \(one) \(two)")
            #expect(await bench.ask(client) == "200")
            let told = named(try bench.told())
            #expect(told == "200 one, 200 two")
            return told
        },
        CredentialFault(
            group: .token,
            name: "The file is empty in mid-rotation",
            expected: "The last good token goes on, and the new one is used as soon as it is there."
        ) { try await askWith("", $0) },
        CredentialFault(
            group: .token,
            name: "The file is missing in mid-rotation",
            expected: "As before."
        ) { try await askWith(nil, $0) },
        CredentialFault(
            group: .token,
            name: "The file holds the first half of a JSON Web Token",
            expected: "As before: half a token is never sent."
        ) { bench in
            let told = try await askWith(String(two.dropLast(6)), bench)
            #expect(told == "200 one, 200 one, 200 two")
            return told
        },
        CredentialFault(
            group: .token,
            name: "The file holds half of a token in a form that nobody can check",
            expected: "Refused, it gives way to the last token that the server took."
        ) { bench in
            let client = try await begun(bench, "opaque-1", lifetime: .zero)
            bench.files["/token"] = "opa"
            #expect(await bench.ask(client, .post("/x")) == "200")
            let told = try bench.told()
            #expect(told == "200 opaque-1, 401 opa, 200 opaque-1")
            return told
        },
        CredentialFault(
            group: .token,
            name: "401 without a new token in the file",
            expected: "The 401 is the answer: one request, no loop."
        ) { bench in
            let client = try await begun(bench)
            try bench.server.tell("accept \(two)")
            #expect(await bench.ask(client) == "401")
            let told = named(try bench.told())
            #expect(told == "200 one, 401 one")
            return told
        },
        CredentialFault(
            group: .token,
            name: "The token is refused in mid-watch: the watch is cut, and its next one gets 401",
            expected: "One 401, then the watch goes on with the new token from its last event."
        ) { bench in
            let client = try await begun(bench)
            let follower = Follower(client)
            try bench.server.tell("emit 5")
            try await bench.wait("five events") { follower.sawAll(5) }
            bench.files["/token"] = two
            try bench.server.tell("accept \(two)")
            try bench.server.tell("emit 4")
            try bench.server.tell("end")
            try await bench.wait("another watch") { try bench.server.notes().last?.token == two }
            try bench.server.tell("emit 3")
            try await bench.wait("all events") { follower.sawAll(12) }
            follower.stop()
            let told = named(try bench.told { $0.path == "/events?watch" })
            #expect(told == "200 one, 401 one, 200 two")
            return "\(told); \(follower.account(12))"
        },
    ]
}

extension CredentialFault {
    /// Follows events through a change of certificates, and says who asked on how many connections.
    private static func watched(
        _ bench: FaultBench,
        _ client: CurlTransport,
        change: () throws -> Void,
        isChanged: @escaping (FaultServer.Note) -> Bool
    ) async throws -> String {
        let follower = Follower(client)
        try bench.server.tell("emit 5")
        try await bench.wait("five events") { follower.sawAll(5) }
        try change()
        try await bench.wait("another watch") {
            try bench.server.tell("emit 1")
            return try bench.server.notes().filter { $0.path == "/events?watch" }.count { isChanged($0) } > 0
        }
        let count = follower.events.count + 5
        try bench.server.tell("emit 5")
        try await bench.wait("the last events") { follower.events.count >= count }
        #expect(follower.sawAll(follower.events.count))
        #expect(follower.endings == ["end"])
        let watches = try bench.server.notes().filter { $0.path == "/events?watch" }
        #expect(Set(watches.map(\.connection)).count == watches.count)
        follower.stop()
        return "\(watches.count) watches on \(watches.count) connections, the first ended in good order; "
            + (follower.sawAll(follower.events.count) ? "no event lost, none twice" : "events: \(follower.events)")
    }

    private static let certificates = [
        CredentialFault(
            group: .certificate,
            name: "The authority's file changes under a running watch",
            expected:
                "The watch ends in good order within a bound and goes on over a connection with the new authorities."
        ) { bench in
            let client = try bench.client(lifetime: .milliseconds(50)) { _ in }
            return try await watched(bench, client) {
                bench.files["/ca"] = try bench.certificates.text("ca.crt") + bench.certificates.text("ca2.crt")
                try bench.server.tell("certificate server2")
            } isChanged: {
                $0.connection > 0
            }
        },
        CredentialFault(
            group: .certificate,
            name: "The authority's file changes while half of an event has come",
            expected: "The watch ends after the other half."
        ) { bench in
            let client = try bench.client(lifetime: .zero, spread: .zero) { _ in }
            let follower = Follower(client)
            try bench.server.tell("emit 2")
            try await bench.wait("two events") { follower.sawAll(2) }
            try bench.server.tell("half")
            try await bench.wait("half an event") { follower.bytesOfLine > 0 }
            bench.files["/ca"] = try bench.certificates.text("ca.crt") + bench.certificates.text("ca2.crt")
            // It goes with the new authorities, so that the loop has been told of them before it is answered.
            #expect(await bench.ask(client) == "200")
            #expect(follower.endings == [])
            try bench.server.tell("rest")
            try await bench.wait("another watch") {
                try bench.server.notes().count { $0.path == "/events?watch" } == 2
            }
            try bench.server.tell("emit 2")
            try await bench.wait("all events") { follower.sawAll(5) }
            #expect(follower.endings == ["end"])
            follower.stop()
            return "\(follower.account(5)); the first watch ended in good order"
        },
        CredentialFault(
            group: .certificate,
            name: "The server has a certificate of a new authority, and the file follows later",
            expected:
                "Refused until the file changes; then the next request reads it at once, before its lifetime is over."
        ) { bench in
            let client = try bench.client { _ in }
            try bench.server.tell("certificate server2")
            let refused = await bench.ask(client, .post("/x"))
            #expect(refused.hasPrefix("tls: "))
            bench.files["/ca"] = try bench.certificates.text("ca2.crt")
            let answer = await bench.ask(client, .post("/x"))
            #expect(answer == "200")
            return "\(refused); then \(answer)"
        },
        CredentialFault(
            group: .certificate,
            name: "The authority's file is cut short in mid-rotation",
            expected: "The last good one goes on, also for new connections."
        ) { bench in
            let client = try bench.client(lifetime: .zero) { _ in }
            #expect(await bench.ask(client) == "200")
            bench.files["/ca"] = String(try bench.certificates.text("ca2.crt").prefix(200))
            try bench.server.tell("emit 1")
            let follower = Follower(client)
            try await bench.wait("an event") { follower.sawAll(1) }
            follower.stop()
            #expect(try bench.server.notes().map(\.connection) == [0, 1])
            return "\(try bench.server.notes().count) requests answered, the second over a new connection"
        },
        CredentialFault(
            group: .certificate,
            name: "The client certificate is rotated under a running watch",
            expected:
                "The watch ends in good order within a bound and goes on over a connection with the new certificate."
        ) { bench in
            try bench.put("alice")
            let client = try bench.client(lifetime: .milliseconds(50)) { $0.clientCertificate = FaultBench.clientFiles }
            let told = try await watched(bench, client) {
                try bench.put("alice2")
            } isChanged: {
                $0.client == "alice2"
            }
            return "\(told); \(try bench.told { $0.path == "/events?watch" })"
        },
        CredentialFault(
            group: .certificate,
            name: "The client certificate is replaced before its key is",
            expected: "The pair before goes on until both files are new."
        ) { bench in
            try bench.put("alice")
            let client = try bench.client(lifetime: .zero) { $0.clientCertificate = FaultBench.clientFiles }
            #expect(await bench.ask(client) == "200")
            bench.files["/client.crt"] = try bench.certificates.text("alice2.crt")
            let answers = [await bench.ask(client, .post("/x")), await bench.ask(client)]
            try bench.put("alice2")
            #expect(answers + [await bench.ask(client)] == ["200", "200", "200"])
            let told = try bench.told()
            #expect(told == "200 alice, 200 alice, 200 alice, 200 alice2")
            return told
        },
    ]
}
