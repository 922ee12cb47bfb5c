package import KubeCore
package import KubeRuntime
package import MirrorAPI
package import MirrorPlanner

/// What is watched for the mirrors of one provider, beside nodes, MirrorNodes and what tells of seeds.
package protocol ProviderSources: Sendable {
    /// Follows all of it until the task is cancelled; begins with the first mirror that it matters to.
    func follow(_ mirrors: Store<ObservedMirror>.Reader) async

    /// Tells of every change, until the task is cancelled; what is called must return at once.
    func changes(_ tell: @escaping @Sendable () -> Void) async

    /// How long to wait at most until the stores show all that we wrote; nil where they do.
    func delay(behind writes: OwnWrites) -> Duration?

    /// What has to be proven before anything rests on it.
    func add(to proofs: inout Proofs)

    /// What the watches show that concerns a mirror of this provider.
    func evidence(of mirror: P2PMirror) -> ProviderEvidence

    /// Makes what adds to the evidence what only a question of its own can tell, within the API and outside of it.
    ///
    /// - Parameter api: whom to ask.
    func inquiry(_ api: KubeAPI) -> any ProviderInquiry

    /// Calls a daemon, which changes what it knows.
    ///
    /// - Throws: `KubeError` where it does not do what was asked.
    func perform(_ call: DaemonCall) async throws(KubeError)
}

extension ProviderSources {
    package func perform(_ call: DaemonCall) async throws(KubeError) { throw .unknownCall(call) }
}

extension KubeError {
    /// Nobody makes such calls.
    fileprivate static func unknownCall(_ call: DaemonCall) -> KubeError {
        KubeError(.configuration, "\(call.provider.rawValue) has no daemons that can be called (\(call.address))")
    }
}

/// Asks what no watch shows; it lives for a term, and a reconcile waits for its answers.
package protocol ProviderInquiry: Sendable {
    /// - Parameter snapshot: with the evidence that the watches show.
    func completed(_ mirror: P2PMirror, _ snapshot: Snapshot) async -> ProviderEvidence?
}

/// The sources of all providers that have any.
package struct ProviderSourceSet: Sendable {
    private let sources: [Provider: any ProviderSources]

    package init(_ sources: [Provider: any ProviderSources] = [:]) { self.sources = sources }

    private var all: [any ProviderSources] { Array(sources.values) }

    package func evidence(of mirror: P2PMirror) -> ProviderEvidence? {
        sources[mirror.spec.provider]?.evidence(of: mirror)
    }

    func perform(_ call: DaemonCall) async throws(KubeError) {
        guard let source = sources[call.provider] else { throw .unknownCall(call) }
        try await source.perform(call)
    }

    func inquiries(_ api: KubeAPI) -> [Provider: any ProviderInquiry] { sources.mapValues { $0.inquiry(api) } }

    func delay(behind writes: OwnWrites) -> Duration? { all.compactMap { $0.delay(behind: writes) }.max() }

    func add(to proofs: inout Proofs) {
        for one in all { one.add(to: &proofs) }
    }

    func follow(_ mirrors: Store<ObservedMirror>.Reader) async {
        await withTaskGroup(of: Void.self) { group in
            for one in all { group.addTask { await one.follow(mirrors) } }
            await group.waitForAll()
        }
    }

    /// Tells the provider of every change, until the task is cancelled.
    func changes(_ tell: @escaping @Sendable (Provider) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            for (provider, one) in sources { group.addTask { await one.changes { tell(provider) } } }
            await group.waitForAll()
        }
    }
}
