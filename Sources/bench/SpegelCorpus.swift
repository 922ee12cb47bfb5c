import KubeCore
import MirrorAPI
import MirrorPlanner

/// A fleet of Spegel at rest: what plans ask for is carried out until they ask for nothing more.
struct SpegelCorpus {
    static let mirror = "peers"
    private let now: Timestamp
    private(set) var snapshot: Snapshot
    private var evidence = SpegelEvidence() {
        didSet { snapshot.evidence[Self.mirror] = .spegel(evidence) }
    }

    init(_ nodes: [Node], now: Timestamp) {
        self.now = now
        snapshot = Snapshot(
            now: now,
            mirrors: [
                P2PMirror(
                    metadata: ObjectMeta(name: Self.mirror, uid: "uid", resourceVersion: "1", generation: 1),
                    spec: P2PMirrorSpec(provider: .spegel, mode: .enforce, spegel: .init(install: .init()))
                )
            ],
            nodes: nodes
        )
        snapshot.evidence[Self.mirror] = .spegel(evidence)
        for _ in 0..<8 {
            let plan = Planner.plan(mirror: Self.mirror, snapshot)
            let writes = (plan?.records ?? []) + (plan?.writes ?? []).filter { !$0.purpose.isAboutSeeds }
            for write in writes { carryOut(write) }
            guard !writes.isEmpty else { break }
        }
    }

    private mutating func carryOut(_ write: Write) {
        switch write.purpose {
        case .setFinalizers(let finalizers): snapshot.mirrors[0].metadata.finalizers = finalizers
        case .applyMirrorNode:
            guard let intent = write.mirrorNode else { return }
            let metadata = ObjectMeta(
                name: intent.name,
                uid: "uid-\(intent.name)",
                resourceVersion: "1",
                labels: intent.labels,
                ownerReferences: [intent.owner]
            )
            snapshot.mirrorNodes.append(MirrorNode(metadata: metadata, spec: intent.spec))
        case .applyObject:
            guard var object = write.object else { return }
            object.body["metadata"]?["generation"] = 1
            object.body["status"] = [
                "observedGeneration": 1, "desiredNumberScheduled": .int(Int64(snapshot.nodes.count)),
            ]
            evidence.objects.append(object)
            if object.resource == DaemonSetKind.resource { makePods(object) }
        default: break
        }
    }

    private mutating func makePods(_ object: ManagedObject) {
        let labels = object.body[path: "spec", "template", "metadata", "labels"]?.objectValue ?? [:]
        let names = snapshot.nodes.map(\.metadata.name)
        evidence.pods = names.enumerated().map { number, node in
            Pod(
                metadata: ObjectMeta(
                    name: "\(object.key.name)-\(number)",
                    namespace: object.key.namespace,
                    uid: "pod-\(number)",
                    resourceVersion: "1",
                    creationTimestamp: now + -86_400,
                    labels: labels.compactMapValues(\.stringValue)
                ),
                spec: Pod.Spec(nodeName: node),
                status: Pod.Status(
                    podIP: "10.\(number >> 16).\(number >> 8 & 255).\(number & 255)",
                    conditions: [.init(type: "Ready", status: "True", lastTransitionTime: now + -86_000)]
                )
            )
        }
    }

    /// With what its probes say, and what was decided on it.
    func decided(_ evidence: SeedEvidence) -> Snapshot {
        var snapshot = snapshot
        snapshot.seeds[Self.mirror] = evidence
        snapshot.seeds[Self.mirror]?.announcements = [:]
        snapshot.mirrors[0].status = Planner.plan(mirror: Self.mirror, snapshot)?.status
        return snapshot
    }
}
