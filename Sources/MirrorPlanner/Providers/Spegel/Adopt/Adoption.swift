import KubeCore
import MirrorAPI

/// An installation by the upstream chart: what there is of it, and the one key that is set where the mirror says so.
struct Adoption {
    private let fleet: SpegelFleet
    private let adopt: P2PMirrorSpec.Adopt
    let release: Release

    init(_ fleet: SpegelFleet, _ adopt: P2PMirrorSpec.Adopt) {
        self.fleet = fleet
        self.adopt = adopt
        release = fleet.release ?? Release(adopt, fleet.names, fleet.evidence)
    }

    var bootstrap: ManagedObject? { release.bootstrap }

    /// Why there is nothing to look after, or nothing to take over; nil where there is.
    var missing: Verdict? {
        if release.daemonSet == nil { return Verdict(.releaseNotFound, absence) }
        guard adopt.takeOverBootstrap, bootstrap == nil else { return nil }
        let asked = release.settings?.bootstrapService.map { " \($0.name), which its peers look up" } ?? ""
        return Verdict(
            .releaseNotFound,
            "There is no bootstrap Service\(asked) of the release \(adopt.release) in the namespace "
                + "\(fleet.names.namespace): charts before v0.0.30 have none; set spec.spegel.adopt.takeOverBootstrap "
                + "to false, or upgrade the release"
        )
    }

    private var absence: String {
        let labels = release.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
        let others = release.others.isEmpty ? "" : "; releases there are \(Sentences.list(release.others))"
        return "There is no DaemonSet of the release \(adopt.release) in the namespace \(fleet.names.namespace) "
            + "(labels \(labels))\(others). Set spec.spegel.adopt.release to that of the Helm release; the namespace "
            + "can't be changed, so make another P2PMirror for another one. \(consequence)"
    }

    /// What is done on nodes meanwhile.
    private var consequence: String {
        fleet.isReleaseGone
            ? "It was seen before and is gone: what it left on nodes is looked for"
            : "Nothing is taken for removed, and nothing is changed on nodes"
    }

    /// Whether we may have changed something of the release: the finalizer is set before the first write.
    private var hasTouched: Bool { fleet.mirror.metadata.finalizers.contains(Finalizer.spegel) }

    private var isNarrowed: Bool { bootstrap?.body[path: "spec", "selector"]?[LabelKey.candidate] != nil }

    /// Whether the Service hands out candidates only, and we made it so.
    var isTakenOver: Bool { hasTouched && isNarrowed }

    /// First every pod becomes a candidate, and then only candidates are selected: the Service is never empty between.
    var takeOver: [Write] {
        guard let bootstrap else { return [] }
        let verdict = Verdict(.takesOverBootstrap, "The bootstrap Service hands out the candidates only")
        let bare = fleet.places.compactMap(\.pod).filter {
            $0.metadata.labels[LabelKey.candidate] == nil && !$0.isDeleting
        }
        let labels = bare.map { pod in
            Write.labelPod(
                pod.key,
                resourceVersion: pod.metadata.resourceVersion,
                [LabelKey.candidate: "true"],
                verdict
            )
        }
        guard labels.isEmpty, !isTakenOver, fleet.places.contains(where: { $0.pod != nil }) else { return labels }
        return [change(bootstrap, "true", Verdict(.takesOverBootstrap, takeOverMessage))]
    }

    /// Which writes of others meet ours: servers know one owner of a selector as a whole.
    var takeOverMessage: String {
        "The bootstrap Service \(bootstrap?.key.name ?? "") hands out the candidates only. A server-side apply of the "
            + "chart, as Helm 4 makes it, conflicts with \"\(FieldManager.workloads)\" on .spec.selector: set "
            + "spec.spegel.adopt.takeOverBootstrap to false before it, or let it run with --force-conflicts, after "
            + "which the Service is taken over again"
    }

    /// The selector as the chart has it, and once it is so, the pods too.
    var giveBack: [Write] {
        guard hasTouched else { return [] }
        let verdict = Verdict(.takesOverBootstrap, "The bootstrap Service is given back to the release")
        if let bootstrap, isNarrowed { return [change(bootstrap, .null, verdict)] }
        return fleet.evidence.pods.filter { pod in
            pod.metadata.namespace == fleet.names.namespace && !pod.isDeleting && release.isPeer(pod.metadata)
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

    /// What gives back the bootstrap Services of releases that were adopted before `adopt.release` was changed: they
    /// would hand out nobody once their pods were replaced.
    var strays: [Write] {
        guard hasTouched else { return [] }
        let services = fleet.evidence.objects.filter { object in
            let instance = object.metadata.labels[SpegelNames.instanceLabel] ?? ""
            return object.resource == ServiceKind.resource && object.key.namespace == fleet.names.namespace
                && object.key != bootstrap?.key && !object.metadata.labels.keys.contains(LabelKey.mirror)
                && object.body[path: "spec", "clusterIP"] == "None" && !fleet.othersReleases.contains(instance)
                && object.body[path: "spec", "selector"]?[LabelKey.candidate] != nil
        }
        return services.sorted { $0.title < $1.title }.map { service in
            let message = "The bootstrap Service \(service.key.name) is given back: its release is adopted no more"
            return change(service, .null, Verdict(.takesOverBootstrap, message))
        }
    }

    /// One key of the selector. Not by server-side apply: servers from 1.21 on know one owner of a selector as a whole
    /// (kubernetes/kubernetes#97989), so an apply of one key would take the chart's keys out.
    private func change(_ service: ManagedObject, _ value: JSONValue, _ verdict: Verdict) -> Write {
        .changeObject(
            service.resource,
            service.key,
            resourceVersion: service.metadata.resourceVersion,
            ["spec": ["selector": [LabelKey.candidate: value]]],
            verdict
        )
    }
}
