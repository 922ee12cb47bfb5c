package import KubeCore
package import KubeRuntime
import Logging
import MirrorAPI
package import MirrorPlanner

/// Carries out what was decided about a candidate set, in order, each effect with the state that it starts from as its
/// precondition.
///
/// # Guarantees
/// - What is remembered is written first: whoever takes over knows of all that was done.
/// - Nothing leaves the set before a live look at it in the same pass, and the first effect that fails ends the pass.
package struct CandidateExecutor: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// All effects were carried out.
        case done
        /// The world is not, or may not be, as the plan saw it: look again soon.
        case lookAgain
        /// The API server does not keep what must be remembered, so nothing was done: its definitions are too old.
        case notRemembered
    }

    private let api: KubeAPI
    private let statuses: StatusWriter
    private let ownWrites: OwnWrites

    package init(_ api: KubeAPI, statuses: StatusWriter, ownWrites: OwnWrites) {
        self.api = api
        self.statuses = statuses
        self.ownWrites = ownWrites
    }

    /// - Parameters:
    ///   - plan: with what was decided, and the status that remembers it.
    ///   - mirror: as it was seen.
    ///   - snapshot: what the plan was made from.
    /// - Throws: `KubeError` for what neither a conflict nor an unknown outcome explains; the effects before were
    ///   carried out.
    package func execute(
        _ plan: Plan,
        of mirror: ObservedMirror,
        _ snapshot: Snapshot
    ) async throws(KubeError) -> Outcome {
        guard plan.movesSeeds, let readable = mirror.mirror else { return .done }
        let strays = plan.strays.map { name in
            CandidateEffect.publish(name, Verdict(.nodeNotSelected, "\(name) is no seed of this mirror any more"))
        }
        let effects = strays + (plan.candidates?.effects ?? [])
        let pass = Pass(plan: plan, mirror: mirror, readable, effects, snapshot)
        let isShrinking = effects.contains { if case .confirm = $0 { true } else { false } }
        // It takes the longest of all, and rests on none of our writes.
        async let look = isShrinking ? look(at: readable, snapshot) : .success([])
        for effect in effects {
            let metadata = Self.metadata(of: effect)
            Logger.current.info("Carrying out an effect on the candidate set", metadata: metadata)
            do throws(KubeError) {
                let isCarriedOut =
                    if case .confirm(let check) = effect {
                        check.passes(published: try await look.get())
                    } else {
                        try await carryOut(effect, pass)
                    }
                guard isCarriedOut else {
                    OperatorMetrics.acted(Self.name(of: effect), "conflict")
                    return .lookAgain
                }
                OperatorMetrics.acted(Self.name(of: effect), "done")
                if effect == .recordSet, !statuses.keepsSet(of: mirror.key) { return .notRemembered }
            } catch {
                guard let reason = Self.reasonToLookAgain(error) else {
                    OperatorMetrics.acted(Self.name(of: effect), "error")
                    throw error
                }
                OperatorMetrics.acted(Self.name(of: effect), reason)
                let fault: Logger.Metadata = ["error": "\(error)"]
                Logger.current.info("The set is looked at again", metadata: metadata.merging(fault) { $1 })
                return .lookAgain
            }
        }
        return .done
    }

    /// What one pass looks up.
    private struct Pass {
        let plan: Plan
        let mirror: ObservedMirror
        let now: Timestamp
        let mirrorNodes: [String: MirrorNode]
        /// What carries each seed to where it is to be.
        let writes: [String: SeedWrite]

        init(
            plan: Plan,
            mirror: ObservedMirror,
            _ readable: P2PMirror,
            _ effects: [CandidateEffect],
            _ snapshot: Snapshot
        ) {
            self.plan = plan
            self.mirror = mirror
            now = snapshot.now
            let own = snapshot.mirrorNodes.filter { $0.spec.mirrorName == plan.mirror }
            mirrorNodes = Dictionary(own.map { ($0.metadata.name, $0) }, uniquingKeysWith: { $1 })
            var isPublished: [String: Bool] = [:]
            for effect in effects {
                switch effect {
                case .publish(let seed, _): isPublished[seed] = true
                case .withdraw(let seed, _): isPublished[seed] = false
                case .recordSet, .recordSeed, .confirm: break
                }
            }
            writes = readable.spec.provider.rules.seedWrites(isPublished, of: readable, snapshot)
        }

        func mirrorNode(of seed: String) -> MirrorNode? {
            mirrorNodes[Names.mirrorNode(mirror: plan.mirror, node: seed)]
        }
    }

    private func look(at mirror: P2PMirror, _ snapshot: Snapshot) async -> Result<[String], KubeError> {
        do throws(KubeError) {
            return .success(try await PublishedSeeds(api, mirror, snapshot).names())
        } catch {
            return .failure(error)
        }
    }

    /// False where the world is not, or not yet, as the plan needs it.
    private func carryOut(_ effect: CandidateEffect, _ pass: Pass) async throws(KubeError) -> Bool {
        switch effect {
        case .recordSet:
            try await statuses.write(pass.plan.status, to: pass.mirror, now: pass.now)
            return true
        case .recordSeed(let seed, let record):
            guard let object = pass.mirrorNode(of: seed) else { return record == nil }
            try await write(record, to: object)
            return true
        case .confirm: return true
        case .publish(let seed, _), .withdraw(let seed, _):
            guard let write = pass.writes[seed] else { return false }
            try await write.send(api, ownWrites)
            return true
        }
    }

    private func write(_ record: MirrorNodeStatus.Candidate?, to object: MirrorNode) async throws(KubeError) {
        guard let version = object.metadata.resourceVersion, !version.isEmpty else {
            throw KubeError(.encoding, "MirrorNode \(object.key): a record needs the resourceVersion that it rests on")
        }
        let present = try object.status?.candidate.map { record throws(KubeError) in try JSONCoding.value(of: record) }
        let wanted = try record.map { record throws(KubeError) in try JSONCoding.value(of: record) }
        let change: JSONValue = [
            "metadata": ["resourceVersion": .string(version)],
            "status": ["candidate": wanted?.mergePatch(replacing: present) ?? .null],
        ]
        ownWrites.wrote(
            try await api.patch(
                MirrorNode.self,
                object.key,
                subresource: "status",
                .merge(change),
                manager: FieldManager.candidates
            )
        )
    }

    /// Why an error says that the decision is out of date; nil where it says something else.
    private static func reasonToLookAgain(_ error: KubeError) -> String? {
        if error.code == .outcomeUnknown { return "unknown" }
        // 422 is the answer to a JSON patch whose test fails.
        return error.isConflict || error.isNotFound || error.isInvalid ? "conflict" : nil
    }
}

