import KubeCore
import MirrorAPI

/// Replaces the pods of an installation that run with other settings than those that are wished for: one pod first,
/// then waves, each once the one before is ready, and no further where it does not become ready.
///
/// Guarantees:
/// - No more than `maxUnavailable` pods are away by our act, and only one before the new settings have proven well
///   once.
/// - So many published peers stay ready as the candidate set must have, or all but one of them.
/// - A pod with the new settings that is not ready within `progressDeadlineSeconds` stops it; going back to the
///   settings before replaces what failed, and nothing else.
struct PodReplacement {
    private let fleet: SpegelFleet
    private let install: P2PMirrorSpec.Install
    private let revision: String
    private let rollout: P2PMirrorSpec.Rollout
    private let outdated: [SpegelFleet.Place]
    private let current: [SpegelFleet.Place]
    /// Ready nodes that have no pod yet, or one that is going.
    private let vacant: [SpegelFleet.Place]

    /// - Parameter desired: how many pods the DaemonSet is to have, as its controller counts; nil where it has not yet.
    init(_ fleet: SpegelFleet, _ install: P2PMirrorSpec.Install, revision: String, desired: Int?) {
        self.fleet = fleet
        self.install = install
        self.revision = revision
        rollout = fleet.mirror.spec.rollout
        var outdated: [SpegelFleet.Place] = []
        var current: [SpegelFleet.Place] = []
        var vacant: [SpegelFleet.Place] = []
        // What a node that is away runs can't be replaced; it gets its new pod when it is back.
        // A node whose taints are not tolerated has none, and is to have none.
        let isComplete = desired.map { fleet.places.count { $0.pod != nil } >= $0 } ?? false
        for place in fleet.places where place.isReady {
            if isComplete, place.pod == nil { continue }
            guard let pod = place.pod, !pod.isDeleting else {
                vacant.append(place)
                continue
            }
            if pod.metadata.labels[LabelKey.revision] == revision {
                current.append(place)
            } else {
                outdated.append(place)
            }
        }
        (self.outdated, self.current, self.vacant) = (outdated, current, vacant)
    }

    // MARK: What is known

    /// Nodes whose peer is away because of us: their pods go or have just been made.
    var planned: Set<String> {
        let going = fleet.places.filter { $0.pod?.isDeleting == true && $0.pod?.isOf(revision) == false }
        // One that was well and is so no longer is no new one: what ails it counts at once.
        let coming = current.filter { $0.pod?.isReady == false && !isLate($0) && $0.pod?.hasFallen != true }
        // That one can't become ready before there is another.
        let alone = isAlone ? fleet.places.filter { $0.pod != nil } : []
        return Set((going + vacant.filter { $0.pod == nil } + coming + alone).map(\.name))
    }

    var outdatedCount: Int { outdated.count }

    /// What is replaced next; nil where nothing is left.
    var next: String? { ordered.first?.name }

    /// Whether there is one peer only, and it needs another one.
    private var isAlone: Bool {
        fleet.places.count { $0.pod != nil } == 1 && SpegelVersion(install.version)?.isReadyAlone == false
    }

