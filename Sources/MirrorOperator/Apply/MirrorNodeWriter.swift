package import KubeCore
package import KubeRuntime
import Logging
package import MirrorAPI
package import MirrorPlanner
import Synchronization

/// Writes and deletes MirrorNodes, many at a time.
///
/// Nothing else in a plan rests on them: a step begins only on a MirrorNode that the snapshot shows as it is wished
/// for. So they come last in a pass, after the status, and a pass takes a share of them: a seed that falls ill
/// meanwhile is seen to by the next one.
///
/// # Guarantees
/// - At most `inFlight` requests are under way. Those that the server puts off (429 and Retry-After) hold their places
///   meanwhile, so that a busy server is asked for less.
/// - One that is refused stops no other one, and is tried again after them.
/// - What is true of all of them (the server is away or overloaded, this process leads no longer, the mirror has been
///   changed) lets no further one begin.
package final class MirrorNodeWriter: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// This pass's share was carried out.
        case done
        /// The world is not, or may not be, as the plan saw it: look again soon.
        case lookAgain
        /// Some were refused for what they are. Others were written, and there may be more to write.
        case refused(KubeError, wroteOthers: Bool)
    }

    package static let standardInFlight = 16
    package static let standardShare = 256
    /// So many refusals in a row are one about all of them.
    private static let refusalsInARow = 16
    /// So few are logged one by one.
    private static let few = 5

    private let api: KubeAPI
    private let applier: Applier
    private let ownWrites: OwnWrites
    private let inFlight: Int
    private let share: Int
    private let memory = Mutex<[String: Memory]>([:])

    /// What is known of a mirror's writes until none is left.
    private struct Memory {
        /// Answers of the server, by the name of the MirrorNode.
        var refusals: [String: KubeError] = [:]
        var written = 0
        var deleted = 0
    }

    package init(
        _ api: KubeAPI,
        applier: Applier,
        ownWrites: OwnWrites,
        inFlight: Int = MirrorNodeWriter.standardInFlight,
        share: Int = MirrorNodeWriter.standardShare
    ) {
        self.api = api
        self.applier = applier
        self.ownWrites = ownWrites
        self.inFlight = inFlight
        self.share = share
    }

    /// What the server has refused of what the plan still asks for, as one error; nil where it has refused nothing.
    package func refusal(of plan: Plan) -> KubeError? {
        let names = Set(plan.records.compactMap(\.mirrorNodeName))
        let refusals = memory.withLock { $0[plan.mirror]?.refusals ?? [:] }.filter { names.contains($0.key) }
        return Self.combined(refusals)
    }

    /// Drops what is remembered of a mirror that is gone.
    package func forget(_ mirror: String) { memory.withLock { $0[mirror] = nil } }

    /// Carries out a share of the plan's records.
    ///
    /// - Parameters:
    ///   - present: what the plan was made from.
    ///   - isMeant: asked before each one: whether the mirror is still as the plan saw it.
    /// - Throws: `KubeError` for what is no matter of one MirrorNode and may be over soon.
    package func write(
        _ plan: Plan,
        present: [MirrorNode],
        while isMeant: @escaping @Sendable () -> Bool
    ) async throws(KubeError) -> Outcome {
        let records = plan.records
        guard !records.isEmpty else {
            forget(plan.mirror)
            return .done
        }
        let batch = share(of: records, plan.mirror)
        let names = Set(batch.compactMap(\.mirrorNodeName))
        let present = Dictionary(
            present.filter { names.contains($0.metadata.name) }.map { ($0.metadata.name, $0) },
            uniquingKeysWith: { $1 }
        )
        let isFew = records.count <= Self.few
        var tally = Tally()
        await withTaskGroup(of: (Int, KubeError?).self) { group in
            var next = 0
            func begin() {
                let (number, action) = (next, batch[next])
                next += 1
                let level: Logger.Level = isFew ? .info : .debug
                Logger.current.log(level: level, "Carrying out an action", metadata: action.logMetadata)
                group.addTask { (number, await self.carryOut(action, present)) }
            }
            while next < min(inFlight, batch.count), isMeant() { begin() }
            for await (number, error) in group {
                tally.take(batch[number], error)
                guard next < batch.count, tally.goesOn else { continue }
                if isMeant() { begin() } else { tally.isOutdated = true }
            }
            if next < batch.count, tally.goesOn { tally.isOutdated = true }
        }
        return try conclude(tally, plan.mirror, records, isFew: isFew)
    }

    /// Those that were refused before come last.
    private func share(of records: [Action], _ mirror: String) -> [Action] {
        let refused = memory.withLock { Set($0[mirror]?.refusals.keys.map { $0 } ?? []) }
        guard !refused.isEmpty else { return Array(records.prefix(share)) }
        let isRefused = { (action: Action) in action.mirrorNodeName.map(refused.contains) ?? false }
        return Array((records.filter { !isRefused($0) } + records.filter(isRefused)).prefix(share))
    }

    private func conclude(
        _ tally: Tally,
        _ mirror: String,
        _ records: [Action],
        isFew: Bool
    ) throws(KubeError) -> Outcome {
        let left = Set(records.compactMap(\.mirrorNodeName)).subtracting(tally.doneNames)
        let sum = memory.withLock { memory in
            var sum = memory[mirror] ?? Memory()
            sum.written += tally.written
            sum.deleted += tally.deleted
            sum.refusals.merge(tally.refusals) { $1 }
            sum.refusals = sum.refusals.filter { left.contains($0.key) }
            memory[mirror] = left.isEmpty ? nil : sum
            return sum
        }
        if left.isEmpty, !isFew {
            Logger.current.info(
                "The MirrorNodes are as they should be",
                metadata: ["written": "\(sum.written)", "deleted": "\(sum.deleted)"]
            )
        }
        if let failure = tally.failure { throw failure }
        if let refusal = Self.combined(sum.refusals), !tally.refusals.isEmpty {
            return .refused(refusal, wroteOthers: !tally.doneNames.isEmpty)
        }
        return tally.isOutdated ? .lookAgain : .done
    }

    /// One error for all refusals: that of the first by name, and how many there are.
    private static func combined(_ refusals: [String: KubeError]) -> KubeError? {
        guard let first = refusals.min(by: { $0.key < $1.key }) else { return nil }
        let more = refusals.count > 1 ? "; \(refusals.count - 1) more MirrorNodes are refused" : ""
        let message = "MirrorNode \(first.key): \(first.value.message)\(more)"
        return KubeError(first.value.code, message, status: first.value.status)
    }
}

