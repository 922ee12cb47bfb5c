import KubeCore
import MirrorAPI

/// The Helm release that a mirror adopts: what of it is there, and how its peers are told.
struct Release {
    /// Of the release's own; what puts containerd's files back is none of it (spegel
    /// `charts/spegel/templates/post-delete-hook.yaml`).
    private static let passing: Set<String> = [SpegelNames.cleanUpComponent, "cleanup-wait"]

    let name: String
    private let namespace: String
    /// The DaemonSet of its peers; nil where there is none.
    let daemonSet: ManagedObject?
    /// What that says; nil where there is none.
    let settings: ReleaseSettings?
    /// The Service that its peers look up; nil where there is none, as in charts before v0.0.30.
    let bootstrap: ManagedObject?
    /// Whether anything of it is seen, be it only a pod or an account.
    let hasTraces: Bool
    /// Other releases of the namespace, in ascending order.
    let others: [String]

    init(_ adopt: P2PMirrorSpec.Adopt, _ names: SpegelNames, _ evidence: SpegelEvidence) {
        name = adopt.release
        namespace = names.namespace
        let all = evidence.objects.filter { $0.key.namespace == names.namespace && !names.owns($0.metadata) }
            .sorted { $0.title < $1.title }
        let instance = { (object: ManagedObject) in object.metadata.labels[SpegelNames.instanceLabel] }
        let own = all.filter { $0.metadata.labels[SpegelNames.nameLabel] == SpegelNames.application }
            .filter { instance($0) == adopt.release }
        let daemonSet = Self.peers(own)
        self.daemonSet = daemonSet
        let settings = daemonSet.map { ReleaseSettings($0) }
        self.settings = settings
        bootstrap = Self.bootstrap(own, settings, names.namespace)
        hasTraces =
            !own.isEmpty
            || evidence.pods.contains { pod in
                pod.metadata.namespace == names.namespace
                    && pod.metadata.labels[SpegelNames.instanceLabel] == adopt.release
            }
        others = Set(all.filter { $0.resource == DaemonSetKind.resource }.compactMap(instance))
            .subtracting([adopt.release]).sorted()
    }

    /// As it is remembered on nodes.
    var identity: String { "\(namespace)/\(name)" }

    /// On every object of the release.
    var labels: [String: String] {
        [SpegelNames.nameLabel: SpegelNames.application, SpegelNames.instanceLabel: name]
    }

    /// The chart puts a component on it since v0.4.0 (spegel commit 8c5f7f4).
    private static func peers(_ objects: [ManagedObject]) -> ManagedObject? {
        let component = { (object: ManagedObject) in object.metadata.labels[SpegelNames.componentLabel] }
        let sets = objects.filter {
            $0.resource == DaemonSetKind.resource && component($0).map(passing.contains) != true
        }
        return sets.first { component($0) == SpegelNames.application } ?? sets.first { component($0) == nil }
            ?? sets.first
    }

    private static func bootstrap(
        _ objects: [ManagedObject],
        _ settings: ReleaseSettings?,
        _ namespace: String
    ) -> ManagedObject? {
        let headless = objects.filter {
            $0.resource == ServiceKind.resource && $0.body[path: "spec", "clusterIP"] == "None"
                && $0.metadata.labels[SpegelNames.componentLabel].map(passing.contains) != true
        }
        if let asked = settings?.bootstrapService {
            guard asked.namespace == nil || asked.namespace == namespace else { return nil }
            return headless.first { $0.key.name == asked.name }
        }
        // The chart names it after the release (spegel `charts/spegel/templates/service.yaml`).
        return headless.first { $0.key.name.hasSuffix("-bootstrap") }
    }

    // MARK: Its pods

    /// What its pods have in common: what the DaemonSet selects.
    var selector: [String: String] {
        let matched = daemonSet?.body[path: "spec", "selector", "matchLabels"]?.objectValue ?? [:]
        return matched.isEmpty ? labels : matched.compactMapValues(\.stringValue)
    }

    /// Whether a pod is one of its peers.
    func isPeer(_ metadata: ObjectMeta) -> Bool {
        metadata.labels[SpegelNames.componentLabel].map(Self.passing.contains) != true
            && selector.allSatisfy { metadata.labels[$0.key] == $0.value }
    }
}