    private var ordered: [SpegelFleet.Place] { outdated.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) } }

    /// Ready for `minReadySeconds`.
    private func isAvailable(_ place: SpegelFleet.Place) -> Bool {
        guard let pod = place.pod, pod.isReady, let since = pod.readinessSince else { return false }
        return fleet.now - since >= rollout.minReadySeconds
    }

    /// Not ready although it should have been long ago.
    private func isLate(_ place: SpegelFleet.Place) -> Bool {
        guard let pod = place.pod, !pod.isReady, let begin = pod.readinessSince else { return false }
        return fleet.now - begin >= rollout.progressDeadlineSeconds
    }

    private var late: [SpegelFleet.Place] { current.filter(isLate) }
    private var pending: [SpegelFleet.Place] { current.filter { !isAvailable($0) && !isLate($0) } }

    /// When a pod becomes late or available though nothing is heard.
    private var deadline: Timestamp? {
        pending.compactMap { place -> Timestamp? in
            guard let pod = place.pod else { return nil }
            let seconds = pod.isReady ? rollout.minReadySeconds : rollout.progressDeadlineSeconds
            return pod.readinessSince.map { $0 + seconds }
        }.min()
    }

    /// Pods that can't be made show in nothing that is watched.
    private var nextLook: Timestamp? {
        vacant.isEmpty ? deadline : [deadline, fleet.now + Self.lookSeconds].compactMap(\.self).min()
    }
    private static let lookSeconds = 10

    private var refusal: String { vacant.contains { $0.pod == nil } ? fleet.refusal : "" }

    // MARK: What is done

    /// - Parameter isTemplateCurrent: whether a pod that is made now has the new settings.
    func outcome(isTemplateCurrent: Bool) -> StepOutcome {
        guard !outdated.isEmpty else { return settled }
        if let failed = late.first {
            let verdict = Verdict(
                .upgradeStopped,
                "\(left) to replace, and none is: \(late.count) with the new settings "
                    + "(\(install.version)) \(Sentences.form(late.count, "is", "are")) not ready "
                    + "\(rollout.progressDeadlineSeconds) s after \(Sentences.form(late.count, "its", "their")) start, "
                    + "first \(words(failed)). Set spec.spegel.install back, or to what works"
            )
            // Those that serve nobody may go on: the way back is for them.
            return StepOutcome(progress: .stalled(verdict), notes: [Note(.warning, node: failed.name, verdict)])
        }
        guard isTemplateCurrent else { return .waiting(.replacesPods, "The DaemonSet is being changed") }
        if let hold { return hold }
        let wave = self.wave
        guard !wave.isEmpty else {
            let why =
                pending.isEmpty && vacant.isEmpty
                ? "the others must stay, so that enough published peers are ready"
                : "\(Sentences.list((pending + vacant).map(\.name))) must be ready first\(refusal)"
            return .waiting(.waitsForPods, "\(left) to replace; \(why)", until: nextLook)
        }
        let verdict = Verdict(
            .replacesPods,
            "\(Sentences.form(wave.count, "The pod on", "The pods on")) \(Sentences.list(wave.map(\.name))) "
                + "\(Sentences.form(wave.count, "is", "are")) replaced, "
                + "\(Sentences.count(outdated.count - wave.count, "is left", "are left")) "
                + "(\(install.version), revision \(revision))"
        )
        let writes = wave.compactMap { place -> Write? in
            place.pod.map { .replacePod($0.key, uid: $0.metadata.uid, node: place.name, verdict) }
        }
        return StepOutcome(
            writes: writes,
            progress: .advancing(verdict),
            notes: [Note(.normal, verdict)],
            deadline: deadline
        )
    }

    private var left: String { Sentences.count(outdated.count, "pod is left", "pods are left") }
    private var due: String { Sentences.count(outdated.count, "pod is", "pods are") }

    /// Why no wave begins now.
    private var hold: StepOutcome? {
        if rollout.approval == .manual, fleet.mirror.metadata.annotations[AnnotationKey.approve] != revision {
            return .waiting(
                .waitingForApproval,
                "\(due) to be replaced: set the annotation \(AnnotationKey.approve) of the "
                    + "P2PMirror to \(revision)"
            )
        }
        guard let calendar = rollout.window.flatMap({ RolloutCalendar($0) }), calendar.end(at: fleet.now) == nil else {
            return nil
        }
        let opening = calendar.opening(after: fleet.now)
        let message = "\(due) to be replaced, from \(opening.map { "\($0)" } ?? "the window") on"
        return .waiting(.outsideWindow, message, until: opening)
    }

    /// Those that go now: first what serves nobody, then what is out of the candidate set, then by name.
    private var wave: [SpegelFleet.Place] {
        let total = outdated.count + current.count + vacant.count
        let isProven = current.contains(where: isAvailable)
        let limit = isProven ? max(1, install.maxUnavailable.roundedDown(of: total)) : 1
        var free = limit - pending.count - vacant.count
        let settings = CandidateSettings(fleet.mirror.spec)
        // One peer must be replaceable in the smallest fleet too.
        let floor = min(settings.floor(of: total), total - 1)
        var ready = (outdated + current).count { $0.isReadyCandidate }
        var wave: [SpegelFleet.Place] = []
        for place in ordered where free > 0 {
            if place.isReadyCandidate {
                guard ready - 1 >= floor else { continue }
                ready -= 1
            }
            wave.append(place)
            free -= 1
        }
        return wave
    }

    /// Nothing is left to replace.
    private var settled: StepOutcome {
        let all = current + vacant
        guard !all.isEmpty else {
            let message = "spec.selector matches no Ready Linux node"
            return StepOutcome(progress: .advancing(Verdict(.noNodesSelected, message)))
        }
        if !vacant.isEmpty {
            let message = "\(Sentences.list(vacant.map(\.name))) has no pod yet\(refusal)"
            return .waiting(.waitsForPods, message, until: nextLook)
        }
        if all.count == 1, isAlone {
            return StepOutcome(progress: .steady(Verdict(.healthy, "One peer runs; it is ready once there is another")))
        }
        let starting = current.filter { $0.pod?.isReady == false && !isLate($0) }
        if !starting.isEmpty {
            let message = "\(Sentences.list(starting.map(\.name))) is starting"
            return .waiting(.waitsForPods, message, until: deadline)
        }
        if let first = late.first, !current.contains(where: { $0.pod?.isReady == true }) {
            let message =
                "No peer is ready \(rollout.progressDeadlineSeconds) s after its start, first \(words(first))"
            return StepOutcome(progress: .stalled(Verdict(.noPeersFound, message)))
        }
        let nodes = Sentences.count(all.count, "node", "nodes")
        return StepOutcome(
            progress: .steady(Verdict(.healthy, "Nothing is left to do on \(nodes)")),
            deadline: deadline
        )
    }

    private func words(_ place: SpegelFleet.Place) -> String {
        let reading = place.pod.flatMap { PodReading([$0]) }?.message ?? "it has no pod"
        return "\(place.name): \(reading.prefix(300))"
    }
}

