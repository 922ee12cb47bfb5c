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
        /// This mirror's MirrorNode of this very Node.
        package var mirrorNode: MirrorNode?
    }

    package let mirror: P2PMirror
    package let names: SpegelNames
    /// Selected Linux nodes, in ascending order of names.
    package let places: [Place]
    package let evidence: SpegelEvidence
    package let now: Timestamp

    package init(_ mirror: P2PMirror, _ snapshot: Snapshot) {
        self.mirror = mirror
        now = snapshot.now
        let names = SpegelNames(mirror)
        self.names = names
        let evidence = snapshot.spegel[mirror.metadata.name] ?? SpegelEvidence(staleness: "it has not been read yet")
        self.evidence = evidence
        let selector = Self.selector(of: mirror, names)
        var pods: [String: Pod] = [:]
        for pod in evidence.pods where pod.metadata.namespace == names.namespace {
            guard let node = pod.spec.nodeName, selector.allSatisfy({ pod.metadata.labels[$0.key] == $0.value }) else {
                continue
            }
            if pods[node].map({ Self.counts(pod, before: $0) }) ?? true { pods[node] = pod }
        }
        let objects = Dictionary(
            snapshot.mirrorNodes.filter { $0.spec.mirrorName == mirror.metadata.name }
                .map { ($0.spec.nodeUID, $0) },
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
                mirrorNode: objects[uid]
            )
        }.sorted { $0.name < $1.name }
    }

    package static func runsLinux(_ node: Node) -> Bool { node.metadata.labels["kubernetes.io/os"] == "linux" }

    /// What the peers' pods are told by: ours by our labels, those of a release by the chart's.
    package static func selector(of mirror: P2PMirror, _ names: SpegelNames) -> [String: String] {
        guard let adopt = mirror.spec.spegel?.adopt else { return names.selector }
        return [
            SpegelNames.nameLabel: SpegelNames.application, SpegelNames.instanceLabel: adopt.release,
            SpegelNames.componentLabel: SpegelNames.application,
        ]
    }

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
    /// What containerd must be told on every node.
    var containerdWish: ContainerdWish {
        let isAll = mirror.spec.registries.contains { $0 == "*" || $0 == "_default" }
        return ContainerdWish(
            registryConfigPath: registryConfigPath,
            registries: isAll ? [] : mirror.spec.registries.sorted(),
            mirrorPorts: [SpegelObjects.hostPort, SpegelObjects.nodePort],
            installed: daemonSet != nil,
            repair: mirror.spec.mode == .enforce && spegel.nodeConfiguration == .repair
        )
    }

    /// That which makes the peers: ours, or that of the release.
    private var daemonSet: ManagedObject? {
        if let adopt = spegel.adopt { return Adoption(self, adopt).daemonSet }
        return object(DaemonSetKind.resource, names.base)
    }

    /// Where Spegel writes containerd's files: as asked for, or as the release has it.
    private var registryConfigPath: String {
        guard spegel.adopt != nil else { return spegel.registryConfigPath }
        let flag = "--containerd-registry-config-path="
        let containers = daemonSet?.body[path: "spec", "template", "spec", "initContainers"]?.arrayValue ?? []
        let arguments = containers.flatMap { $0["args"]?.arrayValue ?? [] }.compactMap(\.stringValue)
        let path = arguments.first { $0.hasPrefix(flag) }.map { String($0.dropFirst(flag.count)) }
        return path ?? spegel.registryConfigPath
    }

    /// Where a pod serves its metrics.
    package static let metricsPort = SpegelObjects.metricsPort

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
