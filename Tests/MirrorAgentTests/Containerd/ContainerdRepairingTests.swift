import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("The agent puts containerd's files right by one file of its own")
struct ContainerdRepairingTests {
    private static let ours = ContainerdFixture.ours
    private static let repaired = ContainerdFixture.all.filter(\.isRepaired)
    private static func fixture() throws -> ContainerdFixture { try #require(repaired.last) }

    @Test("where it may and can, and tells the rest", arguments: ContainerdFixture.all)
    func repairs(fixture: ContainerdFixture) async throws {
        let world = try ContainerdWorld(fixture, repair: true)
        let before = world.files
        let lifetime = Lifetime()
        let (agent, _) = world.agent(lifetime)
        #expect(await world.run(agent) == .later)
        let expected = fixture.isRepaired ? fixture.foundAfterRepair ?? [] : fixture.found
        #expect(try world.reasons == expected.map(\.rawValue))
        #expect((world.files[Self.ours] != nil) == fixture.isRepaired)
        for (path, text) in before { #expect(world.files[path] == text) }
        // A second look has no effect at all.
        let effects = lifetime.effects
        #expect(await world.run(agent, now: World.now + 60) == .later)
        #expect(lifetime.effects == effects)
        await world.settle(World.now + 120)
        #expect(try world.reasons == expected.map(\.rawValue))
        if fixture.isRepaired {
            world.startContainerd(at: World.now + 300)
            await world.settle(World.now + 400)
            #expect(try world.reasons == [])
        }
    }

    @Test("A reason why it can't is told with the finding")
    func impossible() async throws {
        for (name, text) in [
            ("unset, nothing imported", "imports = [\"/etc/containerd/conf.d/*.toml\"]"),
            ("unset, imports, containerd 1, whose settings ours would take away", "back to their defaults"),
        ] {
            let fixture = try #require(ContainerdFixture.all.first { $0.name == name })
            let world = try ContainerdWorld(fixture, repair: true)
            await world.settle()
            #expect(try world.status?.message?.contains(text) == true)
        }
    }

    @Test("A full disk leaves the old file whole, is told, and is no obstacle once there is room")
    func fullDisk() async throws {
        let world = try ContainerdWorld(try Self.fixture(), repair: true)
        let old = "# Written by p2pmirror for the P2PMirror images; changes are overwritten.\nversion = 3\n"
        world.disk.put(Self.ours, old)
        for kind in [HostOperation.Kind.createTemporary, .write, .sync, .rename] {
            world.setFault { operation in
                operation.kind == kind && operation.path == Self.ours
                    ? HostError(.noSpace, kind.rawValue, operation.path, "No space left on device") : nil
            }
            let (agent, process) = world.agent()
            #expect(await world.run(agent, atMost: 4) == nil)
            world.disk.end(process: process)
            #expect(world.files[Self.ours] == old)
            #expect(try world.reasons.contains("HostNotWritable"))
            let messages = try world.status?.containerd?.findings.map(\.message) ?? []
            #expect(messages.contains { $0.contains("No space left on device") })
        }
        world.setFault { _ in nil }
        await world.settle()
        #expect(try world.reasons == ["ContainerdRestartPending"])
        #expect(world.files[Self.ours]?.contains("use_local_image_pull = true") == true)
        #expect(!world.files.keys.contains { $0.hasSuffix(".tmp") })
    }

    @Test("Killed anywhere, or with the power cut, it reaches the same end", arguments: [false, true])
    func killed(withPowerCut: Bool) async throws {
        let undisturbed = try ContainerdWorld(try Self.fixture(), repair: true)
        await undisturbed.settle()
        for point in 1... {
            let world = try ContainerdWorld(try Self.fixture(), repair: true)
            let lifetime = Lifetime(endingAt: point)
            let (agent, process) = world.agent(lifetime)
            _ = await world.run(agent)
            world.disk.end(process: process)
            if withPowerCut { world.disk.cutPower() }
            if let text = world.files[Self.ours] { #expect(text == undisturbed.files[Self.ours]) }
            await world.settle(World.now + 60)
            #expect(world.files == undisturbed.files)
            #expect(try world.reasons == undisturbed.reasons)
            if !lifetime.hasEnded { break }
        }
    }

    @Test("It goes when repair is switched off, and when somebody else sets the same")
    func noLongerNeeded() async throws {
        for isSwitchedOff in [true, false] {
            let world = try ContainerdWorld(try Self.fixture(), repair: true)
            let before = world.files
            await world.settle()
            #expect(world.files[Self.ours] != nil)
            if isSwitchedOff {
                try world.change { $0.containerd?.repair = false }
            } else {
                world.disk.put(ContainerdFixture.main, ContainerdFixture.all[2].files[ContainerdFixture.main] ?? "")
            }
            await world.settle(World.now + 300)
            #expect(world.files.keys.sorted() == before.keys.sorted())
            #expect(try world.reasons == (isSwitchedOff ? ["ConfigPathNotSplit"] : []))
        }
    }

    @Test(
        "Once the mirror is gone it goes where that was asked for, after a while, and never while that is not certain",
        arguments: [true, false]
    )
    func mirrorGone(restores: Bool) async throws {
        let world = try ContainerdWorld(try Self.fixture(), repair: true)
        let before = world.files
        try world.change { $0.deletionPolicy = restores ? .restore : nil }
        await world.settle()
        let written = world.files
        let (agent, _) = world.agent()
        world.server.delete(MirrorNode.self, ContainerdWorld.mirrorNode)
        _ = await world.run(agent, now: World.now + 200)
        #expect(world.files == written)
        world.server.delete(P2PMirror.self, ObjectKey(name: ContainerdWorld.mirror))
        world.server.setReachable(false)
        _ = await world.run(agent, now: World.now + 300)
        _ = await world.run(agent, now: World.now + 900)
        #expect(world.files == written)
        world.server.setReachable(true)
        _ = await world.run(agent, now: World.now + 1000)
        #expect(world.files == written)
        _ = await world.run(agent, now: World.now + 1400)
        #expect(world.files[Self.ours] == (restores ? nil : written[Self.ours]))
        #expect(!world.files.keys.contains { $0.hasSuffix("containerd.json") })
        if restores { #expect(world.files == before) }
    }

    @Test("Another mirror's file, and one of the same name that is nobody's, stay")
    func othersFiles() async throws {
        for text in [
            "# mine\n", "# Written by p2pmirror for the P2PMirror other; changes are overwritten.\nversion = 3\n",
        ] {
            let world = try ContainerdWorld(try Self.fixture(), repair: true)
            world.disk.put(Self.ours, text)
            await world.settle()
            #expect(world.files[Self.ours] == text)
            #expect(try world.reasons == ["ConfigPathNotSplit"])
            #expect(try world.status?.message?.contains("somebody else's") == true)
        }
    }
}
