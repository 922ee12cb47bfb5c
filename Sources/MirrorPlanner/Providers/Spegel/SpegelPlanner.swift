import KubeCore
import MirrorAPI

/// The plan for a mirror of provider Spegel.
///
/// Nothing of it restarts a service of a host: what it disrupts are pods, in waves of its own, and not by the Lease
/// that guards servers.
enum SpegelPlanner {
    static func plan(_ mirror: P2PMirror, _ snapshot: Snapshot) -> Plan {
        let fleet = SpegelFleet(mirror, snapshot)
        let staleness = fleet.staleness(snapshot)
        let isGoing = mirror.metadata.deletionTimestamp != nil
        let selected = Dictionary(fleet.places.map { ($0.name, $0.uid) }, uniquingKeysWith: { first, _ in first })
        let leftovers = Leftovers(mirror.metadata.name, snapshot, selected: selected)
        let doubt = staleness == nil && !isGoing ? SelectionCheck(mirror, leftovers).doubt : nil
        let parts = Parts(fleet)
        let step = step(fleet, parts, staleness, doubt)
        let planned = parts.replacement?.planned ?? []
        // Pods that go with their mirror need not be put back.
        let input =
            isGoing && parts.installation != nil || doubt != nil
            ? nil : CandidateInput(fleet, snapshot, planned: planned, hold: hold(on: fleet, parts))
        let candidates = input.map { CandidatePlanner.decide($0) }
        let isHeld = staleness != nil || !mirror.spec.pauseRequests.isEmpty || doubt != nil
        let nodes = fleet.mirrorNodes(snapshot, leftovers)
        let writesNodes = !isHeld && !isGoing
        let status = SpegelStatus(fleet, parts, snapshot, candidates, doubt: doubt).status(step)
        return Plan(
            mirror: mirror.metadata.name,
            writes: step.writes
                + SetWrites(mirror, snapshot, mirror.spec.provider.rules).carryingOut(candidates, status: status),
            records: writesNodes ? nodes.writes : [],
            status: status,
            notes: (writesNodes ? nodes.notes : []) + step.notes + (candidates?.notes ?? []),
            nextDeadline: [step.deadline, parts.debugEnd(after: fleet.now)].compactMap(\.self).min(),
            candidates: candidates
        )
    }

    /// What belongs to the one or the other way of having Spegel.
    struct Parts {
        var installation: Installation?
        var replacement: PodReplacement?
        var adoption: Adoption?
        private var debugUntil: Timestamp?

        init(_ fleet: SpegelFleet) {
            if let install = fleet.spegel.install {
                let installation = Installation(fleet, install)
                replacement = PodReplacement(
                    fleet,
                    install,
                    revision: installation.revision,
                    desired: installation.desiredCount
                )
                self.installation = installation
                debugUntil = install.debugUntil
            }
            adoption = fleet.spegel.adopt.map { Adoption(fleet, $0) }
        }

        /// When the debug log ends; nil where there is none.
        func debugEnd(after now: Timestamp) -> Timestamp? { debugUntil.flatMap { $0 > now ? $0 : nil } }
    }

    private static func step(
        _ fleet: SpegelFleet,
        _ parts: Parts,
        _ staleness: String?,
        _ doubt: Verdict?
    ) -> StepOutcome {
        let mirror = fleet.mirror
        if let staleness {
            return .waiting(.staleInformation, "What is known may be out of date, so nothing is started: \(staleness)")
        }
        if !mirror.spec.pauseRequests.isEmpty {
            return .waiting(.paused, "Paused by \(Sentences.list(mirror.spec.pauseRequests))")
        }
        if mirror.metadata.deletionTimestamp != nil { return farewell(fleet, parts) }
        if let doubt { return StepOutcome(progress: .stalled(doubt), notes: [Note(.warning, doubt)]) }
        if let missing = parts.adoption?.missing { return StepOutcome(progress: .stalled(missing)) }
        if mirror.spec.mode == .observe { return observed(parts) }
        if fleet.places.isEmpty {
            return .waiting(.noNodesSelected, "spec.selector matches no Linux node")
        }
        if let adoption = parts.adoption { return adopted(fleet, adoption) }
        guard let installation = parts.installation, let replacement = parts.replacement else { return StepOutcome() }
        if let version = installation.version, version < .oldest {
            let message =
                "\(version) is older than \(SpegelVersion.oldest), whose flags are known: nothing is installed"
            return StepOutcome(progress: .stalled(Verdict(.unsupportedVersion, message)))
        }
        if let write = finalizer(mirror, isWanted: true) { return begun(write) }
        let writes = installation.writes
        guard writes.isEmpty else {
            let objects = Sentences.count(writes.count, "object is", "objects are")
            let verdict = Verdict(.installing, "\(objects) made, changed or removed")
            return StepOutcome(writes: writes, progress: .advancing(verdict))
        }
        return replacement.outcome(isTemplateCurrent: installation.isTemplateCurrent)
    }

