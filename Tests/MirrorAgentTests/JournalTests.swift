import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("A journal of another release")
struct JournalTests {
    /// What the release before wrote: after a step, and in the midst of one.
    private static let settled = #"""
        {"format":1,"settled":{"epoch":1,"inForce":{"action":"Point","url":"https://10.0.0.2:9345"},"phase":"Applied",
        "reason":"Proven","restartedAt":"2027-01-15T08:00:00Z","revision":"1-a","uid":"uid-mn"}}
        """#
    private static let step = #"""
        {"format":1,"step":{"deadline":"2027-01-15T08:10:00Z","deadlineSeconds":600,"epoch":1,"invocation":"i1",
        "provider":"RKE2","revision":"1-a","role":"Server","setting":{"action":"Clear"},"stage":"Applying",
        "uid":"uid-mn","wasVoter":true}}
        """#

    @Test("is read")
    func readsThePreviousRelease() throws {
        let end = try #require(try Journal(Array(Self.settled.utf8)).settled)
        #expect(end.dropIn == DropIn.Settings(server: ServerSetting(action: .point, url: World.url)))
        let step = try #require(try Journal(Array(Self.step.utf8)).step)
        #expect(step.dropIn == DropIn.Settings(server: ServerSetting(action: .clear)) && step.registries == nil)
    }

    @Test("and is not written anew, nor is the drop-in beside it: an upgrade costs no file and no restart")
    func upgradesWithoutATrace() async throws {
        let world = try World()
        world.disk.put(World.dropIn, "# Written by p2pmirror in other words.\nserver: \(World.url)\n")
        world.disk.put(AgentPath.journal(mirror: World.mirror), Self.settled)
        let before = world.disk.contents
        await world.settle()
        #expect(world.disk.contents == before && world.service.restarts == 0)
        #expect(try world.status?.phase == .applied)
        print("upgrade: 0 files rewritten of \(before.count), \(world.service.restarts) restarts")
    }

    @Test("a step of the release before is gone on with")
    func goesOn() async throws {
        let world = try World(action: ServerSetting(action: .clear))
        world.disk.put(AgentPath.journal(mirror: World.mirror), Self.step)
        await world.settle()
        #expect(try world.status?.phase == .applied)
        #expect(world.service.restarts == 1)
    }

    /// What the release before knew.
    private struct Previous: Decodable {
        struct Settled: Decodable {
            var uid: String
            var revision: String
            var epoch: Int
            var phase: MirrorNodeStatus.Phase
            var inForce: ServerSetting?
        }

        var format: Int
        var settled: Settled?
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var format: Int
        var registries: [String]?
        var debug: Bool?
        var deletionPolicy: DeletionPolicy?
    }

    @Test(
        "a downgrade reads what knows nothing new, and stops at what it would not understand",
        arguments: [
            Case(testDescription: "server only", format: 1),
            Case(testDescription: "server and a bequest", format: 1, deletionPolicy: .restore),
            Case(testDescription: "registries", format: 2, registries: ["quay.io"]),
            Case(testDescription: "registries that are there", format: 1, registries: ["docker.io"]),
            Case(testDescription: "debug", format: 2, debug: true),
        ]
    )
    func downgrades(_ case: Case) async throws {
        let world = try World(registries: `case`.registries, debug: `case`.debug)
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.deletionPolicy = `case`.deletionPolicy }
        await world.settle()
        #expect(try world.status?.phase == .applied)
        let text = try #require(world.disk.contents[AgentPath.journal(mirror: World.mirror)])
        let journal = try JSONCoding.decode(Previous.self, from: Array(text.utf8))
        #expect(journal.format == `case`.format)
        guard `case`.format == 1 else { return }
        #expect(journal.settled?.inForce == ServerSetting(action: .point, url: World.url))
        #expect(journal.settled?.phase == .applied)
    }

    @Test("one of a newer release stops everything on its node, and says what to do")
    func stopsAtANewerOne() async throws {
        let world = try World()
        world.disk.put(AgentPath.journal(mirror: World.mirror), #"{"format":4,"settled":{"new":1}}"#)
        let before = world.disk.contents
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.reason == "JournalUnreadable")
        #expect(status.message?.contains("run the release again that wrote it") == true)
        #expect(world.disk.contents == before && world.service.restarts == 0)
    }
}
