import KubeCore
import MirrorAPI

/// An installation by the upstream chart: what there is of it, and the one key that is set where the mirror says so.
struct Adoption {
    private let fleet: SpegelFleet
    private let adopt: P2PMirrorSpec.Adopt
    /// The DaemonSet of the release.
    let daemonSet: ManagedObject?
    /// Its Service for bootstrapping; the chart names it after the release (spegel `charts/spegel/templates/service.yaml`).
    let bootstrap: ManagedObject?

    /// Annotation on a bootstrap Service: the mirror that narrowed it.
    static let mark = "p2pmirror.io/taken-over-by"

    init(_ fleet: SpegelFleet, _ adopt: P2PMirrorSpec.Adopt) {
        self.fleet = fleet
        self.adopt = adopt
        let labels = [SpegelNames.nameLabel: SpegelNames.application, SpegelNames.instanceLabel: adopt.release]
        let release = fleet.evidence.objects.filter { object in
            object.key.namespace == fleet.names.namespace && !fleet.names.owns(object.metadata)
                && labels.allSatisfy { object.metadata.labels[$0.key] == $0.value }
        }.sorted { $0.title < $1.title }
        daemonSet = release.first {
            $0.resource == DaemonSetKind.resource
                && $0.metadata.labels[SpegelNames.componentLabel] == SpegelNames.application
        }
        bootstrap = release.first {
            $0.resource == ServiceKind.resource && $0.key.name.hasSuffix("-bootstrap")
                && $0.body[path: "spec", "clusterIP"] == "None"
        }
    }

    /// Why there is nothing to look after; nil where there is.
    var missing: Verdict? {
        guard daemonSet == nil || bootstrap == nil else { return nil }
        let what = daemonSet == nil ? "DaemonSet" : "bootstrap Service"
        return Verdict(
            .releaseNotFound,
            "There is no \(what) of the release \(adopt.release) in the namespace \(fleet.names.namespace) (labels "
                + "\(SpegelNames.nameLabel)=\(SpegelNames.application), \(SpegelNames.instanceLabel)=\(adopt.release)): "
                + "set spec.namespace and spec.spegel.adopt.release to those of the Helm release"
        )
    }

    /// Whether the Service hands out candidates only, and we made it so.
    var isTakenOver: Bool {
        bootstrap?.metadata.annotations[Self.mark] == fleet.mirror.metadata.name
            && bootstrap?.body[path: "spec", "selector"]?[LabelKey.candidate] == "true"
    }

    /// First every pod becomes a candidate, and then only candidates are selected: the Service is never empty between.
    var takeOver: [Action] {
        guard let bootstrap else { return [] }
        let verdict = Verdict(.takesOverBootstrap, "The bootstrap Service hands out the candidates only")
        let bare = fleet.places.compactMap(\.pod).filter {
            $0.metadata.labels[LabelKey.candidate] == nil && !$0.isDeleting
        }
        let labels = bare.map { pod in
            Action.labelPod(
                pod.key,
                resourceVersion: pod.metadata.resourceVersion,
                [LabelKey.candidate: "true"],
                verdict
            )
        }
        guard labels.isEmpty, !isTakenOver, fleet.places.contains(where: { $0.pod != nil }) else { return labels }
        return [.applyObject(intent(of: bootstrap, isTakenOver: true), verdict)]
    }

    /// The selector as the chart has it.
    var release: [Action] {
        guard let bootstrap, bootstrap.metadata.annotations[Self.mark] == fleet.mirror.metadata.name else { return [] }
        let verdict = Verdict(.takesOverBootstrap, "The bootstrap Service is given back to the release")
        return [.applyObject(intent(of: bootstrap, isTakenOver: false), verdict)]
    }

    /// All that our field manager has in it; applied without a field, that field goes.
    private func intent(of service: ManagedObject, isTakenOver: Bool) -> ManagedObject {
        var metadata: JSONValue = [
            "name": .string(service.key.name), "namespace": .string(fleet.names.namespace),
        ]
        var body: JSONValue = [
            "apiVersion": .string(ServiceKind.resource.apiVersion), "kind": .string(ServiceKind.resource.kind),
        ]
        if isTakenOver {
            metadata["annotations"] = [Self.mark: .string(fleet.mirror.metadata.name)]
            body["spec"] = ["selector": [LabelKey.candidate: "true"]]
        }
        body["metadata"] = metadata
        return ManagedObject(ServiceKind.resource, body)
    }
}
