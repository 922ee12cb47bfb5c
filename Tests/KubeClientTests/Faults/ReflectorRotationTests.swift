import KubeClient
import KubeCore
import KubeRuntime
import Logging
import Testing

@Suite("Rotations under a reflector", .timeLimit(.minutes(1)))
struct ReflectorRotationTests {
    enum Rotation: CaseIterable {
        case authority
        case clientCertificate
        case token
    }

    @Test(
        "The watch goes on from its version, without a failure and without another list",
        arguments: Rotation.allCases
    )
    func rotation(rotation: Rotation) async throws {
        let bench = try FaultBench()
        try bench.put("alice")
        bench.files["/token"] = "one"
        let client = try bench.client(lifetime: .milliseconds(50)) {
            $0.clientCertificate = FaultBench.clientFiles
            $0.token = .file("/token")
        }
        var configuration = WatcherConfiguration()
        // The server of these tests has none, and takes one for a watch.
        configuration.streamingLists = false
        configuration.shortestWatch = .zero
        let reflector = Reflector<Lease>(
            KubeAPI(client),
            configuration: configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let running = Task { await reflector.run() }
        defer { running.cancel() }
        try await bench.wait("the watch") { try bench.server.notes().last?.path.hasSuffix("?watch") == true }
        try bench.server.tell("emit 5")
        try await bench.wait("five objects") { reflector.store.count == 5 }
        // A list by streaming was asked for before the watch, if only to be refused.
        let watches = try bench.server.notes().count { $0.path.hasSuffix("?watch") }
        let isNew: (FaultServer.Note) -> Bool
        switch rotation {
        case .authority:
            bench.files["/ca"] = try bench.certificates.text("ca.crt") + bench.certificates.text("ca2.crt")
            isNew = { _ in true }
        case .clientCertificate:
            try bench.put("alice2")
            isNew = { $0.client == "alice2" }
        case .token:
            bench.files["/token"] = "two"
            try bench.server.tell("accept two")
            try bench.server.tell("end")
            isNew = { $0.token == "two" && $0.status == 200 }
        }
        try await bench.wait("another watch") {
            try bench.server.notes().filter { $0.path.hasSuffix("?watch") }.dropFirst(watches).contains { isNew($0) }
        }
        try bench.server.tell("emit 5")
        try await bench.wait("ten objects") { reflector.store.count == 10 }
        let health = reflector.health
        #expect(health.relists == [.initial: 1])
        #expect(health.restarts == [.ended: 1])
    }
}