extension SpegelFleet.Place {
    /// Whether newcomers find a peer here that has found others.
    fileprivate var isReadyCandidate: Bool {
        pod?.isReady == true && pod?.isDeleting == false && pod?.metadata.labels[LabelKey.candidate] != "false"
    }

    fileprivate var rank: Int {
        guard pod?.isReady == true else { return 0 }
        return isReadyCandidate ? 2 : 1
    }
}

extension Pod {
    func isOf(_ revision: String) -> Bool { metadata.labels[LabelKey.revision] == revision }

    private var ready: Condition? { status.conditions.first { $0.type == "Ready" } }
    /// Whether it has been ready and is so no longer: one that never was is not ready since its first status, and so
    /// since it was initialized at the latest (kubernetes `pkg/kubelet/status/generate.go`).
    var hasFallen: Bool {
        let initialized = status.conditions.first { $0.type == "Initialized" && $0.status == "True" }
        guard !isReady, let since = ready?.lastTransitionTime, let begin = initialized?.lastTransitionTime else {
            return false
        }
        return since > begin
    }

    /// Since when it has been ready, or has not: a change of the condition, or its beginning.
    var readinessSince: Timestamp? { ready?.lastTransitionTime ?? metadata.creationTimestamp }
}

extension Note {
    init(_ severity: Severity, node: String? = nil, _ verdict: Verdict) {
        self.init(severity, node: node, reason: verdict.reason, message: verdict.message)
    }
}
