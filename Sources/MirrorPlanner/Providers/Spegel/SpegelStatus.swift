import KubeCore
import MirrorAPI

/// The whole status of a mirror of provider Spegel, made anew on every pass.
struct SpegelStatus {
    private let fleet: SpegelFleet
    private let parts: SpegelPlanner.Parts
    private let snapshot: Snapshot
    private let candidates: CandidateDecision?
    /// Why the selection may be a mistake.
    private let doubt: Verdict?

    init(
        _ fleet: SpegelFleet,
        _ parts: SpegelPlanner.Parts,
        _ snapshot: Snapshot,
        _ candidates: CandidateDecision?,
        doubt: Verdict? = nil
    ) {
        self.doubt = doubt
        self.fleet = fleet
        self.parts = parts
        self.snapshot = snapshot
        self.candidates = candidates
    }

    private var mirror: P2PMirror { fleet.mirror }

    func status(_ step: StepOutcome) -> P2PMirrorStatus {
        let progress = step.progress ?? .advancing(Verdict(.unknown, "Not known yet"))
        return MirrorStatus(
            mirror: mirror,
            progress: progress,
            candidates: candidates,
            doubt: doubt,
            words: MirrorStatus.Words(claimed: "nodes", seeds: "peers")
        ).status(
            MirrorStatus.Parts(nodes: nodes(step), nextChange: nextChange(progress)),
            now: snapshot.now,
            own: finding
        )
    }

    private func nextChange(_ progress: Progress) -> P2PMirrorStatus.NextChange? {
        guard let node = parts.replacement?.next else { return nil }
        let verdict =
            switch progress {
            case .steady(let verdict), .advancing(let verdict), .stalled(let verdict): verdict
            }
        return P2PMirrorStatus.NextChange(.replacePods, on: node, verdict)
    }

    private func nodes(_ step: StepOutcome) -> P2PMirrorStatus.Nodes {
        let updating = step.writes.count { if case .replacePod = $0.purpose { true } else { false } }
        return P2PMirrorStatus.Nodes(
            selected: fleet.places.count,
            ready: fleet.places.count { $0.isReady },
            current: fleet.places.count - behind.count,
            updating: updating,
            failed: 0,
            recorded: fleet.places.count { $0.mirrorNode != nil }
        )
    }

    /// Nodes whose peer runs with other settings than those that are wished for, or is not there.
    private var behind: [String] {
        guard let revision = parts.installation?.revision else { return [] }
        return fleet.places.filter { $0.pod?.isOf(revision) != true }.map(\.name)
    }

    /// The finding on a condition of the peers; nil for those that are the same with every provider.
    private func finding(on type: MirrorConditionType) -> MirrorStatus.Finding? {
        switch type {
        case .evictionEffective: isEffective()
        case .peersConnected: PeerConnections(fleet, snapshot.seeds[mirror.metadata.name]).condition
        case .nodesCurrent: current()
        case .versionsSupported: versions()
        case .highlyAvailable: available()
        default: nil
        }
    }

    /// Nil where the bootstrap Service is narrowed to the set, so that what is decided about it tells.
    private func isEffective() -> MirrorStatus.Finding? {
        guard let adoption = parts.adoption, adoption.missing == nil, !adoption.isTakenOver else { return nil }
        guard let service = adoption.bootstrap?.key.name else {
            let message =
                "The release has no bootstrap Service that could be narrowed to the candidate set, so nobody leaves: "
                + "charts before v0.0.30 find peers otherwise"
            return (.false, Verdict(.bootstrapNotTakenOver, message))
        }
        let message =
            "The bootstrap Service \(service) hands out every pod, so nobody leaves it; set "
            + "spec.spegel.adopt.takeOverBootstrap to narrow it to the candidate set"
        return (.false, Verdict(.bootstrapNotTakenOver, message))
    }

    private func current() -> (Condition.Status, Verdict) {
        if let doubt { return (.unknown, doubt) }
        guard !fleet.places.isEmpty else {
            return (.unknown, Verdict(.noNodesSelected, "spec.selector matches no Linux node"))
        }
        if let missing = parts.adoption?.missing { return (.unknown, missing) }
        if let lacking { return (.false, Verdict(.changesPending, lacking)) }
        guard !behind.isEmpty else { return hosts() }
        let peers = Sentences.count(behind.count, "peer does", "peers do")
        let message = "\(peers) not run with the settings of the mirror: \(Sentences.list(behind))"
        return (.false, Verdict(.changesPending, message))
    }

    /// Registries that the mirror is to serve and the adopted release does not; nil where there are none.
    private var lacking: String? {
        guard let served = fleet.release?.settings?.hosts?.registries, !served.isEmpty,
            !served.contains(HostsRoot.defaultName)
        else { return nil }
        let missing = Set(mirror.spec.registries).subtracting(served).sorted()
        guard !missing.isEmpty else { return nil }
        return
            "spec.registries names \(Sentences.list(missing)), which the release does not mirror: add them to its "
            + "value spegel.mirroredRegistries, or take them out of spec.registries"
    }

    /// What agents have found in their nodes' containerd.
    private func hosts() -> (Condition.Status, Verdict) {
        let found = fleet.places.compactMap { place in
            place.mirrorNode?.status?.agent?.containerd?.findings.first.map { (node: place.name, finding: $0) }
        }
        guard let first = found.first else { return (.true, Verdict(.nodesCurrent, "All nodes are as they should be")) }
        let nodes = Sentences.count(found.count, "node", "nodes")
        let message =
            "containerd is not set up for the mirror on \(nodes): \(Sentences.list(found.map(\.node))). "
            + "\(first.node): \(first.finding.message)"
        return (.false, Verdict(Reason(rawValue: first.finding.reason) ?? .configPathUnset, message))
    }

    private func versions() -> (Condition.Status, Verdict) {
        let text = fleet.version
        guard let version = text.flatMap({ SpegelVersion($0) }) else {
            let message = "Which release of Spegel runs is not known" + (text.map { " (\($0))" } ?? "")
            return (.unknown, Verdict(.unknownVersion, message))
        }
        guard version.isKnown else {
            let known = "\(SpegelVersion.oldest) to \(SpegelVersion.newest.major).\(SpegelVersion.newest.minor)"
            let message = "\(version) is outside of \(known), whose flags and meaning of ready are known"
            return (version < .oldest ? .false : .unknown, Verdict(.unsupportedVersion, message))
        }
        return (.true, Verdict(.versionsSupported, "\(version) is known"))
    }

    private func available() -> (Condition.Status, Verdict) {
        let ready = fleet.places.count { $0.pod?.isReady == true }
        guard ready < 3 else { return (.true, Verdict(.highlyAvailable, "\(ready) peers are ready")) }
        let peers = Sentences.count(ready, "peer is", "peers are")
        let message = "\(peers) ready: with fewer than three, one that goes leaves others without a peer"
        return (.false, Verdict(.fewerThanThreePeers, message))
    }
}

extension SpegelFleet {
    /// Release of Spegel: that of the installation, or what the image of the release says.
    var version: String? {
        if let install = spegel.install { return install.version }
        let daemonSet = release?.daemonSet
        let containers = daemonSet?.body[path: "spec", "template", "spec", "containers"]?.arrayValue ?? []
        let image = containers.first { $0["name"] == "registry" }?["image"]?.stringValue ?? ""
        let bare = image.split(separator: "@").first.map(String.init) ?? ""
        guard let tag = bare.split(separator: ":").last, tag.hasPrefix("v") else {
            return daemonSet?.metadata.labels["app.kubernetes.io/version"]
        }
        return String(tag)
    }
}