    private static func observed(_ parts: Parts) -> StepOutcome {
        let count = parts.installation.map { $0.writes.count + (parts.replacement?.outdatedCount ?? 0) } ?? 0
        let changes = Sentences.count(count, "object or pod", "objects and pods")
        let detail = count == 0 ? "nothing would be changed" : "\(changes) would be changed"
        let verdict = Verdict(.observing, "The plan is made and nothing is touched: \(detail)")
        return StepOutcome(progress: .steady(verdict))
    }

    private static func adopted(_ fleet: SpegelFleet, _ adoption: Adoption) -> StepOutcome {
        let mirror = fleet.mirror
        let takesOver = fleet.spegel.adopt?.takeOverBootstrap == true
        if takesOver, let write = finalizer(mirror, isWanted: true) { return begun(write) }
        let strays = adoption.strays
        if !strays.isEmpty {
            let verdict = Verdict(.takesOverBootstrap, "What is adopted no more is given back")
            return StepOutcome(writes: strays, progress: .advancing(verdict), notes: [Note(.normal, verdict)])
        }
        let writes = takesOver ? adoption.takeOver : adoption.giveBack
        if let first = writes.first {
            let message = takesOver ? adoption.takeOverMessage : "The bootstrap Service is given back"
            let verdict = Verdict(.takesOverBootstrap, message)
            guard first.purpose == .changeObject, first.target.resource == ServiceKind.resource else {
                return StepOutcome(writes: writes, progress: .advancing(verdict))
            }
            return StepOutcome(writes: writes, progress: .advancing(verdict), notes: [Note(.normal, verdict)])
        }
        if !takesOver, let write = finalizer(mirror, isWanted: false) { return begun(write) }
        let count = fleet.places.count { $0.pod != nil }
        let peers = Sentences.count(count, "peer is", "peers are")
        return StepOutcome(progress: .steady(Verdict(.healthy, "The release is looked after; \(peers) there")))
    }

    private static func begun(_ write: Write) -> StepOutcome {
        StepOutcome(writes: [write], progress: .advancing(Verdict(.installing, "The mirror gets its finalizer")))
    }

    /// What must be undone on nodes or in foreign objects is undone before the mirror goes.
    private static func farewell(_ fleet: SpegelFleet, _ parts: Parts) -> StepOutcome {
        guard let release = finalizer(fleet.mirror, isWanted: false) else {
            return StepOutcome(progress: .advancing(Verdict(.paused, "The mirror is being deleted")))
        }
        // Deleted with --cascade=orphan: all of it is to stay, also where the garbage collector was here before us.
        let isOrphaning =
            fleet.mirror.metadata.finalizers.contains("orphan") || parts.installation?.isOrphaned == true
        var outcome = StepOutcome()
        if !isOrphaning, let installation = parts.installation { outcome = installation.farewell() }
        if let adoption = parts.adoption { outcome.writes = adoption.strays + adoption.giveBack }
        if outcome.writes.isEmpty, outcome.progress == nil {
            outcome.writes = [release]
            outcome.progress = .advancing(Verdict(.waitsForCleanUp, "The mirror goes"))
        }
        return outcome
    }

    /// Sets or removes our finalizer; nil where it is as it should be.
    private static func finalizer(_ mirror: P2PMirror, isWanted: Bool) -> Write? {
        let present = mirror.metadata.finalizers
        guard present.contains(Finalizer.spegel) != isWanted else { return nil }
        let wanted = isWanted ? present + [Finalizer.spegel] : present.filter { $0 != Finalizer.spegel }
        let verdict =
            isWanted
            ? Verdict(.installing, "What is changed on nodes is put back before the mirror goes")
            : Verdict(.removesObject, "Nothing of the mirror is left to put back")
        return .setFinalizers(
            wanted,
            of: mirror.metadata.name,
            resourceVersion: mirror.metadata.resourceVersion,
            verdict
        )
    }

    /// Why the candidate set is left as it is.
    private static func hold(on fleet: SpegelFleet, _ parts: Parts) -> CandidateInput.Hold {
        let hold = Planner.hold(on: fleet.mirror)
        guard hold == .none, let adoption = parts.adoption, !adoption.isTakenOver else { return hold }
        return .paused("the bootstrap Service of the release hands out every pod (spec.spegel.adopt.takeOverBootstrap)")
    }
}
