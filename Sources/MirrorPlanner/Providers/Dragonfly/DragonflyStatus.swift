import KubeCore
import MirrorAPI

/// The whole status of a mirror of provider Dragonfly, made anew on every pass.
struct DragonflyStatus {
    private let fleet: DragonflyFleet
    private let files: DragonflyFiles
    private let snapshot: Snapshot
    private let candidates: CandidateDecision?
    /// Why no seed can be taken out.
    private let obstacle: Verdict?
    private let removal: HostRemoval

    init(
        _ fleet: DragonflyFleet,
        _ files: DragonflyFiles,
        _ snapshot: Snapshot,
        _ candidates: CandidateDecision?,
        _ obstacle: Verdict?,
        _ removal: HostRemoval
    ) {
        self.fleet = fleet
        self.files = files
        self.snapshot = snapshot
        self.candidates = candidates
        self.obstacle = obstacle
        self.removal = removal
    }

    private var mirror: P2PMirror { fleet.mirror }

    func status(_ step: StepOutcome) -> P2PMirrorStatus {
        MirrorStatus(
            mirror: mirror,
            progress: step.progress ?? .advancing(Verdict(.unknown, "Not known yet")),
            candidates: candidates,
            words: MirrorStatus.Words(claimed: "nodes", seeds: "seeds")
        ).status(MirrorStatus.Parts(nodes: nodes), now: snapshot.now, own: finding)
    }

    /// Nodes with a daemon of the release.
    private var nodes: P2PMirrorStatus.Nodes {
        let daemons = fleet.seeds.compactMap(\.daemon) + fleet.schedulers + fleet.clients
        let byNode = Dictionary(grouping: daemons.filter { $0.node != nil }) { $0.node ?? "" }
        let ready = byNode.count { $0.value.allSatisfy(\.isReady) }
        return P2PMirrorStatus.Nodes(selected: byNode.count, ready: ready, current: byNode.count)
    }

    private func finding(on type: MirrorConditionType) -> MirrorStatus.Finding? {
        switch type {
        case .candidatesAvailable: isFilledByOthers
        case .evictionEffective: LeverProof(fleet, files, obstacle, removal).finding
        case .peersConnected: PeerDiagnosis(fleet, files).condition
        case .nodesCurrent: settings
        case .versionsSupported: versions
        case .highlyAvailable: Placement(fleet).finding
        default: nil
        }
    }

    /// A disk that is full of what is none of the cache's: no clean-up brings the seed back.
    private var isFilledByOthers: MirrorStatus.Finding? {
        guard candidates != nil, let verdict = DiskAdvice(fleet, files).filledByOthers else { return nil }
        return (.false, verdict)
    }

    /// Whether the files say what they should.
    private var settings: MirrorStatus.Finding {
        if let missing = fleet.missing { return (.unknown, missing) }
        if let fault = files.faults.first {
            let message = "The ConfigMap \(fault.configMap): \(fault.fault): daemons that start now exit"
            return (.false, Verdict(.unreadableConfiguration, message))
        }
        guard !files.sources.isEmpty else {
            let message =
                "No file of the release could be read: no ConfigMap that its pods mount has "
                + "\(DragonflyNames.schedulerFile) or "
                + "\(DragonflyNames.daemonFile), or they may not be read"
            return (.unknown, Verdict(.unreadableConfiguration, message))
        }
        let findings = SettingsReview(fleet, files).findings
        guard let first = findings.first else {
            return (.true, Verdict(.nodesCurrent, "The files of the release say what they should"))
        }
        let worst = findings.filter { $0.severity == first.severity }.prefix(3)
        let more = findings.count - worst.count
        let rest = more > 0 ? ". \(PeerDiagnosis.count(more, "more remark")) in the order of the table in docs" : ""
        let message = worst.map(\.description).joined(separator: ". ") + rest + Self.remedy(worst, fleet.isHelmRelease)
        return (first.severity == .note ? .true : .false, Verdict(.settingsWrong, message))
    }

    /// Where an administrator changes what was found.
    private static func remedy(_ findings: some Sequence<SettingFinding>, _ isHelm: Bool) -> String {
        let patches = findings.compactMap { SettingPatch($0)?.text(isHelm: isHelm) }
        return patches.isEmpty ? "" : ". Remedy: \(patches.joined(separator: "; "))"
    }

    private var versions: MirrorStatus.Finding {
        guard let versions = files.versions(of: fleet) else {
            let message = "Which release of Dragonfly runs is not known: no image has a tag that is a version"
            return (.unknown, Verdict(.unknownVersion, message))
        }
        let findings = versions.findings
        guard let first = findings.first else {
            return (.true, Verdict(.versionsSupported, "Servers and clients fit together"))
        }
        let message = findings.prefix(3).map(\.message).joined(separator: ". ")
        return (first.severity == .note ? .true : .false, Verdict(.versionSkew, message))
    }
}
