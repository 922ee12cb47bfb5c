import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("One decision")
struct DecisionTests {
    private static func step(_ stage: Journal.Step.Stage) -> Journal.Step {
        Journal.Step(
            uid: "uid-mn",
            revision: "1-a",
            epoch: 1,
            service: .rke2,
            role: .server,
            dropIn: DropIn.Settings(server: ServerSetting(action: .point, url: World.url)),
            stage: stage,
            deadline: World.now + 600,
            deadlineSeconds: 600,
            previous: nil,
            wasVoter: true,
            invocation: "i1"
        )
    }

    private static func input(_ stage: Journal.Step.Stage, _ unit: UnitState?, dropIn: Bool = true) -> AgentInput {
        var host = HostView(journal: Journal(step: step(stage)))
        if dropIn {
            let content = Array("server: \(World.url)\n".utf8)
            host.dropIn = content
            host.files = [("zz-p2pmirror.yaml", content)]
        }
        var mirrorNode = World.makeMirrorNode(ServerSetting(action: .point, url: World.url), approved: true)
        mirrorNode.status = MirrorNodeStatus(
            agent: .init(phase: .restarting, revision: "1-a", epoch: 1, invocationID: "i1", version: "test")
        )
        var node = World.makeNode(World.node, "10.0.0.1")
        node.metadata.annotations[World.distribution.argumentsAnnotation] =
            #"["server","--server","https://10.0.0.3:9345"]"#
        var live = LiveView(mirrorNode: mirrorNode, node: node)
        live.lease = World.makeLease(revision: "1-a", epoch: 1)
        live.servers = [node, World.makeNode("server-2", "10.0.0.2")]
        return AgentInput(
            now: World.now,
            options: AgentOptions(nodeName: World.node, leaseNamespace: "ns", version: "test"),
            mirror: World.mirror,
            live: live,
            host: host,
            unit: unit
        )
    }

    private static func restarts(_ decision: AgentDecision) -> Bool {
        decision.effects.contains { effect in
            if case .restart = effect { true } else { false }
        }
    }

    private static func unit(_ state: String, _ invocation: String = "i1", job: Bool = false) -> UnitState {
        UnitState(activeState: state, invocationID: invocation, hasJob: job)
    }

    @Test(
        "a restart that was announced is asked for again only where nothing of it is to be seen at the service manager",
        arguments: [
            (unit("active"), true), (unit("active", job: true), false), (unit("deactivating"), false),
            (unit("activating", "i2"), false), (unit("active", "i2"), false), (nil, false),
        ]
    )
    func asksOnce(unit: UnitState?, again: Bool) {
        #expect(Self.restarts(AgentDecision.decide(Self.input(.restarting, unit))) == again)
        #expect(Self.restarts(AgentDecision.decide(Self.input(.restoring, unit, dropIn: false))) == again)
    }

    @Test("a start that hangs is restarted with the previous files, also by an agent that did not ask for it itself")
    func restartsAStartThatHangs() {
        let unit = Self.unit("activating", job: true)
        #expect(Self.restarts(AgentDecision.decide(Self.input(.restoring, unit, dropIn: false))))
    }

    @Test(
        "what systemd would refuse is not asked for in any stage, and is said",
        arguments: [Journal.Step.Stage.applying, .restarting, .rollingBack, .restoring],
        ["active", "activating"]
    )
    func asksForNoRefusal(stage: Journal.Step.Stage, state: String) {
        var unit = Self.unit(state, stage == .rollingBack ? "i2" : "i1")
        unit.refusal = "x.service is masked"
        let isBack = stage == .rollingBack || stage == .restoring
        let decision = AgentDecision.decide(Self.input(stage, unit, dropIn: !isBack))
        #expect(!Self.restarts(decision))
        if stage != .rollingBack, state == "active" || stage == .restoring {
            #expect(decision.reason == .unitNotRestartable && decision.message == "x.service is masked")
        }
    }

    @Test("without an answer of the API server no first restart begins, and none is repeated")
    func needsTheAPI() {
        for stage in [Journal.Step.Stage.applying, .restarting] {
            var input = Self.input(stage, Self.unit("active"))
            #expect(Self.restarts(AgentDecision.decide(input)))
            input.live = nil
            #expect(AgentDecision.decide(input).effects == [])
        }
    }

    @Test(
        "without an answer of the service manager nothing is restarted in any stage",
        arguments: Journal.Step.Stage.allCases
    )
    func needsTheServiceManager(stage: Journal.Step.Stage) {
        for late in [0, 601] {
            var input = Self.input(stage, nil)
            input.now = World.now + late
            #expect(!Self.restarts(AgentDecision.decide(input)))
        }
    }

    @Test("every effect on the host comes after the lock, and the journal before the restart that it announces")
    func ordersEffects() {
        for stage in Journal.Step.Stage.allCases {
            for unit in [Self.unit("active"), Self.unit("failed", "i2"), Self.unit("active", "i2")] {
                for dropIn in [true, false] {
                    let effects = AgentDecision.decide(Self.input(stage, unit, dropIn: dropIn)).effects
                    let acting = effects.firstIndex { effect in
                        switch effect {
                        case .report, .claim, .lock: false
                        default: true
                        }
                    }
                    guard let acting else { continue }
                    #expect(effects[..<acting].contains(.lock))
                }
            }
        }
    }

    @Test("a journal that can't be read stops everything, and the status says so")
    func stopsAtAnUnreadableJournal() {
        var input = Self.input(.restarting, Self.unit("active"))
        input.host.journal = Journal()
        input.host.journalFault = "its format is 4, this release knows 1 to 3"
        let decision = AgentDecision.decide(input)
        #expect(decision.reason == .journalUnreadable)
        #expect(!Self.restarts(decision))
    }

    @Test("a journal keeps everything it was written with, and one of another format is refused")
    func readsJournals() throws {
        let journal = Journal(step: Self.step(.restoring))
        #expect(try Journal(JSONCoding.encode(journal)) == journal)
        #expect(throws: KubeError.self) { try Journal(Array(#"{"format":4}"#.utf8)) }
    }

    @Test("what a killed agent left is removed under the lock")
    func removesLeftovers() {
        var input = Self.input(.restarting, Self.unit("activating", "i2"))
        input.host.leftovers = ["/b", "/a"]
        let effects = AgentDecision.decide(input).effects
        #expect(effects.prefix(3) == [.lock, .removeLeftover("/a"), .removeLeftover("/b")])
    }

    @Test("that the API server could not be read is said where it was asked, with why, and nowhere else")
    func notAsked() {
        var input = AgentInput(
            now: World.now,
            options: AgentOptions(nodeName: World.node, leaseNamespace: "ns", version: "test"),
            mirror: World.mirror,
            host: HostView()
        )
        let quiet = AgentDecision.decide(input)
        #expect(quiet.reason == .idle)
        #expect(!quiet.message.contains("API server"))
        input.liveFault = "GET /apis/p2pmirror.io/v1alpha1/mirrornodes: 403 forbidden"
        let asked = AgentDecision.decide(input)
        #expect(asked.reason == .apiUnreachable)
        #expect(asked.message.contains("403 forbidden"))
    }
}
