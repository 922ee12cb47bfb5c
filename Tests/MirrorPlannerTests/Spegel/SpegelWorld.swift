import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// A cluster in virtual time with one mirror of Spegel: what the operator's actions come to, with the controller of
/// DaemonSets and the kubelets around it.
struct SpegelWorld {
    static let epoch = Timestamp(seconds: 1_800_000_000)
    static let name = "peers"

    var snapshot: Snapshot
    /// Versions whose pods never become ready.
    var broken: Set<String> = []
    /// Seconds from a pod's start to its being ready, where it has another one.
    var startSeconds = 5
    /// All that was done, in order.
    private(set) var done: [Write] = []
    /// Each plan that did something, with what it was made from; nil where nobody asks for them.
    var history: [(plan: Plan, snapshot: Snapshot)]?
    /// All that was said.
    var notes: [Note] = []
    private var serial = 0
    /// The most pods of Ready nodes that were not ready at once since the last `beginCount`.
    private(set) var mostAway = 0

    init(nodes: Int, _ change: (inout P2PMirrorSpec) -> Void = { _ in }) {
        var spec = P2PMirrorSpec(
            provider: .spegel,
            mode: .enforce,
            candidates: .init(evictionsPerMinute: 60),
            rollout: .init(minReadySeconds: 10, progressDeadlineSeconds: 60),
            spegel: .init(install: .init())
        )
        change(&spec)
        let mirror = P2PMirror(
            metadata: ObjectMeta(name: Self.name, uid: "mirror-uid", resourceVersion: "1", generation: 1),
            spec: spec
        )
        snapshot = Snapshot(
            now: Self.epoch,
            mirrors: [mirror],
            nodes: (1...max(nodes, 1)).prefix(nodes).map(Self.node)
        )
        snapshot.evidence[Self.name] = .spegel(SpegelEvidence())
        observe()
    }

    static func node(_ number: Int) -> Node {
        Node(
            metadata: ObjectMeta(
                name: "node-\(number)",
                uid: "node-uid-\(number)",
                resourceVersion: "1",
                labels: ["kubernetes.io/os": "linux"]
            ),
            status: Node.Status(conditions: [Node.Condition(type: "Ready", status: "True")])
        )
    }

    // MARK: What is there

    var mirror: P2PMirror {
        get { snapshot.mirrors[0] }
        set { snapshot.mirrors[0] = newValue }
    }
    var evidence: SpegelEvidence {
        get { snapshot.spegel(of: Self.name) ?? SpegelEvidence() }
        set { snapshot.evidence[Self.name] = .spegel(newValue) }
    }
    var pods: [Pod] {
        get { evidence.pods }
        set { evidence.pods = newValue }
    }
    var install: P2PMirrorSpec.Install {
        get { mirror.spec.spegel?.install ?? .init() }
        set { mirror.spec.spegel?.install = newValue }
    }
    var plan: Plan? { Planner.plan(mirror: Self.name, snapshot) }

    func condition(_ type: MirrorConditionType) -> Condition? {
        plan?.status.conditions.first(ofType: type.rawValue)
    }

    func object(_ kind: String, _ name: String) -> ManagedObject? {
        evidence.objects.first { $0.resource.kind == kind && $0.key.name == name }
    }

    func pod(on node: String) -> Pod? { pods.first { $0.spec.nodeName == node && !$0.isDeleting } }

    // MARK: Time

    mutating func beginCount() { mostAway = 0 }

    /// Lets so many seconds pass: the operator looks after each.
    mutating func pass(_ seconds: Int) {
        for _ in 0..<seconds {
            snapshot.now = snapshot.now + 1
            control()
            operate()
            let ready = Set(pods.filter { $0.isReady && !$0.isDeleting }.compactMap(\.spec.nodeName))
            mostAway = max(mostAway, snapshot.nodes.count { $0.isReady && !ready.contains($0.metadata.name) })
        }
    }

    /// One pass of the operator.
    mutating func operate() {
        observe()
        guard let plan else { return }
        if !plan.isEmpty { history?.append((plan, snapshot)) }
        notes += plan.notes
        for action in plan.actions {
            done.append(action)
            carryOut(action)
        }
        for write in plan.seedWrites { carryOut(write) }
        mirror.status = plan.status
    }