extension MirrorNodeWriter {
    /// What became of a share.
    private struct Tally {
        var written = 0
        var deleted = 0
        var doneNames: [String] = []
        var refusals: [String: KubeError] = [:]
        var isOutdated = false
        /// What ended it.
        var failure: KubeError?
        private var refusedInARow = 0

        var goesOn: Bool { failure == nil && !isOutdated && refusedInARow < MirrorNodeWriter.refusalsInARow }

        mutating func take(_ action: Action, _ error: KubeError?) {
            guard let name = action.mirrorNodeName else { return }
            guard let error else {
                if case .deleteMirrorNode = action { deleted += 1 } else { written += 1 }
                doneNames.append(name)
                refusedInARow = 0
                OperatorMetrics.acted(action.metricName, "done")
                return
            }
            switch MirrorNodeWriter.meaning(of: error, action) {
            case .outdated(let reason):
                OperatorMetrics.acted(action.metricName, reason)
                isOutdated = true
                let metadata = action.logMetadata.merging(["error": "\(error)"]) { $1 }
                Logger.current.info(
                    "The action was not carried out, the world is looked at again",
                    metadata: metadata
                )
            case .refused:
                OperatorMetrics.acted(action.metricName, "error")
                refusals[name] = error
                refusedInARow += 1
            case .failed:
                OperatorMetrics.acted(action.metricName, "error")
                failure = failure ?? error
            }
        }
    }

    private enum Meaning {
        case outdated(String)
        case refused
        case failed
    }

    private static func meaning(of error: KubeError, _ action: Action) -> Meaning {
        if error.code == .outcomeUnknown { return .outdated("unknown") }
        if error.isConflict || error.isAlreadyExists { return .outdated("conflict") }
        if error.isNotFound, case .deleteMirrorNode = action { return .outdated("conflict") }
        let isRefused = error.code == .status && (!error.isTransient || error.namesUndeclaredField)
        return isRefused ? .refused : .failed
    }

