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
        snapshot.spegel["m"] = SpegelEvidence(objects: [try Self.account(owner: mirror), gone])
        let verdict = Verdict(.appliesObject, "")
        let plan = Plan(mirror: "m", actions: [.applyObject(orphan, verdict)], status: Fixture.status())
        #expect(EvidenceReader.isNeeded(for: plan))
        let reader = EvidenceReader(cluster.api, now: { Fixture.start.timestamp })
        let live = try #require(try await reader.refreshed(snapshot, for: plan))
        let objects = try #require(live.spegel["m"]?.objects)
        #expect(objects.map(\.title) == ["ServiceAccount p2pmirror-system/m-spegel"])
        #expect(objects.first?.metadata.ownerReferences == [])
        #expect(objects.first?.metadata.resourceVersion != nil)
    }

    private static func fill<Object: KubeObject>(_ writer: Store<Object>.Writer, _ objects: [Object]) {
        writer.apply(.relistBegan)
        writer.apply(.page(objects, unreadable: []))
        writer.apply(.relistEnded(resourceVersion: "1"))
    }

    @Test("While a list has not been read, a mirror is looked at again by itself")
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
            spegel: SpegelSources(
                cluster.api,
                clock: clock,
                generator: { SystemRandomNumberGenerator() },
                logger: logger
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
}
