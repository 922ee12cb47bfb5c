import KubeCore
import MirrorAPI

/// An installation by the upstream chart: what there is of it, and the one key that is set where the mirror says so.
struct Adoption {
    private let fleet: SpegelFleet
    private let adopt: P2PMirrorSpec.Adopt
    /// The DaemonSet of the release.
    let daemonSet: ManagedObject?
    /// Its Service for bootstrapping; the chart names it after the release (spegel
    /// `charts/spegel/templates/service.yaml`).
    let bootstrap: ManagedObject?

    /// On every object of the release.
    private let labels: [String: String]

    init(_ fleet: SpegelFleet, _ adopt: P2PMirrorSpec.Adopt) {
        self.fleet = fleet
        self.adopt = adopt
        labels = [SpegelNames.nameLabel: SpegelNames.application, SpegelNames.instanceLabel: adopt.release]
        let labels = labels
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
                + labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ") + "): "
                + "set spec.namespace and spec.spegel.adopt.release to those of the Helm release"
        )
    }

    /// Whether we may have changed something of the release: the finalizer is set before the first write.
    private var hasTouched: Bool { fleet.mirror.metadata.finalizers.contains(Finalizer.spegel) }

    private var isNarrowed: Bool { bootstrap?.body[path: "spec", "selector"]?[LabelKey.candidate] != nil }

    /// Whether the Service hands out candidates only, and we made it so.
    var isTakenOver: Bool { hasTouched && isNarrowed }

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
        return [change(bootstrap, "true", verdict)]
    }

    /// The selector as the chart has it, and once it is so, the pods too.
    var release: [Action] {
        guard hasTouched else { return [] }
        let verdict = Verdict(.takesOverBootstrap, "The bootstrap Service is given back to the release")
        if let bootstrap, isNarrowed { return [change(bootstrap, .null, verdict)] }
        let selector = SpegelFleet.selector(of: fleet.mirror, fleet.names)
        return fleet.evidence.pods.filter { pod in
            pod.metadata.namespace == fleet.names.namespace && !pod.isDeleting
                && selector.allSatisfy { pod.metadata.labels[$0.key] == $0.value }
        }.compactMap { pod in
            guard let change = SpegelLever.cleared(pod, by: fleet.mirror.metadata.name) else { return nil }
            let verdict = Verdict(.takesOverBootstrap, "The pod is as its DaemonSet makes it")
            return .changeObject(
                Pod.resource,
                pod.key,
                resourceVersion: pod.metadata.resourceVersion,
                change,
                verdict
            )
        }
    }

    /// One key of the selector. Not by server-side apply: servers from 1.21 on know one owner of a selector as a whole
    /// (kubernetes/kubernetes#97989), so an apply of one key would take the chart's keys out.
    private func change(_ service: ManagedObject, _ value: JSONValue, _ verdict: Verdict) -> Action {
        .changeObject(
            service.resource,
            service.key,
            resourceVersion: service.metadata.resourceVersion,
            ["spec": ["selector": [LabelKey.candidate: value]]],
            verdict
        )
    }
}
