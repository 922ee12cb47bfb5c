import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorOperator

/// What an operator does about an installation of Spegel while its stores are behind the API server.
@Suite("An installation that the stores don't show as it is")
struct SpegelEvidenceTests {
    private let time = TestTime()

    private static func mirror() -> P2PMirror {
        P2PMirror(
            metadata: ObjectMeta(name: "m"),
            spec: P2PMirrorSpec(provider: .spegel, mode: .enforce, spegel: .init(install: .init()))
        )
    }

    private static func account(owner: P2PMirror?) throws -> ManagedObject {
        var metadata: JSONValue = [
            "name": "m-spegel", "namespace": "p2pmirror-system",
            "labels": .object(SpegelNames(mirror()).labels.mapValues { .string($0) }),
        ]
        if let owner { metadata["ownerReferences"] = [try JSONCoding.value(of: owner.controllerReference())] }
        return ManagedObject(
            ServiceAccountKind.resource,
            ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata]
        )
    }

    @Test("An apply rests on the mirror and its objects as they are now, one that lost its owner too")
    func objectsAreLive() async throws {
        let cluster = try await TestCluster(time)
        try await cluster.put(Self.mirror())
        let mirror = try await cluster.mirror()
        let orphan = try Self.account(owner: nil)
        _ = try await cluster.api.answer(
            to: .create(orphan.resource, namespace: orphan.key.namespace, orphan.body, manager: "test")
        )
        var snapshot = Snapshot(now: time.now.timestamp, mirrors: [mirror], nodes: [])
        let gone = ManagedObject(
            ServiceKind.resource,
            ["metadata": try Self.account(owner: mirror).body["metadata"] ?? [:]]
        )
        snapshot.evidence["m"] = .spegel(SpegelEvidence(objects: [try Self.account(owner: mirror), gone]))
        let verdict = Verdict(.appliesObject, "")
        let plan = Plan(mirror: "m", writes: [.applyObject(orphan, verdict)], status: Fixture.status())
        #expect(EvidenceReader.isNeeded(for: plan))
        let reader = EvidenceReader(cluster.api, now: { Fixture.start.timestamp })
        let live = try #require(try await reader.refreshed(snapshot, for: plan))
        let objects = try #require(live.evidence["m"]?.objects(of: mirror))
        #expect(objects.map(\.title) == ["ServiceAccount p2pmirror-system/m-spegel"])
        #expect(objects.first?.metadata.ownerReferences == [])
        #expect(objects.first?.metadata.resourceVersion != nil)
    }

    private static func fill<Object: KubeObject>(_ writer: Store<Object>.Writer, _ objects: [Object]) {
        writer.apply(.relistBegan)
        writer.apply(.page(objects, unreadable: []))
        writer.apply(.relistEnded(resourceVersion: "1"))
    }

    @Test("While a list has not been read, a mirror is reconciled again by itself")
    func looksAgain() async throws {
        let cluster = try await TestCluster(time)
        try await cluster.put(Self.mirror())
        let mirrors = Store<ObservedMirror>.make()
        let nodes = Store<Node>.make()
        let mirrorNodes = Store<MirrorNode>.make()
        Self.fill(mirrors.writer, try await cluster.api.list(ObservedMirror.self))
        Self.fill(nodes.writer, [])
        Self.fill(mirrorNodes.writer, [])
        let logger = Logger(label: "test")
        let clock = ContinuousClock()
        let wallClock: @Sendable () -> MicroTimestamp = { [time] in time.now }
        let reconciler = MirrorReconciler(
            cluster.api,
            stores: MirrorStores(mirrors: mirrors.reader, nodes: nodes.reader, mirrorNodes: mirrorNodes.reader),
            sources: ProviderSourceSet(
                SourceParts(
                    api: cluster.api,
                    server: ServerMemory(),
                    clock: clock,
                    seedClock: SeedClock(clock, wallClock: time.now),
                    generator: { SystemRandomNumberGenerator() },
                    logger: logger
                )
            ),
            leaseNamespace: "p2pmirror-system",
            ownWrites: OwnWrites(clock: clock, logger: logger),
            wallClock: wallClock,
            logger: logger,
            emit: { _ in }
        )
        let result = try await reconciler.reconcile("m")
        guard case .requeue = result else {
            Issue.record("\(result)")
            return
        }
        #expect(try await cluster.mirror().status?.conditions.first(ofType: "Ready")?.status == .unknown)
    }

    private static let monitors: JSONValue = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "servicemonitors.monitoring.coreos.com"],
        "spec": [
            "group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": [
                "plural": "servicemonitors", "kind": "ServiceMonitor", "singular": "servicemonitor",
                "listKind": "ServiceMonitorList",
            ],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
                ]
            ],
        ],
    ]

    @Test(
        "A ServiceMonitor that is wanted no more goes, also where another operator made it",
        .timeLimit(.minutes(1))
    )
    func monitorGoes() async throws {
        let cluster = try await TestCluster(time)
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        _ = try await cluster.api.answer(
            to: KubeRequest(.post, path, contentType: "application/json", body: JSONCoding.encode(Self.monitors))
        )
        try await cluster.put(Fixture.server("s1", number: 1), status: true)
        try await cluster.put(Self.mirror())
        let account = try Self.account(owner: try await cluster.mirror())
        var monitor = account.body
        monitor["apiVersion"] = .string(ServiceMonitorKind.resource.apiVersion)
        monitor["kind"] = .string(ServiceMonitorKind.resource.kind)
        _ = try await cluster.api.answer(
            to: .create(ServiceMonitorKind.resource, namespace: account.key.namespace, monitor, manager: "test")
        )
        let mirrorOperator = try MirrorOperator(
            cluster,
            options: OperatorOptions(leaseNamespace: Fixture.namespace, identity: "a", leaderElection: false),
            logger: Fixture.logger
        )
        let running = Task { await mirrorOperator.run() }
        while true {
            let list: JSONValue = try await cluster.api.send(.list(ServiceMonitorKind.resource))
            if list["items"] == [] { break }
            try await Task.sleep(for: .milliseconds(5))
        }
        running.cancel()
        await running.value
    }
}
