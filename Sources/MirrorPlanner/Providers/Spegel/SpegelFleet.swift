package import KubeCore
package import MirrorAPI

/// The nodes of one mirror of provider Spegel and the peers on them.
package struct SpegelFleet: Sendable {
    /// One selected node, and its pod where it has one.
    package struct Place: Sendable {
        /// In the snapshot: Nodes are costly to copy.
        package var number: Int
        package var name: String
        package var uid: String
        package var isReady: Bool
        package var pod: Pod?
        /// This mirror's MirrorNode of this very Node: its number among all, which cost nothing to copy together.
        fileprivate var recordNumber: Int?
        fileprivate var records: [MirrorNode]

        /// This mirror's MirrorNode of this very Node.
        package var mirrorNode: MirrorNode? { recordNumber.map { records[$0] } }
    }

    package let mirror: P2PMirror
    package let names: SpegelNames
    /// Selected Linux nodes, in ascending order of names.
    package let places: [Place]
    package let evidence: SpegelEvidence
    package let now: Timestamp
    /// What is adopted; nil for an installation of our own.
    let release: Release?
    /// Releases that other mirrors adopt in this namespace.
    let othersReleases: Set<String>

    package init(_ mirror: P2PMirror, _ snapshot: Snapshot) {
        self.mirror = mirror
        now = snapshot.now
        let names = SpegelNames(mirror)
        self.names = names
        let evidence =
            snapshot.spegel(of: mirror.metadata.name) ?? SpegelEvidence(staleness: "it has not been read yet")
        self.evidence = evidence
        let release = mirror.spec.spegel?.adopt.map { Release($0, names, evidence) }
        self.release = release
        let others = snapshot.mirrors.filter {
            $0.metadata.name != mirror.metadata.name && $0.spec.effectiveNamespace == names.namespace
        }
        othersReleases = Set(others.compactMap { $0.spec.spegel?.adopt?.release })
        var pods: [String: Pod] = [:]
        for pod in evidence.pods where pod.metadata.namespace == names.namespace {
            guard let node = pod.spec.nodeName, Self.isPeer(pod.metadata, release, names) else { continue }
            if pods[node].map({ Self.counts(pod, before: $0) }) ?? true { pods[node] = pod }
        }
        let records = snapshot.mirrorNodes
        let numbers = Dictionary(
            records.indices.lazy.filter { records[$0].spec.mirrorName == mirror.metadata.name }
                .map { (records[$0].spec.nodeUID, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        places = snapshot.nodes.enumerated().compactMap { number, node -> Place? in
            guard Self.runsLinux(node), mirror.spec.selector.matches(node.metadata.labels) else { return nil }
            let uid = node.metadata.uid ?? ""
            let name = node.metadata.name
            return Place(
                number: number,
                name: name,
                uid: uid,
                isReady: node.isReady,
                pod: pods[name],
                recordNumber: numbers[uid],
                records: records
            )
        }.sorted { $0.name < $1.name }
    }

    package static func runsLinux(_ node: Node) -> Bool { node.metadata.labels["kubernetes.io/os"] == "linux" }

    /// Ours are told by our labels, those of a release by its own selector.
    private static func isPeer(_ metadata: ObjectMeta, _ release: Release?, _ names: SpegelNames) -> Bool {
        if let release { return release.isPeer(metadata) }
        return names.selector.allSatisfy { metadata.labels[$0.key] == $0.value }
    }

    /// Labels that all pods of the peers have.
    package var selector: [String: String] { release?.selector ?? names.selector }

    /// Of two pods on one node one is on its way out; else the younger one counts, and then the name decides.
    private static func counts(_ pod: Pod, before other: Pod) -> Bool {
        if pod.isDeleting != other.isDeleting { return !pod.isDeleting }
        let (age, otherAge) = (pod.metadata.creationTimestamp, other.metadata.creationTimestamp)
        if age != otherAge { return (age?.seconds ?? 0) > (otherAge?.seconds ?? 0) }
        return pod.metadata.name < other.metadata.name
    }

    package var spegel: P2PMirrorSpec.Spegel { mirror.spec.spegel ?? .init() }

    /// Why nothing may be decided on what is known; nil where it is fresh.
    package func staleness(_ snapshot: Snapshot) -> String? {
        snapshot.staleness ?? evidence.staleness.map { "What is known of the peers may be out of date: \($0)." }
    }

    package func object(_ resource: ResourceType, _ name: String) -> ManagedObject? {
        evidence.objects.first {
            $0.resource == resource && $0.key == ObjectKey(namespace: names.namespace, name: name)
        }
    }
}

extension SpegelFleet {
    /// What makes the peers of an installation of our own.
    var daemonSet: ManagedObject? { object(DaemonSetKind.resource, names.base) }

    /// What makes the peers: ours, or that of the release.
    package var peersDaemonSet: ManagedObject? { release?.daemonSet ?? (release == nil ? daemonSet : nil) }

    /// Why pods are missing, as the end of a sentence.
    var refusal: String {
        guard let why = evidence.podRefusal else { return "" }
        return "; the DaemonSet \(peersDaemonSet?.key.name ?? "") can make no pods (FailedCreate): \(why)"
    }

    /// Where a pod serves its metrics.
    package var metricsPort: Int { release?.settings?.metricsPort ?? SpegelObjects.metricsPort }

    /// What peers are asked unless the mirror says otherwise.
    package var defaultProbes: [Probe] { release?.settings?.probes ?? SpegelLever.defaultProbes }

    /// Peers that should have found others by now, and have not.
    package var lostPeers: [Place] {
        places.filter { place in
            guard let pod = place.pod, !pod.isDeleting, !pod.isReady else { return false }
            return !place.isYoung(at: now)
        }
    }

    /// Addresses of the peers by node, of those that have one.
    package var addresses: [String: String] {
        var addresses: [String: String] = [:]
        for place in places where place.pod?.isDeleting == false { addresses[place.name] = place.pod?.addresses.first }
        return addresses
    }
}
