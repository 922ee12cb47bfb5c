import KubeCore
import Logging
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Synchronization
import Testing

@Suite("Where the MirrorNodes are known from")
struct SourceTests {
    private struct NeverSo: Error {}

    /// Waits until something is so, and says how long that took; a minute is too long.
    @discardableResult
    private func wait(until isSo: () throws -> Bool) async throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        while clock.now - start < .seconds(60) {
            if try isSo() { return clock.now - start }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw NeverSo()
    }

    private func running(
        _ world: World,
        idleInterval: Duration,
        _ body: () async throws -> Void
    ) async throws {
        try await world.watching { source in
            let (agent, _) = world.agent(mirrorNodes: source, idleInterval: idleInterval)
            let loop = Task {
                await agent.run(clock: ContinuousClock(), now: { World.now }, jitter: { 0.5 })
            }
            defer { loop.cancel() }
            try await body()
            loop.cancel()
            await loop.value
        }
    }

    @Test("a node at rest sends no request: twenty passes, none but the list and the watch of the beginning")
    func idleCostsNothing() async throws {
        let world = try World(approved: false)
        try await running(world, idleInterval: .milliseconds(5)) {
            try await wait { try world.status?.phase == .idle }
            // The event of the own report is one more change.
            let settled = world.service.looks + 3
            try await wait { world.service.looks >= settled }
            let (requests, looks) = (world.server.requests, world.service.looks)
            try await wait { world.service.looks >= looks + 20 }
            #expect(world.server.requests == requests)
        }
        let list = "/apis/p2pmirror.io/v1alpha1/mirrornodes"
        #expect(world.server.reads == [list, "/api/v1/nodes/server-1"])
        #expect(world.server.watches == [list])
        #expect(world.server.writes.count == 1)
    }

    @Test("an approval is claimed at once, however long the pause between two looks is")
    func approvalWakes() async throws {
        let world = try World(approved: false)
        try await running(world, idleInterval: .seconds(600)) {
            try await wait { try world.status?.phase == .idle }
            try await Task.sleep(for: .milliseconds(50))
            try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.approval = World.approval() }
            let claimed = try await wait { try world.status?.phase != .idle }
            let applied = try await wait { try world.status?.phase == .applied }
            #expect(world.service.restarts == 1)
            print("from approval to claim: \(claimed), from claim to Applied: \(applied)")
        }
    }

    @Test("before a claim the MirrorNode, the Node, the Lease and the servers are read live")
    func claimReadsLive() async throws {
        let world = try World()
        try await world.watching { source in
            _ = try await source.mirrorNodes()
            let before = world.server.reads.count
            let (agent, _) = world.agent(mirrorNodes: source)
            #expect(try await agent.step(now: World.now) == .now)
            #expect(
                world.server.reads.dropFirst(before) == [
                    "/apis/p2pmirror.io/v1alpha1/mirrornodes/embedded.server-1", "/api/v1/nodes/server-1",
                    "/apis/coordination.k8s.io/v1/namespaces/p2pmirror-system/leases/p2pmirror-disruption",
                    "/api/v1/nodes", "/api/v1/nodes", "/api/v1/nodes",
                ]
            )
        }
    }

    @Test("an approval that was withdrawn and is still in the cache is not claimed")
    func staleApproval() async throws {
        let world = try World()
        try await world.watching { source in
            _ = try await source.mirrorNodes()
            world.server.holdEvents()
            try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.approval = nil }
            let (agent, _) = world.agent(mirrorNodes: source)
            #expect(await world.run(agent) == .later)
            #expect(try world.status?.phase == .idle)
            #expect(world.service.restarts == 0)
        }
    }

    @Test("a whole step needs no event: own writes are known before the watch shows them")
    func ownWritesAreKnown() async throws {
        let world = try World()
        try await world.watching { source in
            _ = try await source.mirrorNodes()
            world.server.holdEvents()
            let (agent, _) = world.agent(mirrorNodes: source)
            #expect(await world.run(agent) == .later)
            #expect(try world.status?.phase == .applied)
            let writes = world.server.writes.count
            _ = try await agent.step(now: World.now)
            #expect(world.server.writes.count == writes)
            world.server.tellEvents()
            _ = try await agent.step(now: World.now)
            #expect(world.server.writes.count == writes)
        }
    }

    @Test("while the API server is away a failed step is rolled back from the journal", arguments: [true, false])
    func rollsBackAlone(isNewProcess: Bool) async throws {
        let world = try World { $0.effectiveServer == World.url ? .fails : .well }
        try await world.watching { source in
            let (agent, process) = world.agent(mirrorNodes: source)
            for _ in 0..<10 where world.service.restarts == 0 { _ = try await agent.step(now: World.now) }
            world.server.setReachable(false)
            if isNewProcess {
                world.disk.end(process: process)
                // Its watch never came to stand: it knows nothing but what is on the host.
                let later = world.watched()
                let watch = Task { await later.run() }
                defer { watch.cancel() }
                let (next, _) = world.agent(mirrorNodes: later)
                _ = await world.run(next)
            } else {
                _ = await world.run(agent)
            }
            #expect(world.service.restarts == 2)
            #expect(world.service.unit.isActive)
            #expect(world.disk.contents[World.dropIn] == nil)
            world.server.setReachable(true)
            if isNewProcess { await world.settle() } else { _ = await world.run(agent) }
            #expect(try world.status?.phase == .failed)
        }
    }

    @Test("a MirrorNode that this release can't read does not hide the others", arguments: [true, false])
    func unreadableIsLeftOut(isWatched: Bool) async throws {
        let world = try World(approved: false)
        world.server.putUnreadable(name: "other.server-1", node: World.node)
        try await world.watching { source in
            let (agent, _) = world.agent(mirrorNodes: isWatched ? source : nil)
            #expect(await world.run(agent) == .later)
            let status = try world.status
            #expect(status?.phase == .idle)
        }
    }

    @Test("an agent that never heard of its MirrorNodes says so")
    func watchReadiness() async throws {
        let world = try World()
        world.server.setReachable(false)
        try await world.watching { source in
            let error = await #expect(throws: KubeError.self) { try await source.mirrorNodes() }
            #expect(error?.message.contains("the MirrorNodes of server-1 are not known yet") == true)
            let failure = source.staleness
            #expect(failure?.hasPrefix("the MirrorNodes of server-1 are not listed yet") == true)
        }
        try await world.watching { source in
            world.server.setReachable(true)
            _ = try await source.mirrorNodes()
            #expect(source.staleness == nil)
        }
    }

    @Test("without the definitions an agent is not ready, and says what to apply")
    func noDefinitions() async throws {
        let source = WatchedMirrorNodes(
            KubeAPI(NoKinds()),
            node: "server-1",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let running = Task { await source.run() }
        try await wait { source.staleness?.contains("crds/") == true }
        running.cancel()
        await running.value
    }
}

/// An API server that knows no kind of ours.
private struct NoKinds: Transport {
    private static let text = Array("404 page not found\n".utf8)

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        KubeResponse(status: 404, body: Self.text)
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        let rest = Mutex<[UInt8]?>(Self.text)
        return KubeResponseStream(
            status: 404,
            next: { () async throws(KubeError) -> [UInt8]? in rest.withLock { $0.take() } },
            cancel: {}
        )
    }
}
