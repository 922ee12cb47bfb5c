package import KubeCore
package import KubeRuntime
import Logging
import MirrorAPI
package import MirrorPlanner

/// Carries out the writes of a plan, in order, each with the state that it starts from as its precondition. It knows no
/// provider: what it sends stands in the plan.
///
/// # Guarantees
/// - The first write that is not carried out ends the pass: later ones rest on it.
/// - Two executors with the same plan do no more than one: what the first one changed refuses the second one.
/// - Nothing leaves a candidate set before a live look at it in the same pass.
package struct PlanExecutor: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// All writes were carried out.
        case done
        /// The world is not, or may not be, as the plan saw it: look again soon.
        case lookAgain(String)
        /// The same of the candidate set; nothing but the status rests on that.
        case lookAgainAtSet(String)
        /// All writes but calls to daemons that did not answer, and what rests on those.
        case unanswered
        /// The API server does not keep what must be remembered, so no more was done: its definitions are too old.
        case notKept
    }

    private let api: KubeAPI
    private let sender: WriteSender
    private let statuses: StatusWriter
    private let now: @Sendable () -> MicroTimestamp
    private let released: @Sendable () -> Void

    /// - Parameters:
    ///   - sources: who calls daemons.
    ///   - released: called after the disruption Lease was given back.
    package init(
        _ api: KubeAPI,
        applier: Applier,
        ownWrites: OwnWrites,
        statuses: StatusWriter,
        sources: ProviderSourceSet = ProviderSourceSet(),
        leaseNamespace: String,
        now: @escaping @Sendable () -> MicroTimestamp,
        released: @escaping @Sendable () -> Void = {}
    ) {
        self.api = api
        self.statuses = statuses
        self.now = now
        self.released = released
        sender = WriteSender(
            api,
            applier: applier,
            ownWrites: ownWrites,
            sources: sources,
            leaseNamespace: leaseNamespace,
            now: now
        )
    }

    /// - Parameter mirror: as it was seen.
    /// - Throws: `KubeError` for what says no more of the plan than that something is wrong; the writes before were
    ///   carried out.
    package func execute(_ plan: Plan, of mirror: ObservedMirror) async throws(KubeError) -> Outcome {
        let first = plan.writes.lazy.compactMap(\.look).first
        // It takes the longest of all, and rests on none of our writes.
        async let ahead = look(first)
        var confirmed: SetLook?
        var unanswered = Unanswered()
        for write in plan.writes where !unanswered.skips(write) {
            var name = write.purpose.name
            do throws(KubeError) {
                if let needed = write.look, needed != confirmed {
                    name = "confirmSet"
                    let seen = needed == first ? await ahead : await look(needed)
                    guard needed.check.passes(published: try seen.get()) else {
                        OperatorMetrics.acted(name, "conflict")
                        return write.lookAgain("conflict")
                    }
                    OperatorMetrics.acted(name, "done")
                    (confirmed, name) = (needed, write.purpose.name)
                }
                Logger.current.info("Carrying out a write", metadata: write.logMetadata)
                let end = try await carryOut(write, mirror)
                OperatorMetrics.acted(name, end == nil || end == .notKept ? "done" : "conflict")
                if let end { return end }
            } catch {
                guard let reason = write.reasonToLookAgain(error) else {
                    OperatorMetrics.acted(name, "error")
                    throw error
                }
                OperatorMetrics.acted(name, reason)
                let metadata = write.logMetadata.merging(["error": "\(error)"]) { $1 }
                if unanswered.take(write) {
                    Logger.current.info("A daemon did not do what it was called for", metadata: metadata)
                    continue
                }
                Logger.current.info("Write skipped: state has changed; reconciling again", metadata: metadata)
                return write.lookAgain(reason)
            }
        }
        return unanswered.isEmpty ? .done : .unanswered
    }

    /// Calls to daemons that failed: nothing rests on them but what remembers that they were made.
    private struct Unanswered {
        private(set) var isEmpty = true
        private var wasLast = false

        /// Whether a failed write is such a call.
        mutating func take(_ write: Write) -> Bool {
            guard case .call = write.body else { return false }
            (isEmpty, wasLast) = (false, true)
            return true
        }

        mutating func skips(_ write: Write) -> Bool {
            defer { wasLast = false }
            guard wasLast, case .recordCall = write.purpose else { return false }
            return true
        }
    }

    private func look(_ look: SetLook?) async -> Result<[String], KubeError> {
        guard let look else { return .success([]) }
        do throws(KubeError) {
            return .success(try await PublishedSeeds(api, look.query).names())
        } catch {
            return .failure(error)
        }
    }

    /// What ends the pass; nil where it goes on.
    private func carryOut(_ write: Write, _ mirror: ObservedMirror) async throws(KubeError) -> Outcome? {
        guard case .status(let status) = write.body else {
            try await sender.send(write)
            if write.purpose == .releaseDisruption { released() }
            return nil
        }
        // The plan was made from a later one.
        let seen = Write.Precondition.version(mirror.metadata.resourceVersion)
        guard write.precondition == seen else { return write.lookAgain("conflict") }
        try await statuses.write(status, to: mirror, now: now().timestamp)
        return write.mustBeKept && !statuses.keepsSet(of: mirror.key) ? .notKept : nil
    }
}

extension Write {
    /// The look at a set that it needs; nil where it needs none.
    fileprivate var look: SetLook? {
        guard case .set(let look) = evidence else { return nil }
        return look
    }

    fileprivate func lookAgain(_ reason: String) -> PlanExecutor.Outcome {
        purpose.isAboutSeeds ? .lookAgainAtSet(reason) : .lookAgain(reason)
    }
}
