package import KubeCore
package import MirrorAPI

/// The release of Dragonfly that one mirror looks after: its schedulers, its seeds and its clients, with what each is
/// told by its files and what it says itself.
///
/// Found by the labels of its pods and by what they mount, never by a name.
package struct DragonflyFleet: Sendable {
    package let mirror: P2PMirror
    package let evidence: DragonflyEvidence
    package let now: Timestamp
    /// The same on the clock of decisions, by which daemons were heard.
    let heardNow: Timestamp
    /// Names of the StatefulSets that make seeds.
    let seedOwners: [String]
    /// Value of the label `app` of its pods; nil where there is none, or more than one and the mirror does not say
    /// which.
    package let app: String?
    /// Those that the namespace has, in ascending order.
    package let apps: [String]
    /// In ascending order of names; those that are wanted and not there among them.
    package let seeds: [Seed]
    package let schedulers: [Daemon]
    package let clients: [Daemon]
    package let managers: [Daemon]

    /// One pod of the release.
    package struct Daemon: Sendable {
        package var name: String
        package var pod: Pod
        /// Name of its node; nil while it has none.
        package var node: String? { pod.spec.nodeName }
        package var address: String? { pod.addresses.first }
        package var isReady: Bool { pod.isReady && !pod.isDeleting }
        /// Of its image.
        package var version: DragonflyVersion?
    }

    /// One seed of the release.
    package struct Seed: Sendable {
        /// Name of its pod, which the pod that takes its place has too.
        package var name: String
        /// Nil where it is wanted and not there.
        package var daemon: Daemon?
        /// In the snapshot; nil where it has none, or its Node is gone.
        package var nodeNumber: Int?
        /// The StatefulSet that makes it; nil where none does, as far as its labels tell.
        package var owner: ManagedObject?
        /// Ours.
        package var quarantine: ManagedObject?
        package var reading: DaemonReading?

        package var pod: Pod? { daemon?.pod }
    }

    package init(_ mirror: P2PMirror, _ snapshot: Snapshot) {
        self.mirror = mirror
        now = snapshot.now
        heardNow = snapshot.seeds[mirror.metadata.name].map { Moment($0.now).begins } ?? snapshot.now
        let evidence =
            snapshot.dragonfly(of: mirror.metadata.name) ?? DragonflyEvidence(staleness: "it has not been read yet")
        self.evidence = evidence
        let apps = Set(evidence.pods.filter(Self.isDaemon).compactMap(\.app)).sorted()
        self.apps = apps
        let app = mirror.spec.dragonfly?.app ?? (apps.count == 1 ? apps.first : nil)
        self.app = app
        let pods = evidence.pods.filter { $0.app == app && app != nil }
        func daemons(_ component: DragonflyNames.Component) -> [Daemon] {
            pods.filter { $0.component == component }.map { Daemon($0, component) }.sorted { $0.name < $1.name }
        }
        schedulers = daemons(.scheduler)
        clients = daemons(.client)
        managers = daemons(.manager)
        seeds = Self.seeds(daemons(.seed), app, mirror, evidence, snapshot)
        seedOwners = evidence.workloads.filter { $0.isTemplate(of: app, .seed) }.map(\.key.name)
    }

    /// Whether Helm owns the release: charts label its objects so (helm-charts `charts/dragonfly/templates`).
    package var isHelmRelease: Bool {
        evidence.workloads.contains { workload in
            let labels = workload.metadata.labels
            return labels["heritage"] == "Helm" || labels["app.kubernetes.io/managed-by"] == "Helm"
        }
    }

    /// Other applications have a label `component` too: only the files of Dragonfly tell.
    private static func isDaemon(_ pod: Pod) -> Bool {
        pod.component == .seed || pod.component == .scheduler || pod.component == .client
    }

    private static func seeds(
        _ present: [Daemon],
        _ app: String?,
        _ mirror: P2PMirror,
        _ evidence: DragonflyEvidence,
        _ snapshot: Snapshot
    ) -> [Seed] {
        let numbers = Dictionary(
            snapshot.nodes.enumerated().map { ($1.metadata.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let owners = evidence.workloads.filter {
            $0.resource == StatefulSetKind.resource && $0.isTemplate(of: app, .seed)
        }
        let pods = Dictionary(present.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let readings = Dictionary(evidence.daemons.map { ($0.pod, $0) }, uniquingKeysWith: { first, _ in first })
        let quarantines = Dictionary(
            evidence.quarantines.map { ($0.key.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let wanted = owners.flatMap { owner in owner.podNames.map { ($0, owner) } }
        let owned = Dictionary(wanted, uniquingKeysWith: { first, _ in first })
        return Set(pods.keys).union(owned.keys).sorted().map { name in
            Seed(
                name: name,
                daemon: pods[name],
                nodeNumber: pods[name]?.node.flatMap { numbers[$0] },
                owner: owned[name],
                quarantine: quarantines[DragonflyNames.quarantine(mirror: mirror.metadata.name, pod: name)],
                reading: readings[name]
            )
        }
    }

    var timing: DragonflyTiming { evidence.timing }

    package var dragonfly: P2PMirrorSpec.Dragonfly { mirror.spec.dragonfly ?? .init() }

    package var namespace: String { mirror.spec.effectiveNamespace }

    /// Why nothing may be decided on what is known; nil where it is fresh.
    package func staleness(_ snapshot: Snapshot) -> String? {
        snapshot.staleness ?? evidence.staleness.map { "What is known of Dragonfly may be out of date: \($0)." }
    }

    /// What is missing of the release, so that nothing of it can be looked after; nil where it is there.
    package var missing: Verdict? {
        if app == nil, !apps.isEmpty {
            let message =
                "The namespace \(namespace) has \(apps.count) releases (\(Sentences.list(apps))): name one of them in "
                + "spec.dragonfly.app"
            return Verdict(.releaseNotFound, message)
        }
        guard seeds.isEmpty, schedulers.isEmpty, clients.isEmpty else { return nil }
        let which = app.map { " with the label app=\($0)" } ?? ""
        let message =
            "The namespace \(namespace) has no pods of Dragonfly\(which) (label component of scheduler, seed-client or "
            + "client): set spec.namespace and spec.dragonfly.app to those of the release"
        return Verdict(.releaseNotFound, message)
    }
}

extension DragonflyFleet.Daemon {
    fileprivate init(_ pod: Pod, _ component: DragonflyNames.Component) {
        name = pod.metadata.name
        self.pod = pod
        let image = pod.spec.containers.first { $0.name == component.rawValue } ?? pod.spec.containers.first
        version = image.flatMap { DragonflyVersion(image: $0.image) }
    }
}

extension Pod {
    package var app: String? { metadata.labels[DragonflyNames.appLabel] }
    package var component: DragonflyNames.Component? {
        metadata.labels[DragonflyNames.componentLabel].flatMap { DragonflyNames.Component(rawValue: $0) }
    }
}

extension ManagedObject {
    /// Whether a workload makes pods of that release and kind.
    func isTemplate(of app: String?, _ component: DragonflyNames.Component) -> Bool {
        let labels = body[path: "spec", "template", "metadata", "labels"]
        return labels?[DragonflyNames.componentLabel]?.stringValue == component.rawValue
            && labels?[DragonflyNames.appLabel]?.stringValue == app && app != nil
    }

    /// Names of the pods that a StatefulSet makes: one replica where it does not say (kubernetes
    /// `pkg/apis/apps/v1/defaults.go`), counted from `ordinals.start`. More than a fleet has are not counted.
    var podNames: [String] {
        let replicas = (integer("spec", "replicas") ?? 1).bounded(to: 0...1_000)
        let start = (integer("spec", "ordinals", "start") ?? 0).bounded(to: 0...Int(Int32.max))
        return (0..<replicas).map { "\(key.name)-\(start + $0)" }
    }

    private func integer(_ path: String...) -> Int? {
        path.reduce(body as JSONValue?) { $0?[$1] }?.intValue.map { Int($0.bounded(to: 0...Int64(Int32.max))) }
    }
}

extension Snapshot {
    /// What there is of Dragonfly that may concern a mirror; nil where it has not been read.
    func dragonfly(of mirror: String) -> DragonflyEvidence? {
        guard case .dragonfly(let evidence) = evidence[mirror] else { return nil }
        return evidence
    }
}
