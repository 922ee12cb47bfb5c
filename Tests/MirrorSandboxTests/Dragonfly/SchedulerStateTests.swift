import KubeCore
import MirrorPlanner
import Testing

@testable import MirrorSandbox

@Suite struct SchedulerStateTests {
    private static let task = String(repeating: "ab", count: 32)

    private static func host(_ name: String, seed: Bool = false, port: Int32 = 4_000) -> DragonflyHost {
        var host = DragonflyHost()
        host.id = seed ? "127.0.0.1-\(name)-seed" : "127.0.0.1-\(name)"
        host.kind = seed ? .seed : .normal
        host.hostname = name
        host.ip = seed ? "127.0.0.9" : "127.0.0.1"
        host.port = port
        return host
    }

    private static func scheduler(
        _ image: String = "dragonflyoss/scheduler:v2.5.1",
        ring: [String] = ["127.0.0.9:4000"]
    ) throws -> SchedulerState {
        let line = try #require(SchedulerLine(image: image))
        var settings = SchedulerSettings()
        settings.retryBackToSourceLimit = 3
        var state = SchedulerState(line, settings, TimeScale(10))
        for host in [host("seed", seed: true), host("a"), host("b"), host("c")] {
            try state.announce(DragonflyAnnouncement(host, interval: .seconds(6)), now: .zero)
        }
        state.refreshRing(listed: ring, healthy: ring)
        return state
    }

    private static func call(_ name: String, blocked: [String] = []) -> SchedulerRegistration {
        SchedulerRegistration(
            hostID: name == "seed" ? "127.0.0.1-seed-seed" : "127.0.0.1-\(name)",
            peerID: "peer-\(name)",
            taskID: task,
            size: 5 << 20,
            blocked: blocked
        )
    }

    private static func report(_ name: String, _ outcome: SchedulerReport.Outcome) -> SchedulerReport {
        let call = call(name)
        return SchedulerReport(hostID: call.hostID, peerID: call.peerID, taskID: task, outcome: outcome)
    }

    /// Steps until there are directions; the number of rounds in vain beside them.
    private static func directions(
        _ state: inout SchedulerState,
        _ call: SchedulerRegistration
    ) throws -> (SchedulerDirections, rounds: Int) {
        var generator = SeededGenerator(seed: 1)
        for round in 0..<10 {
            if case .directions(let found) = try state.step(call, now: .zero, using: &generator) {
                return (found, round)
            }
        }
        throw ScenarioFailure("no directions")
    }

    @Test func `a new task is asked of the ring's seed, and its first client waits for it`() throws {
        var state = try Self.scheduler()
        #expect(try state.register(Self.call("a"), now: .zero) == "127.0.0.9:4000")
        var generator = SeededGenerator(seed: 1)
        guard case .wait(let time) = try state.step(Self.call("a"), now: .zero, using: &generator) else {
            Issue.record("it did not wait")
            return
        }
        #expect((Duration.milliseconds(375)...(.milliseconds(625))).contains(time))
        #expect(try state.register(Self.call("seed"), now: .zero) == nil)
        #expect(try Self.directions(&state, Self.call("seed")).0.parents.isEmpty)
        let (found, _) = try Self.directions(&state, Self.call("a"))
        #expect(found.parents.map(\.peerID) == ["peer-seed"])
        #expect(found.parents.map(\.ip) == ["127.0.0.9"])
        #expect(state.figures.noCandidates == 1)
    }

    @Test func `a client whose seed never comes goes to the source after the limit, and later ones to that client`()
        throws
    {
        var state = try Self.scheduler()
        _ = try state.register(Self.call("a"), now: .zero)
        let (found, rounds) = try Self.directions(&state, Self.call("a"))
        #expect(rounds == 3)
        #expect(found.reason == "scheduling exceeded RetryBackToSourceLimit 3")
        #expect(state.figures.backToSource == 1)
        #expect(try state.register(Self.call("b"), now: .zero) == nil)
        #expect(try Self.directions(&state, Self.call("b")).0.parents.map(\.peerID) == ["peer-a"])
    }

    @Test func `for half an hour no seed is asked again for a task whose seed failed`() throws {
        var state = try Self.scheduler()
        _ = try state.register(Self.call("a"), now: .zero)
        _ = try state.register(Self.call("seed"), now: .zero)
        state.finish(Self.report("seed", .failed), now: .seconds(1))
        state.finish(Self.report("a", .left), now: .seconds(1))
        #expect(try state.register(Self.call("b"), now: .seconds(100)) == nil)
        let (found, rounds) = try Self.directions(&state, Self.call("b"))
        #expect(rounds == 0)
        #expect(found.reason == "the seed peer of the task has failed")
        state.finish(Self.report("b", .left), now: .seconds(100))
        // 1,800 s divided by ten.
        #expect(try state.register(Self.call("c"), now: .seconds(182)) == "127.0.0.9:4000")
    }

