import KubeCore
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorAgent

/// The time of day is set, by people and by programs; what a step may take is not a matter of it.
@Suite("A deadline comes when it is due, whatever is done to the clock")
struct ClockTests {
    private static let day = 86_400

    /// A service that was restarted and does not come up.
    private static func input(deadlineSeconds: Int = 600, boot: BootTime?, at now: Timestamp) -> AgentInput {
        var step = Journal.Step(
            uid: "uid-mn",
            revision: "1-a",
            epoch: 1,
            service: .rke2,
            role: .server,
            dropIn: DropIn.Settings(server: ServerSetting(action: .point, url: World.url)),
            stage: .restarting,
            deadline: World.now + 600,
            deadlineSeconds: deadlineSeconds,
            previous: nil,
            wasVoter: true,
            invocation: "i1"
        )
        if boot != nil { step.bootDeadline = BootTime(boot: "b1", seconds: 5_600) }
        var host = HostView(journal: Journal(step: step))
        let content = Array("server: \(World.url)\n".utf8)
        host.dropIn = content
        host.files = [("zz-p2pmirror.yaml", content)]
        var input = AgentInput(
            now: now,
            options: AgentOptions(nodeName: World.node, leaseNamespace: "ns", version: "test"),
            mirror: World.mirror,
            host: host,
            unit: UnitState(activeState: "activating", invocationID: "i2")
        )
        input.boot = boot
        return input
    }

    /// Passes until nothing is written any more; gives whether it was rolled back.
    private static func rollsBack(_ input: AgentInput) -> Bool {
        var input = input
        for _ in 0..<5 {
            let decision = AgentDecision.decide(input)
            guard
                case .writeJournal(let journal)? = decision.effects.last(where: { effect in
                    if case .writeJournal = effect { true } else { false }
                })
            else { return false }
            if journal.step?.stage == .rollingBack { return true }
            input.host.journal = journal
        }
        return false
    }

    @Test("A jump to either side changes nothing in one boot", arguments: [0, -day, day, -1_000 * day, 1_000 * day])
    func oneBoot(jump: Int) {
        let before = BootTime(boot: "b1", seconds: 5_599)
        #expect(!Self.rollsBack(Self.input(boot: before, at: World.now + jump)))
        let after = BootTime(boot: "b1", seconds: 5_600)
        #expect(Self.rollsBack(Self.input(boot: after, at: World.now + jump)))
    }

    @Test(
        "After a boot a step has what is left of its time, and never more than the whole of it",
        arguments: [
            (0, 600), (590, 10), (-day, 600), (600, 0), (day, 0),
        ]
    )
    func nextBoot(example: (jump: Int, left: Int)) throws {
        var input = Self.input(boot: BootTime(boot: "b2", seconds: 40), at: World.now + example.jump)
        let step = try #require(input.host.journal.step)
        #expect(max(0, Decider(input).secondsLeft(step)) == example.left)
        guard example.left > 0 else {
            #expect(Self.rollsBack(input))
            return
        }
        let decision = AgentDecision.decide(input)
        guard case .writeJournal(let journal)? = decision.effects.last else {
            Issue.record("\(decision)")
            return
        }
        #expect(journal.step?.bootDeadline == BootTime(boot: "b2", seconds: Int64(40 + example.left)))
        input.host.journal = journal
        // From here on the clock may do what it likes.
        input.now = World.now + -7 * Self.day
        input.boot = BootTime(boot: "b2", seconds: Int64(39 + example.left))
        #expect(!Self.rollsBack(input))
        input.boot = BootTime(boot: "b2", seconds: Int64(40 + example.left))
        #expect(Self.rollsBack(input))
    }

    @Test("Without the time since the boot, a clock that was set back gives a step its whole time, once")
    func withoutBoot() throws {
        var input = Self.input(boot: nil, at: World.now + -Self.day)
        let decision = AgentDecision.decide(input)
        guard case .writeJournal(let journal)? = decision.effects.last else {
            Issue.record("\(decision)")
            return
        }
        #expect(journal.step?.deadline == World.now + -Self.day + 600)
        input.host.journal = journal
        input.now = World.now + -Self.day + 599
        #expect(!Self.rollsBack(input))
        input.now = World.now + -Self.day + 600
        #expect(Self.rollsBack(input))
    }

    @Test("No number of a step, an approval or a clock ends the process", arguments: [Int.min, -1, 0, 1, Int.max])
    func extremes(number: Int) {
        for boot in [nil, BootTime(boot: "b1", seconds: Int64(number)), BootTime(boot: "b2", seconds: Int64(number))] {
            for now in [Timestamp(seconds: Int64(number)), World.now] {
                var input = Self.input(deadlineSeconds: number, boot: boot, at: now)
                input.host.journal.step?.bootDeadline?.seconds = Int64(number)
                input.host.journal.step?.epoch = number
                for stage in Journal.Step.Stage.allCases {
                    input.host.journal.step?.stage = stage
                    _ = AgentDecision.decide(input)
                    var live = LiveView(mirrorNode: World.makeMirrorNode(.init(action: .clear), approved: true))
                    live.mirrorNode?.spec.approval?.deadlineSeconds = number
                    live.mirrorNode?.spec.approval?.epoch = number
                    live.lease = World.makeLease(revision: "1-a", epoch: number)
                    live.node = World.makeNode(World.node, "10.0.0.1")
                    input.live = live
                    _ = AgentDecision.decide(input)
                    input.host.journal.step = nil
                    _ = AgentDecision.decide(input)
                    input = Self.input(deadlineSeconds: number, boot: boot, at: now)
                }
            }
        }
    }

    @Test("The host tells which boot it is, and its time goes on")
    func now() throws {
        let first = try #require(BootTime.now())
        let second = try #require(BootTime.now())
        #expect(first.boot.utf8.count == 36)
        #expect(first.boot == second.boot && first.seconds <= second.seconds)
    }

    @Test("Numbers of systemd and of the kernel")
    func hostNumbers() {
        let clocks = BootClocks(timeOfDay: MicroTimestamp(World.now), sinceBoot: 5)
        for number in [Int64.min, 0, .max] { _ = clocks.timeOfDay(sinceBoot: number) }
        var cpu = ServiceCPU()
        for (usage, seconds) in [(Int64.min, 0), (0, 100), (.max, 200), (.max, 300)] {
            cpu.look(usage, at: World.now + seconds)
            _ = ServiceCPU.rounded(cpu.percent, reported: .max)
        }
        #expect(Rounding.rate.report(1e11, after: nil) == nil)
    }
}
