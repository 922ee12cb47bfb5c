import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner

/// Sends a write: the one place where anything is done to the API but for the status, which `StatusWriter` sends.
struct WriteSender: Sendable {
    private let api: KubeAPI
    private let applier: Applier
    private let ownWrites: OwnWrites
    private let sources: ProviderSourceSet
    private let leaseNamespace: String
    private let now: @Sendable () -> MicroTimestamp

    /// - Parameters:
    ///   - sources: who calls daemons.
    ///   - leaseNamespace: where the disruption Lease is.
    ///   - now: for the times of a Lease.
    init(
        _ api: KubeAPI,
        applier: Applier,
        ownWrites: OwnWrites,
        sources: ProviderSourceSet = ProviderSourceSet(),
        leaseNamespace: String,
        now: @escaping @Sendable () -> MicroTimestamp
    ) {
        self.api = api
        self.applier = applier
        self.ownWrites = ownWrites
        self.sources = sources
        self.leaseNamespace = leaseNamespace
        self.now = now
    }

    /// Sends it, and remembers it until the watch shows it.
    ///
    /// - Parameter current: the object as a store shows it; an apply that would change nothing of it is not sent. Nil
    ///   where the planner has compared.
    /// - Throws: `KubeError` as `KubeAPI` does, and with code `encoding` where the version is missing that it rests on.
    func send(_ write: Write, current: JSONValue? = nil) async throws(KubeError) {
        switch write.body {
        case .apply: try await apply(write, current)
        case .delete: try await delete(write)
        case .call(let call): try await sources.perform(call)
        case .create, .replace, .merge, .json, .status: try await change(write)
        }
    }

    private func apply(_ write: Write, _ current: JSONValue?) async throws(KubeError) {
        _ = try await applier.apply(
            try write.intent(),
            resource: write.target.resource,
            key: write.target.key,
            manager: write.manager ?? "",
            force: true,
            current: current
        )
    }

    private func delete(_ write: Write) async throws(KubeError) {
        let (resource, key) = (write.target.resource, write.target.key)
        do throws(KubeError) {
            _ = try await api.answer(to: try write.request(at: now(), leaseNamespace: leaseNamespace))
        } catch {
            guard error.isNotFound, write.whenGone == .done else { throw error }
        }
        applier.forget(resource, key)
        // Objects of other kinds may stay for a while, until their pods or their finalizers are gone.
        if resource == MirrorNode.resource { ownWrites.deleted(resource, key, uid: write.uid) }
    }

    private func change(_ write: Write) async throws(KubeError) {
        let request = try write.request(at: now(), leaseNamespace: leaseNamespace)
        let stored: JSONValue = try await api.send(request)
        if write.purpose == .clearMirrorNode { applier.forget(write.target.resource, write.target.key) }
        // The disruption Lease is read live, and no watch would ever show it.
        guard write.target.resource != Lease.resource else { return }
        ownWrites.wrote(write.target.resource, try JSONCoding.decode(ObjectMeta.self, from: stored["metadata"] ?? [:]))
    }
}

extension Write {
    /// Why an error says that the plan is out of date, as one word; nil where it says something else.
    func reasonToLookAgain(_ error: KubeError) -> String? {
        // What keeps a daemon from answering shows in what is read of it.
        if case .call = body { return "unanswered" }
        if error.code == .outcomeUnknown { return "unknown" }
        if error.isConflict || error.isAlreadyExists { return "conflict" }
        // 422 is the answer to a JSON patch whose test fails.
        if case .json = body, error.isInvalid { return "conflict" }
        return error.isNotFound && whenGone == .lookAgain ? "conflict" : nil
    }
}
