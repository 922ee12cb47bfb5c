import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("What counts as evidence, and what does not")
struct EvidenceTests {
    private static let late = World.now + 601
    private static let journal = AgentPath.journal(mirror: World.mirror)

    /// A world with a claim that nothing has followed yet; the drop-in is there if `isWritten`.
    private static func claimed(
        isWritten: Bool,
        start: @escaping @Sendable (MergedConfiguration) -> FakeService.Start = { _ in .well }
    ) async throws -> World {
        let world = try World(start: start)
        let (agent, process) = world.agent()
        for _ in 0..<(isWritten ? 3 : 2) { _ = try await agent.step(now: World.now) }
        world.disk.end(process: process)
        #expect((world.disk.contents[World.dropIn] != nil) == isWritten && world.service.restarts == 0)
        return world
    }

    @Test("a boot that put the drop-in in force is the end of the step, also after the deadline")
    func boots() async throws {
        let world = try await Self.claimed(isWritten: true)
        try world.service.boot()
        await world.settle(now: Self.late)
        #expect(try world.status?.phase == .applied)
        #expect(world.service.restarts == 0 && world.disk.contents[World.dropIn] != nil)
    }

    @Test("a step that is given up after a boot without the drop-in restarts nothing")
    func bootsWithoutDropIn() async throws {
        let world = try await Self.claimed(isWritten: false)
        try world.service.boot()
        await world.settle(now: Self.late)
        #expect(try world.status?.phase == .failed)
        #expect(world.service.restarts == 0 && world.disk.contents[World.dropIn] == nil)
    }

    @Test("a boot with the drop-in and an API server that is away are no evidence, whatever the time")
    func bootsWithoutAPI() async throws {
        let world = try await Self.claimed(isWritten: true)
        try world.service.boot()
        world.server.setReachable(false)
        await world.settle(now: Self.late)
        #expect(world.service.restarts == 0 && world.disk.contents[World.dropIn] != nil)
        world.server.setReachable(true)
        await world.settle(now: Self.late + 1)
        #expect(try world.status?.phase == .applied)
        #expect(world.service.restarts == 0)
    }

    @Test(
        "what the API server says first after an outage past the deadline is no evidence yet",
        arguments: [true, false]
    )
    func distrustsFirstAnswers(recovers: Bool) async throws {
        let world = try World { $0.effectiveServer == World.url ? .withoutReady : .well }
        await world.settle()
        world.server.setReachable(false)
        for second in stride(from: 500, through: 900, by: 50) { await world.settle(now: World.now + second) }
        world.server.setReachable(true)
        for second in stride(from: 901, to: 960, by: 10) { await world.settle(now: World.now + second) }
        #expect(world.service.restarts == 1)
        #expect(try world.status?.phase == .restarting)
        if recovers {
            try world.server.change(Node.self, ObjectKey(name: World.node)) {
                $0.status?.conditions?[0].status = "True"
            }
        }
        for second in [961, 1_030] { await world.settle(now: World.now + second) }
        #expect(try world.status?.phase == (recovers ? .applied : .failed))
        #expect(world.service.restarts == (recovers ? 1 : 2))
    }

    @Test("a long outage costs one write of the journal a minute")
    func writesRarely() async throws {
        let world = try World { $0.effectiveServer == World.url ? .withoutReady : .well }
        await world.settle()
        world.server.setReachable(false)
        var contents: Set<String> = []
        let (agent, _) = world.agent()
        for second in stride(from: 700, to: 1_000, by: 10) {
            _ = await world.run(agent, now: World.now + second, atMost: 1)
            contents.insert(world.disk.contents[Self.journal] ?? "")
        }
        #expect(contents.count <= 6)
    }

    @Test("a journal that is lost or damaged takes back no end", arguments: [nil, "{", #"{"format":1}"#] as [String?])
    func keepsAnEnd(content: String?) async throws {
        let world = try World { $0.effectiveServer == World.url ? .fails : .well }
        await world.settle()
        let before = try #require(try world.status)
        #expect(before.phase == .failed && world.service.restarts == 2)
        if let content { world.disk.put(Self.journal, content) } else { world.disk.delete(Self.journal) }
        await world.settle(now: World.now + 60)
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.revision == "1-a" && status.epoch == 1)
        #expect(status.restartedAt == before.restartedAt)
        #expect(status.reason == (content == "{" ? "JournalUnreadable" : before.reason))
        #expect(world.service.restarts == 2)
    }

    @Test("a journal that can't be read takes back no claim")
    func keepsAClaim() async throws {
        let world = try await Self.claimed(isWritten: true)
        world.disk.put(Self.journal, "{")
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .restarting && status.revision == "1-a" && status.epoch == 1)
        #expect(status.reason == "JournalUnreadable" && world.service.restarts == 0)
    }

    @Test("the status says what a step waits for, without a write in each pass")
    func saysWhatItWaitsFor() async throws {
        let world = try World { $0.effectiveServer == World.url ? .withoutReady : .well }
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .restarting && status.reason == "WaitingForProof")
        #expect(status.message?.contains("Node server-1 is not Ready") == true)
        let writes = world.server.writes.count
        for second in 1..<10 { await world.settle(now: World.now + second) }
        #expect(world.server.writes.count == writes)
    }
}
