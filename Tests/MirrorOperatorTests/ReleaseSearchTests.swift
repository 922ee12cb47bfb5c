import KubeCore
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorOperator

@Suite("What is not seen of a release is asked for")
struct ReleaseSearchTests {
    private static func mirror(_ release: String = "images") -> P2PMirror {
        P2PMirror(
            metadata: ObjectMeta(name: "m", uid: "mirror-uid"),
            spec: P2PMirrorSpec(
                provider: .spegel,
                mode: .enforce,
                namespace: Fixture.namespace,
                spegel: .init(adopt: .init(release: release))
            )
        )
    }

    /// A fleet of one node on which a release was seen.
    static func fleet(seen: String?) -> SpegelFleet {
        let mirror = mirror()
        let node = Node(
            metadata: ObjectMeta(name: "w1", uid: "uid-w1", labels: ["kubernetes.io/os": "linux"]),
            status: Node.Status()
        )
        let wish = ContainerdWish(
            registryConfigPath: "/etc/containerd/certs.d",
            mirrorPorts: [30_020],
            installed: true,
            release: seen,
            repair: true
        )
        let mirrorNode = MirrorNode(
            metadata: ObjectMeta(name: "m.w1", ownerReferences: [mirror.controllerReference()]),
            spec: MirrorNodeSpec(
                mirrorName: "m",
                nodeName: "w1",
                nodeUID: "uid-w1",
                provider: .spegel,
                role: .agent,
                containerd: wish
            )
        )
        var snapshot = Snapshot(now: Fixture.start.timestamp, mirrors: [mirror], nodes: [node])
        snapshot.mirrorNodes = [mirrorNode]
        snapshot.evidence["m"] = .spegel(SpegelEvidence())
        return SpegelFleet(mirror, snapshot)
    }

    static let seen = "\(Fixture.namespace)/images"

    /// A DaemonSet that a chart with `nameOverride` makes: not found by the application's name.
    private static func put(_ cluster: TestCluster) async throws {
        let labels: JSONValue = ["app.kubernetes.io/name": "cache", "app.kubernetes.io/instance": "images"]
        let pod: JSONValue = ["containers": [["name": "registry", "image": "cache"]]]
        let body: JSONValue = [
            "apiVersion": "apps/v1", "kind": "DaemonSet",
            "metadata": ["name": "images-cache", "namespace": .string(Fixture.namespace), "labels": labels],
            "spec": ["selector": ["matchLabels": labels], "template": ["metadata": ["labels": labels], "spec": pod]],
        ]
        _ = try await cluster.api.answer(
            to: .create(DaemonSetKind.resource, namespace: Fixture.namespace, body, manager: "test")
        )
    }

    @Test("It is gone where nothing carries its name, and is there under another name of the application")
    func looks() async throws {
        let cluster = try await TestCluster()
        let search = ReleaseSearch(KubeAPI(cluster))
        #expect(await search.isGone(Self.fleet(seen: Self.seen)) == true)
        try await Self.put(cluster)
        #expect(await search.isGone(Self.fleet(seen: Self.seen)) == false)
    }

    @Test("Where the server refuses or does not answer it is not known", arguments: [403, 500])
    func refused(code: Int) async throws {
        let cluster = try await TestCluster()
        cluster.onRequest { _, _ in .refused(code, "Forbidden") }
        #expect(await ReleaseSearch(KubeAPI(cluster)).isGone(Self.fleet(seen: Self.seen)) == nil)
    }

    @Test("Nothing is asked about a release that was not seen", arguments: [nil, "other/images"])
    func unseen(seen: String?) async throws {
        let cluster = try await TestCluster()
        cluster.clearLog()
        #expect(await ReleaseSearch(KubeAPI(cluster)).isGone(Self.fleet(seen: seen)) == nil)
        #expect(cluster.log.isEmpty)
    }

    @Test("The last of the Events counts, without the name of the pod that was not made")
    func events() {
        let event: (String, String) -> JSONValue = { ["note": .string($0), "deprecatedLastTimestamp": .string($1)] }
        let why = "is forbidden: violates PodSecurity \"restricted:latest\": hostPort (container \"registry\")"
        let events = [
            event("Error creating: quota", "2026-11-29T20:00:00Z"),
            event("Error creating: pods \"m-spegel-x7k2p\" \(why)", "2026-11-29T20:05:00Z"),
        ]
        #expect(RefusedPods.latest(events) == "a pod \(why)")
        #expect(RefusedPods.latest([events[0]]) == "Error creating: quota")
        #expect(RefusedPods.latest([]) == nil)
    }

    @Test("Peers are asked as their release says")
    func probes() {
        let node = Node(
            metadata: ObjectMeta(name: "w1", labels: ["kubernetes.io/os": "linux"]),
            status: Node.Status()
        )
        let probe = Probe(name: "ready", httpGet: .init(path: "/healthz", port: 5100))
        let targets = ProbeTargets(addresses: ["w1": "10.1.0.1"], probes: [probe])
        let made = SeedProbe.probes(of: Self.mirror(), [node], targets)
        #expect(made.map(\.probe) == [probe])
        #expect(made.first?.scheduled.request.port == 5100)
    }
}