    /// Nobody probes and announces here: only what the API server shows is known.
    private mutating func observe() {
        snapshot.seeds[Self.name] = SeedEvidence(
            now: MicroTimestamp(snapshot.now),
            trust: mirror.status == nil ? SignalTrust(since: Self.epoch) : trust
        )
    }

    private var trust: SignalTrust {
        snapshot.seeds[Self.name]?.trust ?? SignalTrust(since: Self.epoch)
    }

    mutating func nextVersion() -> String {
        serial += 1
        return "v\(serial)"
    }

    // MARK: The API server

    private mutating func carryOut(_ write: Write) {
        let (resource, key) = (write.target.resource, write.target.key)
        switch write.purpose {
        case .applyMirrorNode: write.mirrorNode.map { apply($0) }
        case .deleteMirrorNode: snapshot.mirrorNodes.removeAll { $0.metadata.name == key.name }
        case .applyObject: write.object.map { apply($0) }
        case .deleteObject:
            evidence.objects.removeAll { $0.resource == resource && $0.key == key }
            guard resource == DaemonSetKind.resource else { return }
            let isCleanUp = key.name.hasSuffix("-cleanup")
            pods.removeAll { ($0.metadata.labels[SpegelNames.componentLabel] == "cleanup") == isCleanUp }
        case .replacePod:
            guard let index = pods.firstIndex(where: { $0.key == key && $0.metadata.uid == write.uid }) else { return }
            pods[index].metadata.deletionTimestamp = snapshot.now
        case .labelPod(let labels):
            guard let index = pods.firstIndex(where: { $0.key == key }) else { return }
            pods[index].metadata.labels.merge(labels) { $1 }
            pods[index].metadata.resourceVersion = nextVersion()
        case .changeObject:
            guard case .merge(.value(let change)) = write.body else { return }
            self.change(resource, key, change)
        case .setFinalizers(let finalizers):
            mirror.metadata.finalizers = finalizers
            mirror.metadata.resourceVersion = nextVersion()
        case .recordSeed(let name, let record):
            guard let index = snapshot.mirrorNodes.firstIndex(where: { $0.spec.nodeName == name }) else { return }
            snapshot.mirrorNodes[index].status = MirrorNodeStatus(candidate: record)
        case .publishSeed(let name): move(name, into: true)
        case .withdrawSeed(let name): move(name, into: false)
        case .clearMirrorNode, .acquireDisruption, .approve, .withdrawApproval, .releaseDisruption, .recordSet,
            .forgetHost, .recordCall:
            break
        }
    }

    private mutating func move(_ node: String, into isPublished: Bool) {
        guard let index = pods.firstIndex(where: { $0.spec.nodeName == node && !$0.isDeleting }),
            SpegelLever.move(pods[index], into: isPublished, by: Self.name) != nil
        else { return }
        pods[index].metadata.labels[LabelKey.candidate] = isPublished ? "true" : "false"
        pods[index].metadata.annotations[AnnotationKey.evictedBy] = isPublished ? nil : Self.name
        pods[index].metadata.resourceVersion = nextVersion()
    }

    private mutating func apply(_ intent: MirrorNodeIntent) {
        snapshot.mirrorNodes.removeAll { $0.metadata.name == intent.name }
        let version = nextVersion()
        snapshot.mirrorNodes.append(
            MirrorNode(
                metadata: ObjectMeta(
                    name: intent.name,
                    uid: "uid-\(version)",
                    resourceVersion: version,
                    labels: intent.labels,
                    ownerReferences: [intent.owner]
                ),
                spec: intent.spec
            )
        )
    }

    /// An intent for one key of somebody else's Service, or for none of it any more.
    private static func merged(_ intent: JSONValue, into present: JSONValue) -> JSONValue {
        var body = present
        let isTakenOver = intent["spec"] != nil
        body["spec"]?["selector"]?[LabelKey.candidate] = isTakenOver ? "true" : nil
        body["metadata"]?["annotations"] = isTakenOver ? intent[path: "metadata", "annotations"] : nil
        return body
    }