    // MARK: One of them

    private func carryOut(_ action: Action, _ present: [String: MirrorNode]) async -> KubeError? {
        do throws(KubeError) {
            switch action {
            case .applyMirrorNode(let intent): try await apply(intent, current: present[intent.name])
            case .deleteMirrorNode(let name, let uid, _): try await delete(name, uid: uid)
            default: break
            }
            return nil
        } catch {
            return error
        }
    }

    private func delete(_ name: String, uid: String?) async throws(KubeError) {
        let key = ObjectKey(name: name)
        try await api.delete(MirrorNode.self, key, preconditions: uid.map { DeletePreconditions(uid: $0) })
        applier.forget(MirrorNode.resource, key)
        ownWrites.deleted(MirrorNode.resource, key, uid: uid)
    }

    private func apply(_ intent: MirrorNodeIntent, current: MirrorNode?) async throws(KubeError) {
        let object = MirrorNode(
            metadata: ObjectMeta(name: intent.name, labels: intent.labels, ownerReferences: [intent.owner]),
            spec: intent.spec
        )
        if let change = Self.dropping(current?.spec, for: intent.spec) {
            try await drop(change, of: intent.name)
        }
        _ = try await applier.apply(
            try object.wireValue(),
            resource: MirrorNode.resource,
            key: object.key,
            manager: FieldManager.nodeSpec,
            force: true,
            current: try current?.wireValue()
        )
    }

    /// What of the specification goes; nil where nothing does.
    private static func dropping(_ present: MirrorNodeSpec?, for wanted: MirrorNodeSpec) -> JSONValue? {
        guard let present else { return nil }
        var parts: [String: JSONValue] = [:]
        if let desired = dropping(present.desired, for: wanted.desired) { parts["desired"] = desired }
        if present.announceIntervalSeconds != nil, wanted.announceIntervalSeconds == nil {
            parts["announceIntervalSeconds"] = .null
        }
        if let containerd = dropping(present.containerd, for: wanted.containerd) { parts["containerd"] = containerd }
        return parts.isEmpty ? nil : .object(parts)
    }

    private static func dropping(_ present: MirrorNodeSpec.Desired?, for wanted: MirrorNodeSpec.Desired?) -> JSONValue?
    {
        guard let present else { return nil }
        guard let wanted else { return .null }
        var parts: [String: JSONValue] = [:]
        if present.server != nil, wanted.server == nil { parts["server"] = .null }
        if present.registries != nil, wanted.registries == nil { parts["registries"] = .null }
        return parts.isEmpty ? nil : .object(parts)
    }

    private static func dropping(_ present: ContainerdWish?, for wanted: ContainerdWish?) -> JSONValue? {
        guard let present else { return nil }
        guard let wanted else { return .null }
        var parts: [String: JSONValue] = [:]
        if present.release != nil, wanted.release == nil { parts["release"] = .null }
        if !present.registries.isEmpty, wanted.registries.isEmpty { parts["registries"] = .null }
        if !present.mirrorAddresses.isEmpty, wanted.mirrorAddresses.isEmpty { parts["mirrorAddresses"] = .null }
        return parts.isEmpty ? nil : .object(parts)
    }

    /// By a merge patch: servers of 1.20 leave `null` behind for an object that is no longer applied, and then refuse
    /// it.
    private func drop(_ parts: JSONValue, of name: String) async throws(KubeError) {
        let key = ObjectKey(name: name)
        let change: JSONValue = ["spec": parts]
        ownWrites.wrote(try await api.patch(MirrorNode.self, key, .merge(change), manager: FieldManager.nodeSpec))
        applier.forget(MirrorNode.resource, key)
    }
}

extension Action {
    /// The MirrorNode that it writes or deletes; nil where it is another kind of action.
    var mirrorNodeName: String? {
        switch self {
        case .applyMirrorNode(let intent): intent.name
        case .deleteMirrorNode(let name, _, _): name
        default: nil
        }
    }
}
