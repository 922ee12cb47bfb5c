import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("A step that goes wrong")
struct RollbackTests {
    private static let late = World.now + 601

    struct Evidence: Sendable {
        var start: FakeService.Start
        var reason: Reason
    }

    @Test(
        "evidence of a failure puts the previous file back with one more restart",
        arguments: [
            Evidence(start: .fails, reason: .serviceFailed), Evidence(start: .hangs, reason: .serviceNotActive),
            Evidence(start: .withoutReady, reason: .nodeNotReady), Evidence(start: .withoutVote, reason: .notVoter),
        ],
        [nil, "server: \(World.oldURL)\n"] as [String?]
    )
    func rollsBack(evidence: Evidence, previous: String?) async throws {
        let (start, reason) = (evidence.start, evidence.reason)
        let world = try World { $0.effectiveServer == World.url ? start : .well }
        if let previous { world.disk.put(World.dropIn, previous) }
        await world.settle()
        if start != .fails {
            #expect(try world.status?.phase == .restarting)
            #expect(world.service.restarts == 1)
            await world.settle(now: Self.late)
        }
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.reason == reason.rawValue)
        #expect(status.message?.hasSuffix("the previous configuration is in force again") == true)
        #expect(world.disk.contents[World.dropIn] == previous)
        #expect(world.service.restarts == 2)
        #expect(world.service.unit.isActive)
        // It is never tried again for this MirrorNode, and it is for a new one.
        await world.settle(now: Self.late)
        #expect(world.service.restarts == 2)
        try world.server.put(World.makeMirrorNode(ServerSetting(action: .clear), approved: true, uid: "uid-new"))
        await world.settle()
        #expect(try world.status?.phase == .applied)
        #expect(world.service.restarts == 3)
    }

    @Test("a service that starts with neither file is reported as down, after one restart for each")
    func reportsAServiceThatIsDown() async throws {
        let world = try World { _ in .fails }
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.reason == "ServiceFailed")
        #expect(status.message?.contains("journalctl -u rke2-server.service") == true)
        #expect(world.service.restarts == 2)
        #expect(world.disk.contents[World.dropIn] == nil)
    }

    @Test("a unit that is masked while its start hangs ends the step, with what is left to do")
    func endsWithAMaskedUnit() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        await world.settle()
        world.service.setUnit { $0.refusal = "rke2-server.service is masked: run systemctl unmask" }
        await world.settle(now: Self.late)
        #expect(try world.status?.phase == .rollingBack)
        await world.settle(now: Self.late + 601)
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.reason == "ServiceNotActive")
        #expect(status.message?.contains("was not restarted with it: rke2-server.service is masked") == true)
        #expect(world.service.restarts == 1 && world.disk.contents[World.dropIn] == nil)
    }

    @Test("a unit that is masked in the middle of the rollback, and unmasked in time, is restarted")
    func goesOnWithAnUnmaskedUnit() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        await world.settle()
        world.service.setUnit { $0.refusal = "rke2-server.service is masked: run systemctl unmask" }
        await world.settle(now: Self.late)
        world.service.setUnit { $0.refusal = nil }
        await world.settle(now: Self.late + 60)
        #expect(try world.status?.phase == .failed)
        #expect(world.service.restarts == 2 && world.service.unit.isActive)
    }

    @Test("the rollback needs no API server, and is reported once it is there again")
    func rollsBackAlone() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        await world.settle()
        world.server.setReachable(false)
        await world.settle(now: Self.late)
        #expect(world.service.restarts == 2)
        #expect(world.service.unit.isActive)
        #expect(world.disk.contents[World.dropIn] == nil)
        #expect(try world.status?.phase == .restarting)
        world.server.setReachable(true)
        await world.settle(now: Self.late)
        #expect(try world.status?.phase == .failed)
        #expect(world.service.restarts == 2)
    }

    @Test("an API server that takes no writes keeps nothing from being rolled back")
    func rollsBackUnreported() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        await world.settle()
        world.server.setRefusesWrites(true)
        await world.settle(now: Self.late)
        #expect(world.disk.contents[World.dropIn] == nil && world.service.restarts == 2)
    }

    @Test("a unit that is active while the API server is away is no evidence, even past the deadline")
    func waitsForTheAPI() async throws {
        let world = try World { $0.effectiveServer == World.url ? .withoutReady : .well }
        await world.settle()
        world.server.setReachable(false)
        await world.settle(now: Self.late)
        await world.settle(now: Self.late + 3_600)
        #expect(world.service.restarts == 1)
        #expect(world.disk.contents[World.dropIn] != nil)
        world.server.setReachable(true)
        try world.server.change(Node.self, ObjectKey(name: World.node)) { node in
            node.status?.conditions?[0].status = "True"
        }
        await world.settle(now: Self.late + 3_600)
        #expect(try world.status?.phase == .applied)
    }

    @Test("an API server that is gone right after the claim starts no restart, and at the deadline all is as before")
    func givesUpWithoutTheAPI() async throws {
        let world = try World()
        let (agent, _) = world.agent()
        // The pass that claims; the next one finds nobody.
        _ = try await agent.step(now: World.now)
        #expect(try world.status?.phase == .restarting)
        _ = try await agent.step(now: World.now)
        world.server.setReachable(false)
        _ = await world.run(agent)
        #expect(world.service.restarts == 0)
        _ = await world.run(agent, now: Self.late)
        #expect(world.service.restarts == 0 && world.disk.contents[World.dropIn] == nil)
        world.server.setReachable(true)
        _ = await world.run(agent, now: Self.late)
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.reason == "ProgressDeadlineExceeded")
        #expect(world.service.restarts == 0)
    }

    @Test("a disk that fills up between the claim and the drop-in ends the step with nothing restarted")
    func endsOnAFullDisk() async throws {
        let world = try World()
        let (agent, _) = world.agent()
        _ = try await agent.step(now: World.now)
        world.setFault { operation in
            operation.kind == .write && operation.path == World.dropIn
                ? HostError(.noSpace, "write", operation.path, "No space left on device") : nil
        }
        _ = await world.run(agent)
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.reason == "HostNotWritable")
        #expect(status.message?.contains("free space") == true)
        #expect(status.message?.hasSuffix("nothing was restarted") == true)
        #expect(world.service.restarts == 0 && world.disk.contents[World.dropIn] == nil)
        #expect(!world.disk.contents.keys.contains { $0.hasSuffix(".tmp") })
    }

    @Test("a disk that is full during the rollback is named, and the rollback goes on once there is room")
    func rollsBackAfterRoomIsMade() async throws {
        let world = try World { $0.effectiveServer == World.url ? .fails : .well }
        world.disk.put(World.dropIn, "server: \(World.oldURL)\n")
        let (agent, process) = world.agent()
        while world.service.restarts == 0 { _ = try await agent.step(now: World.now) }
        world.setFault { operation in
            operation.kind == .write && operation.path == World.dropIn
                ? HostError(.noSpace, "write", operation.path, "No space left on device") : nil
        }
        _ = await world.run(agent, atMost: 6)
        #expect(try world.status?.phase == .rollingBack)
        #expect(try world.status?.message?.contains("free space") == true)
        world.setFault { _ in nil }
        world.disk.end(process: process)
        await world.settle()
        #expect(world.disk.contents[World.dropIn] == "server: \(World.oldURL)\n")
        #expect(try world.status?.phase == .failed)
        #expect(world.service.restarts == 2 && world.service.unit.isActive)
    }

    @Test("a drop-in that somebody else changed during the step is left as it is")
    func respectsForeignEdits() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        await world.settle()
        world.disk.put(World.dropIn, "server: https://10.9.9.9:9345\n")
        await world.settle(now: Self.late)
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.message?.contains("was changed by somebody else") == true)
        #expect(world.disk.contents[World.dropIn] == "server: https://10.9.9.9:9345\n")
        #expect(world.service.restarts == 1)
    }

    @Test("a file that is put after ours between the claim and the restart ends the step with nothing restarted")
    func noticesALaterFile() async throws {
        let world = try World()
        let (agent, _) = world.agent()
        _ = try await agent.step(now: World.now)
        world.disk.put("\(World.distribution.configDirectory)/zzz.yaml", "server: \(World.oldURL)")
        _ = await world.run(agent)
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.reason == "LaterFileWins")
        #expect(world.service.restarts == 0 && world.disk.contents[World.dropIn] == nil)
    }

    @Test("a change of our drop-in after the step is reported, and not undone")
    func reportsDrift() async throws {
        let world = try World()
        await world.settle()
        world.disk.delete(World.dropIn)
        await world.settle(now: World.now + 60)
        let status = try #require(try world.status)
        #expect(status.phase == .applied && status.reason == "ForeignEdit")
        #expect(world.disk.contents[World.dropIn] == nil && world.service.restarts == 1)
    }

    @Test("a MirrorNode that is deleted during the step does not keep it from being finished")
    func finishesWithoutItsMirrorNode() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        await world.settle()
        world.server.delete(MirrorNode.self, World.mirrorNode)
        await world.settle(now: Self.late)
        #expect(world.disk.contents[World.dropIn] == nil)
        #expect(world.service.restarts == 2 && world.service.unit.isActive)
    }

    @Test("an answer that is lost changes nothing about the end", arguments: 1...3)
    func survivesLostAnswers(write: Int) async throws {
        let reference = try World()
        await reference.settle()
        let world = try World()
        world.server.loseAnswer(to: write)
        await world.settle()
        #expect(try world.end == reference.end)
        #expect(world.service.restarts == 1)
    }

    @Test("while another agent acts on this host, this one does nothing at all")
    func sharesAHost() async throws {
        let world = try World()
        world.disk.putDirectory(AgentPath.state)
        let before = world.disk.contents
        #expect(world.disk.lock(AgentPath.lock, process: 99))
        await world.settle()
        #expect(world.disk.contents == before)
        #expect(world.server.writes.isEmpty && world.service.restarts == 0)
        world.disk.end(process: 99)
        await world.settle()
        #expect(try world.status?.phase == .applied)
        #expect(world.service.restarts == 1)
    }

    @Test("of two agents that believe to be on one node only the one that won the claim acts")
    func claimsOnce() async throws {
        let world = try World()
        let stranger = try world.otherHost()
        let (first, _) = world.agent()
        let (second, _) = stranger.agent()
        // The stranger announces its claim in its journal, and the claim itself does not get through.
        world.server.setRefusesWrites(true)
        _ = try? await second.step(now: World.now)
        #expect(stranger.disk.contents.keys.contains(AgentPath.journal(mirror: World.mirror)))
        world.server.setRefusesWrites(false)
        _ = try await first.step(now: World.now)
        for _ in 0..<10 { _ = try? await second.step(now: World.now) }
        #expect(stranger.service.restarts == 0)
        #expect(stranger.disk.contents[World.dropIn] == nil)
        _ = await world.run(first)
        #expect(world.service.restarts == 1)
        #expect(try world.status?.phase == .applied)
        for _ in 0..<10 { _ = try? await second.step(now: World.now + 700) }
        #expect(stranger.service.restarts == 0)
    }

    @Test("a claim on a MirrorNode that changed since it was read is not made")
    func claimsWithAPrecondition() async throws {
        let world = try World()
        let (agent, _) = world.agent()
        // The operator takes the approval back between the agent's look and its claim.
        world.setFault { operation in
            guard operation.kind == .createTemporary, operation.path == World.dropIn else { return nil }
            try? world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.approval = nil }
            return nil
        }
        _ = await world.run(agent)
        #expect(world.service.restarts == 0 && world.disk.contents[World.dropIn] == nil)
        #expect(try world.status?.phase == .idle)
    }
}
