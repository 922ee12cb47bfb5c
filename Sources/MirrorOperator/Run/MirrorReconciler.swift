package import KubeCore
package import KubeRuntime
package import Logging
import MirrorAPI
package import MirrorPlanner

/// Brings one mirror nearer to what is wanted: gather, plan, execute, say so.
///
/// It is told a name and nothing else, and keeps nothing that it could not do without: killed at any point and started
/// again, it goes on from what the API server has.
package struct MirrorReconciler: Sendable {
    /// After own actions: the disruption Lease is not watched.
    static let nextStepDelay = Duration.milliseconds(20)
    /// While the stores are silent nothing wakes us.
    static let staleDelay = Duration.seconds(10)
    /// Until the definitions are asked again whether they are those of this release.
    static let outdatedDelay = Duration.seconds(30)

    private let stores: MirrorStores
    private let gatherer: SnapshotGatherer
    private let seeds: SeedWatch?
    private let sources: ProviderSourceSet
    private let evidence: EvidenceReader
    private let executor: PlanExecutor
    private let records: MirrorNodeWriter
    private let orphans: OrphanedSeeds
    private let statuses: StatusWriter
    private let notes: NoteRecorder
    private let ownWrites: OwnWrites
    private let secondLooks = SecondLooks()
    private let proofs: Proofs
    private let wallClock: @Sendable () -> MicroTimestamp
    private let planner: @Sendable (String, Snapshot) -> Plan?

    /// - Parameters:
    ///   - seeds: what is known of seeds beside the stores; nil where nobody watches them.
    ///   - sources: what there is of providers in the cluster.
    ///   - proofs: what may have to be proven before anything is done.
    ///   - planner: makes the plan of the mirror of that name; pure.
    ///   - emit: takes Events; must return at once.
    ///   - released: called after the disruption Lease was given back, since other mirrors may wait for it.
    package init(
        _ api: KubeAPI,
        stores: MirrorStores,
        seeds: SeedWatch? = nil,
        sources: ProviderSourceSet = ProviderSourceSet(),
        proofs: Proofs = Proofs(),
        leaseNamespace: String,
        ownWrites: OwnWrites,
        wallClock: @escaping @Sendable () -> MicroTimestamp,
        logger: Logger,
        planner: @escaping @Sendable (String, Snapshot) -> Plan? = { Planner.plan(mirror: $0, $1) },
        emit: @escaping @Sendable (EventOccurrence) -> Void,
        released: @escaping @Sendable () -> Void = {}
    ) {
        let applier = Applier(api, ownWrites: ownWrites, logger: logger)
        let now: @Sendable () -> Timestamp = { wallClock().timestamp }
        self.stores = stores
        self.seeds = seeds
        self.sources = sources
        self.proofs = proofs
        gatherer = SnapshotGatherer(
            api,
            stores: stores,
            seeds: seeds,
            sources: sources,
            leaseNamespace: leaseNamespace,
            now: now
        )
        evidence = EvidenceReader(api, now: now)
        statuses = StatusWriter(api, ownWrites)
        executor = PlanExecutor(
            api,
            applier: applier,
            ownWrites: ownWrites,
            statuses: statuses,
            sources: sources,
            leaseNamespace: leaseNamespace,
            now: wallClock,
            released: released
        )
        records = MirrorNodeWriter(api, applier: applier, ownWrites: ownWrites)
        let sender = WriteSender(
            api,
            applier: applier,
            ownWrites: ownWrites,
            leaseNamespace: leaseNamespace,
            now: wallClock
        )
        orphans = OrphanedSeeds(api, stores: stores, sender: sender)
        notes = NoteRecorder(emit)
        self.ownWrites = ownWrites
        self.wallClock = wallClock
        self.planner = planner
    }

    /// - Throws: `KubeError` where the API server can't be asked or refuses; what was done before it stays done.
    package func reconcile(_ name: String) async throws -> ReconcileResult {
        if let delay = [stores.delay(behind: ownWrites), sources.delay(behind: ownWrites)].compactMap(\.self).max() {
            OperatorMetrics.deferred()
            // The event that is waited for wakes us before, unless it is one of another mirror.
            return .requeue(after: min(delay, .seconds(1)))
        }
        guard let mirror = stores.mirrors[ObjectKey(name: name)] else {
            // Its MirrorNodes go by their owner references; a disruption Lease that it holds is released by the others.
            // The seeds that it took out would stay out for good.
            guard try await orphans.release(name) else { return .requeue(after: secondLooks.next(name)) }
            notes.forget(name)
            records.forget(name)
            seeds?.forget(name)
            secondLooks.end(name)
            OperatorMetrics.forget(name)
            return .awaitChange
        }
        if let fault = mirror.fault {
            try await write(FaultStatus.invalid(mirror, fault: fault), to: mirror)
            notes.record([Note(.warning, reason: .invalidSpec, message: fault)], about: mirror)
            return try await takeBack(mirror)
        }
        let (result, refusal) = try await decide(name, mirror)
        // It stands in the status already.
        if let refusal { throw refusal }
        return result
    }

    /// - Returns: what to do next, and what of the MirrorNodes was refused where nothing else is left to write.
    private func decide(
        _ name: String,
        _ mirror: ObservedMirror
    ) async throws(KubeError) -> (ReconcileResult, refusal: KubeError?) {
        do throws(KubeError) {
            guard let (plan, snapshot) = try await plan(name) else {
                return (.requeue(after: secondLooks.next(name)), nil)
            }
            // Nothing is said of one that is going; only what it had begun is ended.
            let isHeld = mirror.metadata.finalizers.contains(where: Finalizer.all.contains)
            if mirror.metadata.deletionTimestamp != nil, plan.isEmpty, !isHeld {
                return (snapshot.staleness == nil ? .awaitChange : .requeue(after: Self.staleDelay), nil)
            }
            return try await carryOut(plan, snapshot, mirror)
        } catch {
            // A transient error is no fault of the mirror, and the status could hardly be written.
            if error.code == .status, !error.isTransient || error.namesUndeclaredField {
                // What was known before still holds as far as anybody knows.
                await tell(error, mirror.status, of: mirror)
            }
            throw error
        }
    }

    /// The plan and what it was made from; one that disrupts is made from live evidence. Nil where the mirror has just
    /// gone, and where what is known had to be proven first.
    private func plan(_ name: String) async throws(KubeError) -> (Plan, Snapshot)? {
        let snapshot = try await gatherer.gather(for: name)
        guard let plan = planner(name, snapshot) else { return nil }
        // A watch that is silent may be one that is dead.
        if !plan.isEmpty, await proofs.demand() { return nil }
        guard EvidenceReader.isNeeded(for: plan) else { return (plan, snapshot) }
        guard let live = try await evidence.refreshed(snapshot, for: plan) else { return nil }
        return planner(name, live).map { ($0, live) }
    }

    /// Takes back what a mirror that can't be read had allowed and nobody has begun.
    private func takeBack(_ mirror: ObservedMirror) async throws(KubeError) -> ReconcileResult {
        let name = mirror.metadata.name
        let snapshot = try await gatherer.gather()
        guard snapshot.staleness == nil else { return .requeue(after: Self.staleDelay) }
        var plan = Plan(mirror: name, status: mirror.status ?? P2PMirrorStatus())
        plan.writes = Planner.takingBack(mirror: name, snapshot)
        guard !plan.writes.isEmpty else {
            // The end of a step that was claimed shows on its node; what is still missing there tells no time.
            let holds = DisruptionHolder(snapshot.disruption)?.mirror == name
            return holds ? .requeue(after: Self.staleDelay) : .awaitChange
        }
        guard let live = try await evidence.refreshed(snapshot, for: plan), live.unreadableMirrors.contains(name) else {
            return .requeue(after: secondLooks.next(name))
        }
        plan.writes = Planner.takingBack(mirror: name, live)
        guard try await executor.execute(plan, of: mirror) == .done else {
            return .requeue(after: secondLooks.next(name))
        }
        secondLooks.end(name)
        return next(plan, live)
    }

    /// What was decided and is remembered first, then what stands in the status, then the MirrorNodes: nothing of the
    /// rest rests on them, and there may be thousands to write.
    private func carryOut(
        _ plan: Plan,
        _ snapshot: Snapshot,
        _ mirror: ObservedMirror
    ) async throws(KubeError) -> (ReconcileResult, refusal: KubeError?) {
        if let decision = plan.candidates { seeds?.remember(decision.trust, plan.mirror) }
        var current = mirror
        let result: ReconcileResult
        let outcome = try await executor.execute(plan, of: mirror)
        switch outcome {
        // The status of a plan that did not come true would say what is not; the next look is near.
        case .lookAgain: return (.requeue(after: secondLooks.next(plan.mirror)), nil)
        case .lookAgainAtSet: result = .requeue(after: secondLooks.next(plan.mirror))
        case .notKept:
            notes.record(plan.notes + [Self.outdatedDefinitions], about: mirror)
            statuses.forget(mirror.key)
            result = .requeue(after: Self.outdatedDelay)
        case .done, .unanswered:
            notes.record(plan.notes, about: mirror)
            let refusal = records.refusal(of: plan)
            let status = refusal.map { FaultStatus.refused(plan.status, $0, of: mirror) } ?? plan.status
            do throws(KubeError) {
                current = try await write(status, to: mirror)
            } catch {
                // The last of our finalizers may have been all that held it.
                if error.isNotFound, mirror.metadata.deletionTimestamp != nil { return (.awaitChange, nil) }
                // The root or the rollout was decided on a mirror that is not as it was seen.
                guard error.isConflict else { throw error }
                return (.requeue(after: secondLooks.next(plan.mirror)), nil)
            }
            result = outcome == .done ? next(plan, snapshot) : .requeue(after: secondLooks.next(plan.mirror))
        }
        let isSettled = outcome == .done || outcome == .notKept
        return try await record(plan, snapshot, current, result, isSettled: isSettled)
    }

    /// Writes a share of the MirrorNodes, and tells what of them was refused.
    private func record(
        _ plan: Plan,
        _ snapshot: Snapshot,
        _ mirror: ObservedMirror,
        _ result: ReconcileResult,
        isSettled: Bool
    ) async throws(KubeError) -> (ReconcileResult, refusal: KubeError?) {
        let outcome = try await records.write(plan, present: snapshot.mirrorNodes) { [stores] in
            stores.mirrors[mirror.key].map { $0.isMeant(as: mirror) } ?? false
        }
        switch outcome {
        case .done: break
        case .lookAgain: return (.requeue(after: secondLooks.next(plan.mirror)), nil)
        case .refused(let error, let wroteOthers):
            await tell(error, plan.status, of: mirror)
            return (.requeue(after: Self.nextStepDelay), wroteOthers ? nil : error)
        }
        // What is refused each time is looked at ever later.
        if isSettled { secondLooks.end(plan.mirror) }
        return (result, nil)
    }

    /// Tells in the status and in an Event what the API server refused. Where that can't be written now, the next pass
    /// does it.
    private func tell(_ refusal: KubeError, _ status: P2PMirrorStatus?, of mirror: ObservedMirror) async {
        _ = try? await write(FaultStatus.refused(status, refusal, of: mirror), to: mirror)
        notes.record([Note(.warning, reason: .requestRefused, message: FaultStatus.refusal(refusal))], about: mirror)
    }

    private static let outdatedDefinitions = Note(
        .warning,
        reason: .definitionsOutdated,
        message: "The API server does not keep what must be remembered of the candidate set, so no seed is moved: its "
            + "definitions of this operator's kinds are older than the operator. Apply those of this release "
            + "(kubectl apply --server-side -f crds/)"
    )

    /// - Returns: the mirror as it is now.
    @discardableResult
    private func write(_ status: P2PMirrorStatus, to mirror: ObservedMirror) async throws(KubeError) -> ObservedMirror {
        OperatorMetrics.describe(mirror.metadata.name, status)
        let (stored, isSent) = try await statuses.send(status, to: mirror, now: wallClock().timestamp)
        if isSent { OperatorMetrics.wroteStatus() }
        return stored
    }

    private func next(_ plan: Plan, _ snapshot: Snapshot) -> ReconcileResult {
        if !plan.isEmpty { return .requeue(after: Self.nextStepDelay) }
        var delays: [Duration] = []
        // Nothing wakes us when a list has been read that is empty.
        let isStale =
            snapshot.staleness != nil || snapshot.seeds[plan.mirror]?.stale.isEmpty == false
            || snapshot.evidence[plan.mirror]?.staleness != nil
        if isStale { delays.append(Self.staleDelay) }
        if let deadline = plan.nextDeadline {
            let wait = MicroTimestamp(deadline).microseconds - wallClock().microseconds
            // A deadline that is over and changed nothing must not spin.
            delays.append(max(.microseconds(wait), .seconds(1)))
        }
        if let decision = plan.candidates, let seen = snapshot.seeds[plan.mirror] {
            let wait = MicroTimestamp(decision.nextDeadline).microseconds - seen.now.microseconds
            delays.append(max(.microseconds(wait), .seconds(1)))
        }
        return delays.min().map { .requeue(after: $0) } ?? .awaitChange
    }
}

extension KubeError {
    /// Whether the server does not know a field that is applied, because its definitions are of an older release. It
    /// answers 500 to that, as to what may be over in a moment (structured-merge-diff `typed/validate.go`).
    var namesUndeclaredField: Bool { httpStatus == 500 && message.contains("field not declared in schema") }
}

extension ObservedMirror {
    /// Whether an administrator asks for the same as in `other`.
    fileprivate func isMeant(as other: ObservedMirror) -> Bool {
        metadata.uid == other.metadata.uid && metadata.generation == other.metadata.generation
            && metadata.deletionTimestamp == other.metadata.deletionTimestamp
            && metadata.annotations == other.metadata.annotations
    }
}