    private mutating func apply(_ object: ManagedObject) {
        let version = nextVersion()
        var body = object.body
        let index = evidence.objects.firstIndex { $0.resource == object.resource && $0.key == object.key }
        let before = index.map { evidence.objects[$0].body }
        if let before, body[path: "metadata", "ownerReferences"] == nil { body = Self.merged(body, into: before) }
        var metadata = body["metadata"] ?? [:]
        metadata["uid"] = before?["metadata"]?["uid"] ?? .string("uid-\(version)")
        metadata["resourceVersion"] = .string(version)
        metadata["creationTimestamp"] = before?["metadata"]?["creationTimestamp"] ?? .string("\(snapshot.now)")
        metadata["generation"] = .int((before?["metadata"]?["generation"]?.intValue ?? 0) + 1)
        body["metadata"] = metadata
        body["status"] = before?["status"]
        if let index {
            evidence.objects[index].body = body
        } else {
            evidence.objects.append(ManagedObject(object.resource, body))
        }
    }

    /// Lets time pass until nothing is left to do, and for so many seconds at most.
    mutating func settle(within seconds: Int) {
        for _ in 0..<seconds / 20 {
            pass(20)
            if plan?.actions == [], condition(.ready)?.status == .true { return }
        }
    }

    // MARK: The controller of DaemonSets, and kubelets

    private mutating func control() {
        pods.removeAll { $0.isDeleting }
        for index in evidence.objects.indices where evidence.objects[index].resource == DaemonSetKind.resource {
            let body = evidence.objects[index].body
            evidence.objects[index].body["status"] = [
                "observedGeneration": body["metadata"]?["generation"] ?? 1,
                "desiredNumberScheduled": .int(Int64(snapshot.nodes.count)),
            ]
            for node in snapshot.nodes { makePod(of: evidence.objects[index], on: node) }
        }
        for index in pods.indices { age(&pods[index]) }
    }

    private mutating func makePod(of object: ManagedObject, on node: Node) {
        let labels = object.body[path: "spec", "template", "metadata", "labels"]?.objectValue ?? [:]
        let component = labels[SpegelNames.componentLabel]?.stringValue
        guard
            !pods.contains(where: {
                $0.spec.nodeName == node.metadata.name && $0.metadata.labels[SpegelNames.componentLabel] == component
            })
        else { return }
        let version = nextVersion()
        let number = node.metadata.name.split(separator: "-").last ?? "0"
        pods.append(
            Pod(
                metadata: ObjectMeta(
                    name: "\(object.key.name)-\(version)",
                    namespace: object.key.namespace,
                    uid: "uid-\(version)",
                    resourceVersion: version,
                    creationTimestamp: snapshot.now,
                    labels: labels.compactMapValues(\.stringValue)
                ),
                spec: Pod.Spec(nodeName: node.metadata.name),
                status: Pod.Status(
                    phase: "Running",
                    podIP: "10.1.0.\(number)",
                    conditions: [.init(type: "Ready", status: "False", lastTransitionTime: snapshot.now)]
                )
            )
        )
    }

    private func age(_ pod: inout Pod) {
        guard let node = snapshot.nodes.first(where: { $0.metadata.name == pod.spec.nodeName }), node.isReady,
            let created = pod.metadata.creationTimestamp, snapshot.now - created >= startSeconds, !pod.isReady
        else { return }
        let isPeer = (pod.metadata.labels[SpegelNames.componentLabel] ?? SpegelNames.application) == "spegel"
        let needsOther = isPeer && SpegelVersion(install.version)?.isReadyAlone == false
        guard !needsOther || snapshot.nodes.count > 1, !isBroken(pod) else { return }
        pod.status.conditions = [.init(type: "Ready", status: "True", lastTransitionTime: snapshot.now)]
    }

    private func isBroken(_ pod: Pod) -> Bool {
        broken.contains { version in
            var install = install
            install.version = version
            let settings = SpegelSettings(mirror.spec, install, now: snapshot.now)
            return pod.metadata.labels[LabelKey.revision] == settings.revision
        }
    }
}
