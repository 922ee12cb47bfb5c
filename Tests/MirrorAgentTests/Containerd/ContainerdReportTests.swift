import KubeCore
import MirrorAPI
import MirrorAgent
import Synchronization
import Testing

@testable import MirrorPlanner

@Suite("Each kind of containerd configuration is reported as what it is")
struct ContainerdReportTests {
    @Test("by the pure function", arguments: ContainerdFixture.all)
    func pure(fixture: ContainerdFixture) throws {
        let places = ContainerdPlaces(kubeletVersion: fixture.kubelet, annotations: fixture.annotations)
        var view = ContainerdView(
            looked: places.paths,
            version: ContainerdVersion(runtimeVersion: "containerd://\(fixture.containerd)"),
            nodeAddresses: ["10.0.0.1"]
        )
        if let main = places.paths.first(where: { fixture.files[$0] != nil }) {
            var tree = ContainerdTree(main: main)
            for (path, text) in fixture.files {
                do throws(TOMLFault) {
                    tree.files[path] = try ContainerdFile(path: path, content: Array(text.utf8), release: view.version)
                } catch {
                    view.faults.append("\(path) can't be read: \(error)")
                }
            }
            for pattern in tree.files.values.flatMap(\.imports) {
                let found = fixture.files.keys.filter { ContainerdTree.leads(pattern, to: $0) }.sorted()
                tree.matches[pattern] = found
                if !ContainerdPath.isWellFormed(pattern) { view.faults.append("\(pattern) is no pattern") }
                if found.isEmpty, !ContainerdPath.isPattern(pattern) { view.faults.append("\(pattern) is not there") }
            }
            view.tree = tree
        }
        let wish = ContainerdWish(
            registryConfigPath: fixture.certs,
            mirrorPorts: ContainerdWorld.ports,
            installed: true,
            repair: false
        )
        let report = ContainerdCheck(wish, view).report
        #expect(report.findings.map(\.reason) == fixture.found.map(\.rawValue))
        expect(report, fixture)
    }

    @Test("by the agent, which then rests without a write", arguments: ContainerdFixture.all)
    func agent(fixture: ContainerdFixture) async throws {
        let world = try ContainerdWorld(fixture)
        let before = world.files
        let (agent, _) = world.agent()
        #expect(await world.run(agent) == .later)
        let status = try #require(try world.status)
        #expect(status.phase == .idle && status.version == "test" && status.observedGeneration == 1)
        #expect(try world.reasons == fixture.found.map(\.rawValue))
        #expect(status.reason == fixture.found.first?.rawValue)
        expect(try #require(status.containerd), fixture)
        let writes = world.server.writes.count
        #expect(await world.run(agent, now: World.now + 120) == .later)
        #expect(world.server.writes.count == writes)
        #expect(world.files == before)
        #expect(world.probes.addresses == ["tcp://10.0.0.1:30020", "tcp://10.0.0.1:30021"])
    }

    private func expect(_ report: ContainerdReport, _ fixture: ContainerdFixture) {
        let text = report.findings.map(\.message).joined(separator: "\n")
        for part in fixture.told { #expect(text.contains(part), "\(text) does not name \(part)") }
        #expect(!text.contains("c2VjcmV0"))
        if let file = fixture.configFile { #expect(report.configFile == file) }
    }

    private static let right = ContainerdFixture.all[0]

    @Test("A mirror that does not answer is called dead at the second look, and no more once it answers")
    func deadMirror() async throws {
        let world = try ContainerdWorld(Self.right)
        let (agent, _) = world.agent()
        world.probes.silence([30020])
        _ = await world.run(agent)
        #expect(try world.reasons == [])
        _ = await world.run(agent, now: World.now + 120)
        #expect(try world.reasons == ["HostsFileDead"])
        let message = try #require(try world.status?.message)
        #expect(message.contains("/etc/containerd/certs.d/_default/hosts.toml"))
        #expect(message.contains("http://10.0.0.1:30021 is asked"))
        world.probes.silence([])
        _ = await world.run(agent, now: World.now + 240)
        #expect(try world.reasons == [])
        #expect(try world.status?.reason == nil)
    }

    @Test("A hosts.toml that is missing, malformed, or not mounted is told, and nothing that it holds")
    func hostsFiles() async throws {
        let missing = try ContainerdWorld(Self.right, hosts: nil)
        await missing.settle()
        #expect(try missing.reasons == ["HostsFileMissing"])
        let malformed = try ContainerdWorld(
            Self.right,
            hosts: "[host.'http://x'.header]\nAuthorization = 'Basic c2VjcmV0' x"
        )
        await malformed.settle()
        #expect(try malformed.reasons == ["HostsFileDead"])
        #expect(try malformed.status?.message?.contains("c2VjcmV0") == false)
        let unmounted = try ContainerdWorld(Self.right, hosts: nil)
        unmounted.disk.removeDirectory(ContainerdFixture.certs)
        await unmounted.settle()
        #expect(try unmounted.status?.message?.contains("not mounted") == true)
    }

    @Test(
        "A path that leads elsewhere is refused, and nothing is read or written there",
        arguments: ["/etc/../root", "etc", "/"]
    )
    func unsafePath(path: String) async throws {
        let world = try ContainerdWorld(Self.right, repair: true, installed: false)
        try world.change { $0.containerd?.registryConfigPath = path }
        let before = world.files
        await world.settle()
        #expect(try world.reasons == ["InvalidSetting"])
        #expect(world.files == before)
    }

    @Test("No Lease is written for a seed of Spegel, and its figures are those of containerd's volume")
    func seeds() async throws {
        let world = try ContainerdWorld(Self.right)
        try world.change { $0.announceIntervalSeconds = 30 }
        var host = MadeUpHost()
        host.volumes["/var/lib/containerd"] = Volume(total: 100, free: 25, available: 25, inodes: 0, freeInodes: 0)
        let (agent, _) = world.agent(measures: host)
        _ = await world.run(agent)
        #expect(try world.status?.figures?.diskUsedPercent == 75)
        #expect(await agent.announcers.seeds.isEmpty)
        #expect(await agent.announcers.isAnySeed)
        #expect(world.server.writes.allSatisfy { !$0.contains("leases") })
        await agent.announcers.stop()
    }

    @Test("An API server that is away changes nothing")
    func apiAway() async throws {
        let world = try ContainerdWorld(ContainerdFixture.all.first { $0.isRepaired } ?? Self.right, repair: true)
        let before = world.files
        world.server.setReachable(false)
        await world.settle()
        #expect(world.files == before)
    }
}
