import Foundation
import KubeClient
import KubeCore
import Logging
import MirrorPlanner
import MirrorSandbox
import Testing

@Suite("A simulated Spegel")
struct SpegelDaemonTests {
    @Test("its arguments are read as the container has them")
    func arguments() throws {
        let arguments = SpegelArguments([
            "registry", "--log-level=INFO", "--registry-addr=:5000", "--mirrored-registries", "https://a", "https://b",
            "--data-dir=",
        ])
        #expect(arguments.subcommand == "registry")
        #expect(arguments.flags["mirrored-registries"] == ["https://a", "https://b"])
        #expect(try arguments.port("registry-addr", default: 1) == 5_000)
        #expect(try arguments.port("router-addr", default: 5_001) == 5_001)
        #expect(arguments.value("data-dir") == "")
        #expect(throws: ScenarioFailure.self) { try arguments.port("log-level", default: 1) }
    }

    @Test("the release is the image's tag, and decides who is tried and who is ready alone")
    func versions() {
        let version = SpegelVersion(image: "registry:5000/spegel-org/spegel:v0.7.4@sha256:abc")
        #expect(version == SpegelVersion(0, 7, 4))
        #expect(SpegelVersion(image: "registry:5000/spegel") == nil)
        #expect(version?.bootstrapLimit == 3)
        #expect(version?.isReadyAlone == false)
        #expect(SpegelVersion(image: "spegel:v0.5.1")?.bootstrapLimit == 10)
        #expect(SpegelVersion(image: "spegel:v0.5.1")?.isReadyAlone == true)
    }

    @Test("the wait after a failure doubles from 50 ms to 10 s")
    func backoff() {
        let waits = (1...10).map { SpegelBootstrap.backoff(after: $0) }
        #expect(waits.prefix(4) == [.milliseconds(50), .milliseconds(100), .milliseconds(200), .milliseconds(400)])
        #expect(waits[7] == .milliseconds(6_400))
        #expect(waits[8] == .seconds(10) && waits[9] == .seconds(10))
        #expect(SpegelBootstrap.backoff(after: 1_000) == .seconds(10))
    }

    @Test("the three lowest addresses by value are tried, whoever they are")
    func candidates() {
        let addresses = ["10.0.0.10", "10.0.0.9", "9.255.0.1", "10.0.0.11", "nonsense"]
        #expect(SpegelBootstrap.candidates(addresses, limit: 3) == ["9.255.0.1", "10.0.0.9", "10.0.0.10"])
        #expect(SpegelBootstrap.candidates(["10.0.0.1"], limit: 3) == ["10.0.0.1"])
    }

    @Test("an attempt fails where all dials failed, where there is only itself, and where there is nobody")
    func failures() {
        #expect(SpegelBootstrap.failure(tried: 2, errors: ["a", "b"], peers: 0) == "a\nb")
        // As upstream has it: with everybody dead it is a failure even where somebody else has connected meanwhile.
        #expect(SpegelBootstrap.failure(tried: 1, errors: ["a"], peers: 1) == "a")
        #expect(SpegelBootstrap.failure(tried: 3, errors: ["a"], peers: 1) == nil)
        let empty = SpegelBootstrap.failure(tried: 1, errors: [], peers: 0)
        #expect(empty == "routing table is empty after bootstrapping")
        let nobody = SpegelBootstrap.failure(tried: 0, errors: [], peers: 0)
        #expect(nobody == "bootstrap completed but connectivity has not been reached")
    }

    @Test("its metrics have the names of the real ones")
    func metrics() {
        var figures = SpegelFigures()
        figures.inbound = 2
        figures.failedDials = 3
        let text = figures.metricsText
        #expect(text.contains(#"libp2p_rcmgr_connections{dir="inbound",scope="system"} 2"#))
        #expect(text.contains(#"libp2p_swarm_dial_errors_total{transport="tcp",error="deadline",ip_version="ip4"} 3"#))
    }

    // MARK: With sockets

    /// A daemon at an address of its own that runs until the task ends.
    private static func daemon(
        _ ip: String,
        _ dns: ClusterDNS,
        version: String = "v0.7.4"
    ) throws -> any SimulatedContainer {
        try ContainerOptions(
            podIP: ip,
            resolver: dns.address,
            hostRoot: FileManager.default.temporaryDirectory.path(),
            image: "ghcr.io/spegel-org/spegel:\(version)",
            arguments: ["registry", "--dns-bootstrap-domain=b.n.svc.cluster.local."]
        ).container(logger: Logger(label: "spegel") { _ in SwiftLogNoOpLogHandler() })
    }

    private static func get(_ url: String, _ path: String) async -> KubeResponse? {
        let options = ClientOptions(userAgent: "test")
        guard let transport = try? CurlTransport(ClusterConfiguration(server: url), options: options) else {
            return nil
        }
        return try? await transport.send(KubeRequest(.get, path, timeout: .seconds(1)))
    }

    private static func figures(_ ip: String) async -> SpegelFigures? {
        await get("http://\(ip):9090", "/sandbox/figures")
            .flatMap { try? JSONCoding.decode(SpegelFigures.self, from: $0.body) }
    }

    private static func wait(_ what: String, until holds: () async -> Bool) async throws {
        let deadline = ContinuousClock().now + .seconds(60)
        while ContinuousClock().now < deadline {
            if await holds() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("\(what) did not come to be")
    }

    private static func records(_ addresses: [String]) -> ServiceRecords {
        ServiceRecords(services: [SpegelDNSTests.service()], pods: addresses.map { SpegelDNSTests.pod($0) })
    }

    @Test("alone it is not ready and says why; with a second one both are, and know each other")
    func aloneAndTwo() async throws {
        let network = "127.86.\(Int.random(in: 1...250))"
        let dns = try ClusterDNS(ttl: 0)
        defer { dns.stop() }
        dns.update(Self.records(["\(network).1"]))
        let one = Task { try await Self.daemon("\(network).1", dns).run() }
        defer { one.cancel() }
        try await Self.wait("two lookups") { await Self.figures("\(network).1")?.failedAttempts ?? 0 >= 2 }
        #expect(await Self.get("http://\(network).1:5000", "/readyz")?.status == 500)
        #expect(await Self.get("http://\(network).1:5000", "/livez")?.status == 200)
        let alone = await Self.figures("\(network).1")
        #expect(alone?.lastError == "routing table is empty after bootstrapping")
        #expect(alone?.dials == 0)
        dns.update(Self.records(["\(network).1", "\(network).2"]))
        let two = Task { try await Self.daemon("\(network).2", dns).run() }
        defer { two.cancel() }
        for ip in ["\(network).1", "\(network).2"] {
            try await Self.wait("\(ip) ready") { await Self.get("http://\(ip):5000", "/readyz")?.status == 200 }
            let figures = await Self.figures(ip)
            #expect(figures?.peers == 1)
            #expect(figures?.connectedAfter != nil)
        }
    }

    @Test("alone it was ready until v0.5")
    func readyAlone() async throws {
        let ip = "127.87.\(Int.random(in: 1...250)).1"
        let dns = try ClusterDNS(ttl: 0)
        defer { dns.stop() }
        dns.update(Self.records([ip]))
        let one = Task { try await Self.daemon(ip, dns, version: "v0.5.1").run() }
        defer { one.cancel() }
        try await Self.wait("readiness") { await Self.get("http://\(ip):5000", "/readyz")?.status == 200 }
    }
}
