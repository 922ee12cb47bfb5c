import KubeCore
import MirrorAPI

/// What is to be done so that the objects of an installation are as the mirror says, or are gone with it.
struct Installation {
    private let fleet: SpegelFleet
    private let objects: SpegelObjects
    private let install: P2PMirrorSpec.Install

    init(_ fleet: SpegelFleet, _ install: P2PMirrorSpec.Install) {
        self.fleet = fleet
        self.install = install
        objects = SpegelObjects(fleet.mirror, install, now: fleet.now)
    }

    var revision: String { objects.settings.revision }
    /// The release that is asked for; nil where it is none.
    var version: SpegelVersion? { objects.settings.version }

    // MARK: While the mirror is there

    /// Objects that are missing or otherwise, in their order; then those that are ours and wanted no more.
    var writes: [Write] {
        let wanted = objects.all
        let present = Dictionary(
            fleet.evidence.objects.map { (Identity($0), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var writes: [Write] = []
        for object in wanted {
            guard let found = present[Identity(object)] else {
                writes.append(.applyObject(object, Verdict(.installing, "\(object.title) is made")))
                continue
            }
            // What is being deleted comes back when it is gone.
            if found.metadata.deletionTimestamp != nil || object.isInForce(in: found) { continue }
            let verdict = Verdict(.appliesObject, "\(object.title) is not as it should be")
            writes.append(.applyObject(object, resourceVersion: found.resourceVersion, verdict))
        }
        let names = Set(wanted.map(Identity.init))
        for object in fleet.evidence.objects.sorted(by: { $0.title < $1.title })
        where isOurs(object) && !names.contains(Identity(object)) {
            guard let write = removal(of: object, "\(object.title) is wanted no more") else { continue }
            writes.append(write)
        }
        return writes
    }

    /// Whether pods that are made now have the settings that are wished for.
    var isTemplateCurrent: Bool {
        guard let present = fleet.object(DaemonSetKind.resource, fleet.names.base),
            present.metadata.deletionTimestamp == nil
        else { return false }
        let template = present.body[path: "spec", "template", "metadata", "labels"]?[LabelKey.revision]
        return template == .string(revision)
            && present.body[path: "status", "observedGeneration"] == present.body[path: "metadata", "generation"]
    }

    /// How many pods the DaemonSet is to have; nil where its controller has not looked at it as it is.
    var desiredCount: Int? {
        guard isTemplateCurrent,
            let count = fleet.object(DaemonSetKind.resource, fleet.names.base)?
                .body[path: "status", "desiredNumberScheduled"]?.intValue
        else { return nil }
        return Int(count)
    }

    /// Whether this very mirror made it: one that was orphaned, or that is of an earlier mirror of that name, is not.
    private func isOurs(_ object: ManagedObject) -> Bool {
        fleet.names.owns(object.metadata)
            && object.metadata.ownerReferences.contains { $0.uid == fleet.mirror.metadata.uid }
    }

    private func removal(of object: ManagedObject, _ why: String) -> Write? {
        guard object.metadata.deletionTimestamp == nil else { return nil }
        return .deleteObject(object.resource, object.key, uid: object.metadata.uid, Verdict(.removesObject, why))
    }

    private struct Identity: Hashable {
        var resource: ResourceType
        var key: ObjectKey

        init(_ object: ManagedObject) {
            resource = object.resource
            key = object.key
        }
    }

    // MARK: When the mirror goes

    /// Whether the DaemonSet does not name the mirror as its owner any more: the garbage collector takes that off what
    /// is to outlive its owner, and only then its own finalizer off the owner (kubernetes
    /// `pkg/controller/garbagecollector/garbagecollector.go`, `attemptToOrphanWorker`).
    var isOrphaned: Bool {
        guard let pods = fleet.object(DaemonSetKind.resource, fleet.names.base),
            pods.metadata.deletionTimestamp == nil
        else { return false }
        return !pods.metadata.ownerReferences.contains { $0.uid == fleet.mirror.metadata.uid }
    }

    /// Takes the pods away, puts containerd's files back on every node, and only then lets the mirror go; its objects
    /// go by their owner references. A node that is away holds up nothing: it is named, and keeps its files.
    func farewell() -> StepOutcome {
        if let pods = fleet.object(DaemonSetKind.resource, fleet.names.base) {
            let verdict = Verdict(.waitsForCleanUp, "The pods go before containerd's files are put back")
            let write = removal(of: pods, verdict.message)
            return StepOutcome(writes: [write].compactMap(\.self), progress: .advancing(verdict))
        }
        let remaining = fleet.places.filter { $0.isReady && $0.pod != nil }
        if !remaining.isEmpty {
            let message = "\(Sentences.list(remaining.map(\.name))) still has a pod"
            return .waiting(.waitsForCleanUp, message, until: fleet.now + 10)
        }
        guard let cleanUp = fleet.object(DaemonSetKind.resource, fleet.names.cleanUp) else {
            let nodes = Sentences.count(fleet.places.count, "node", "nodes")
            let verdict = Verdict(.waitsForCleanUp, "containerd's files are put back on \(nodes)")
            return StepOutcome(writes: [.applyObject(objects.cleanUp, verdict)], progress: .advancing(verdict))
        }
        let cleaned = Set(
            fleet.evidence.pods.filter { pod in
                pod.isReady && pod.metadata.namespace == fleet.names.namespace
                    && fleet.names.cleanUpSelector.allSatisfy { pod.metadata.labels[$0.key] == $0.value }
            }.compactMap(\.spec.nodeName)
        )
        let waiting = fleet.places.filter { $0.isReady && !cleaned.contains($0.name) }.map(\.name)
        let begin = cleanUp.metadata.creationTimestamp ?? fleet.now
        let end = begin + fleet.mirror.spec.rollout.progressDeadlineSeconds
        if !waiting.isEmpty, fleet.now < end {
            let message = "containerd's files are put back on \(Sentences.list(waiting)), at the latest until \(end)"
            return .waiting(.waitsForCleanUp, message, until: end)
        }
        return StepOutcome(notes: leftNotes(waiting, cleaned))
    }

    private func leftNotes(_ waiting: [String], _ cleaned: Set<String>) -> [Note] {
        let away = fleet.places.filter { !$0.isReady && !cleaned.contains($0.name) }.map(\.name)
        let left = (waiting + away).sorted()
        guard !left.isEmpty else { return [] }
        let message =
            "containerd's files were not put back on \(Sentences.list(left)): below "
            + "\(install.containerd.registryConfigPath) they name a mirror that is gone, until somebody puts back what "
            + "is in _backup there"
        return [Note(.warning, reason: .cleanUpIncomplete, message: message)]
    }
}
