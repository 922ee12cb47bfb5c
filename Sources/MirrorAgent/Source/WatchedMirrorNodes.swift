package import KubeCore
package import KubeRuntime
package import Logging
package import MirrorAPI
import Synchronization

/// MirrorNodes by one watch: a node at rest costs the API server nothing else, and a change is known at once.
package final class WatchedMirrorNodes: MirrorNodeSource {
    /// How long a pass waits for the first list; a step that is found on the host is then gone on with without it.
    private static let patience = Duration.seconds(2)

    private let node: String
    private let reflector: Reflector<MirrorNode>
    private let changes: StoreChanges<MirrorNode>
    private let ownWrites: OwnWrites
    private let time: MonotonicTime
    /// Answers to writes of ours that the watch has not shown yet.
    private let answers = Mutex<[ObjectKey: MirrorNode]>([:])

    /// - Parameter server: what is known of the API server, shared by all who talk to it.
    package init(
        _ api: KubeAPI,
        node: String,
        server: ServerMemory = ServerMemory(),
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.node = node
        reflector = Reflector(api, Self.selection(node: node), server: server, clock: clock, logger: logger)
        changes = reflector.store.changes()
        ownWrites = OwnWrites(clock: clock, logger: logger)
        time = MonotonicTime(clock)
    }

    /// Follows the MirrorNodes until the task is cancelled.
    package func run() async {
        await runTogether([
            Part("reflector") { await self.reflector.run() },
            Part("progress") { await self.reflector.recordProgress() },
        ])
    }

    package func mirrorNodes() async throws(KubeError) -> [MirrorNode] {
        let store = reflector.store
        if !store.isSynced { try await waitForFirstList() }
        guard !ownWrites.isCaughtUp(store) else {
            answers.withLock { $0 = [:] }
            return store.all
        }
        let answers = answers.withLock { $0 }
        return store.all.map { known in
            guard let answer = answers[known.key], answer.metadata.uid == known.metadata.uid else { return known }
            return answer
        }
    }

    package func wrote(_ mirrorNode: MirrorNode) {
        answers.withLock { $0[mirrorNode.key] = mirrorNode }
        ownWrites.wrote(mirrorNode)
    }

    package func changed() async {
        var iterator = changes.makeAsyncIterator()
        _ = await iterator.next()
    }

    /// Why the watch can't be relied on, as a sentence; nil where it can. A watch that is silent where silence is no
    /// sign of a fault can: before a service is restarted all is read anew.
    package var staleness: String? {
        let health = reflector.health
        if health.isMissing {
            let kind = "\(MirrorNode.resource.plural) of \(MirrorNode.resource.apiVersion)"
            return "the API server does not know \(kind): apply the files of crds/"
        }
        let error = health.lastError.map { ": \($0)" } ?? ""
        guard health.isSynced else { return "the MirrorNodes of \(node) are not listed yet\(error)" }
        guard health.freshness != .quiet, health.age >= ReflectorHealth.longestSilence else { return nil }
        return "nothing was heard of the API server for \(health.age.components.seconds) s\(error)"
    }

    private func waitForFirstList() async throws(KubeError) {
        let store = reflector.store
        if reflector.health.lastError == nil {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await store.waitUntilSynced() }
                group.addTask { [time] in try? await time.sleep(for: Self.patience) }
                await group.next()
                group.cancelAll()
            }
        }
        guard !store.isSynced else { return }
        let error = reflector.health.lastError ?? "their list has not ended"
        throw KubeError(.connection, "the MirrorNodes of \(node) are not known yet: \(error)")
    }
}