    @Test(arguments: [("v2.4.1", 3), ("v2.4.2", 0), ("v2.5.1", 0)])
    func `where no seed is healthy clients go to the source at once from 2.4.2 on`(tag: String, rounds: Int) throws {
        var state = try Self.scheduler("dragonflyoss/scheduler:\(tag)")
        state.refreshRing(listed: state.seeds, healthy: [])
        #expect(state.ring.isEmpty)
        #expect(try state.register(Self.call("a"), now: .zero) == nil)
        #expect(try Self.directions(&state, Self.call("a")).rounds == rounds)
    }

    @Test(arguments: [("v2.4.1", true), ("v2.5.1", true), ("v2.5.2", false)])
    func `the last ring stays where no seed is listed, up to 2.5.1`(tag: String, stays: Bool) throws {
        var state = try Self.scheduler("dragonflyoss/scheduler:\(tag)")
        try state.delete(host: "127.0.0.1-seed-seed")
        #expect(state.seeds.isEmpty)
        state.refreshRing(listed: [], healthy: [])
        #expect(state.ring.isEmpty != stays)
    }

    @Test func `a host that is deleted is gone with its peers, and a second time it is not found`() throws {
        var state = try Self.scheduler()
        _ = try state.register(Self.call("seed"), now: .zero)
        state.finish(Self.report("seed", .succeeded), now: .zero)
        try state.delete(host: "127.0.0.1-seed-seed")
        #expect(state.list(type: nil).hosts.map(\.hostname) == ["a", "b", "c"])
        #expect(throws: SchedulerState.Refusal(code: 5, message: "host x not found")) { try state.delete(host: "x") }
        #expect(try state.register(Self.call("a"), now: .zero) != nil)
        #expect(throws: SchedulerState.Refusal(code: 5, message: "host 127.0.0.1-seed-seed not found")) {
            try state.register(Self.call("seed"), now: .zero)
        }
    }

    @Test func `a host that is silent for more than twice its interval goes at the next collection`() throws {
        var state = try Self.scheduler()
        try state.announce(DragonflyAnnouncement(Self.host("a"), interval: .seconds(6)), now: .seconds(10))
        #expect(state.collectHosts(now: .seconds(12)).isEmpty)
        #expect(state.collectHosts(now: .seconds(13)).count == 3)
        #expect(state.report.hosts == ["127.0.0.1-a"])
    }

    @Test func `address and names stay as they were announced first, and the type is looked for`() throws {
        var state = try Self.scheduler()
        var other = Self.host("a", port: 4_100)
        other.ip = "127.0.0.7"
        other.hostname = "other"
        try state.announce(DragonflyAnnouncement(other, interval: nil), now: .zero)
        let normal = state.list(type: 0).hosts
        #expect(normal.first { $0.id == other.id }?.ip == "127.0.0.1")
        #expect(normal.first { $0.id == other.id }?.hostname == "a")
        #expect(normal.first { $0.id == other.id }?.port == 4_100)
        #expect(state.list(type: 1).hosts.map(\.hostname) == ["seed"])
        #expect(state.list(type: 7).hosts.isEmpty)
    }

    @Test func `neither blocked parents, nor those that share nothing, nor those that failed are candidates`() throws {
        var state = try Self.scheduler()
        for name in ["a", "b"] {
            _ = try state.register(Self.call(name), now: .zero)
            state.finish(Self.report(name, .succeeded), now: .zero)
        }
        _ = try state.register(Self.call("c", blocked: ["peer-a"]), now: .zero)
        #expect(try Self.directions(&state, Self.call("c")).0.parents.map(\.peerID) == ["peer-b"])
        var host = Self.host("b")
        host.disableShared = true
        try state.announce(DragonflyAnnouncement(host, interval: nil), now: .zero)
        _ = try state.register(Self.call("c"), now: .zero)
        #expect(try Self.directions(&state, Self.call("c")).0.parents.isEmpty)
    }

    @Test func `up to 2.3.0 no announcement makes a seed, and clients wait in vain`() throws {
        var state = try Self.scheduler("dragonflyoss/scheduler:v2.3.0")
        #expect(state.ring.isEmpty)
        #expect(try state.register(Self.call("a"), now: .zero) == nil)
        #expect(try Self.directions(&state, Self.call("a")).rounds == 3)
        #expect(state.figures.failedTriggers == 1)
    }

    @Test func `releases are told by their tag`() {
        #expect(SchedulerLine(image: "x/scheduler:v2.3.0")?.seeds == .manager)
        #expect(SchedulerLine(image: "x/scheduler:v2.3.1")?.seeds == .announcements)
        #expect(SchedulerLine(image: "x/scheduler:latest") == nil)
    }
}