extension CandidateExecutor {
    private static func name(of effect: CandidateEffect) -> String {
        switch effect {
        case .recordSet: "recordSet"
        case .recordSeed: "recordSeed"
        case .publish: "publishSeed"
        case .confirm: "confirmSet"
        case .withdraw: "withdrawSeed"
        }
    }

    private static func metadata(of effect: CandidateEffect) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["action": "\(name(of: effect))"]
        switch effect {
        case .recordSet: break
        case .recordSeed(let seed, let record):
            metadata["node"] = "\(seed)"
            metadata["state"] = "\(record?.state.rawValue ?? "")"
        case .publish(let seed, let verdict), .withdraw(let seed, let verdict):
            metadata["node"] = "\(seed)"
            metadata["reason"] = "\(verdict.reason.rawValue)"
            metadata["message"] = "\(verdict.message)"
        case .confirm(let check): metadata["floor"] = "\(check.floor)"
        }
        return metadata
    }
}

extension SeedWrite {
    /// Sends it, and remembers it until the watch shows it.
    func send(_ api: KubeAPI, _ ownWrites: OwnWrites) async throws(KubeError) {
        let request = try KubeRequest.patch(resource, key, patch, manager: FieldManager.candidates)
        let stored: JSONValue = try await api.send(request)
        ownWrites.wrote(resource, try JSONCoding.decode(ObjectMeta.self, from: stored["metadata"] ?? [:]))
    }
}
