import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("An upgrade of Spegel goes in waves")
struct PodReplacementTests {
    private static func replaced(_ world: SpegelWorld) -> [String] {
        world.done.compactMap { if case .replacePod(let node) = $0.purpose { node } else { nil } }
    }

    @Test("One pod first, then waves of the size that is allowed, each once the one before is ready")
    func waves() throws {
        var world = SpegelWorld(nodes: 20) { $0.spegel?.install?.maxUnavailable = .percent(20) }
        world.pass(60)
        world.beginCount()
        world.install.version = "v0.7.3"
        world.pass(14)
        #expect(Self.replaced(world).count == 1)
        world.pass(300)
        #expect(Self.replaced(world).count == 20)
        #expect(Set(Self.replaced(world)).count == 20)
        #expect(world.mostAway == 4)
        #expect(world.condition(.ready)?.status == .true)
        #expect(world.condition(.candidatesAvailable)?.status == .true)
        #expect(world.plan?.status.candidates?.evicted == 0, "an absence that we planned evicts nobody")
    }

    @Test("A release that does not become ready stops at the first pod, and going back replaces that one alone")
    func stops() throws {
        var world = SpegelWorld(nodes: 10)
        world.pass(60)
        world.broken = ["v0.7.1"]
        let before = world.pods.map(\.metadata.uid)
        world.install.version = "v0.7.1"
        world.pass(200)
        #expect(Self.replaced(world).count == 1)
        let stalled = try #require(world.condition(.stalled))
        #expect(stalled.status == .true)
        #expect(stalled.reason == Reason.upgradeStopped.rawValue)
        #expect(stalled.message.contains(Self.replaced(world)[0]))
        world.install.version = "v0.7.4"
        world.pass(200)
        #expect(Self.replaced(world).count == 2)
        #expect(Set(Self.replaced(world)).count == 1)
        #expect(world.condition(.ready)?.status == .true)
        #expect(world.pods.count { before.contains($0.metadata.uid) } == 9)
    }

    @Test("Enough published peers stay ready: the last ones wait until others are")
    func keepsPeers() throws {
        var world = SpegelWorld(nodes: 4) {
            $0.candidates.minPublished = .number(3)
            $0.spegel?.install?.maxUnavailable = .percent(100)
        }
        world.pass(60)
        world.beginCount()
        world.install.version = "v0.7.3"
        world.pass(300)
        #expect(Self.replaced(world).count == 4)
        #expect(world.mostAway == 1)
    }

    @Test("A peer that is out of the set, or not ready, goes before those that are needed")
    func order() throws {
        var world = SpegelWorld(nodes: 6)
        world.pass(60)
        let index = try #require(world.pods.firstIndex { $0.spec.nodeName == "node-5" })
        world.pods[index].status.conditions = [
            .init(type: "Ready", status: "False", lastTransitionTime: world.snapshot.now)
        ]
        world.startSeconds = 1_000
        world.install.version = "v0.7.3"
        world.pass(4)
        #expect(Self.replaced(world) == ["node-5"])
    }

    @Test(
        "A peer that was well and is so no longer is none that we have just made: it leaves the set",
        arguments: [0, 30]
    )
    func fallen(after seconds: Int) throws {
        var world = SpegelWorld(nodes: 10) {
            $0.candidates.unhealthyForSeconds = 10
            $0.rollout.progressDeadlineSeconds = 600
        }
        world.pass(60)
        let index = try #require(world.pods.firstIndex { $0.spec.nodeName == "node-5" })
        let begin = world.snapshot.now
        world.pods[index].status.conditions = [
            .init(type: "Initialized", status: "True", lastTransitionTime: begin),
            .init(type: "Ready", status: "False", lastTransitionTime: begin + seconds),
        ]
        world.startSeconds = 1_000
        world.pass(seconds + 20)
        let hasBeenReady = seconds > 0
        #expect(world.pod(on: "node-5")?.metadata.labels[LabelKey.candidate] == (hasBeenReady ? "false" : "true"))
    }

    @Test("A node that is away is left out, and gets its new pod when it is back")
    func away() throws {
        var world = SpegelWorld(nodes: 5)
        world.pass(60)
        world.snapshot.nodes[2].status?.conditions = [Node.Condition(type: "Ready", status: "Unknown")]
        world.install.version = "v0.7.3"
        world.pass(300)
        #expect(!Self.replaced(world).contains("node-3"))
        #expect(Self.replaced(world).count == 4)
        #expect(world.condition(.nodesCurrent)?.message.contains("node-3") == true)
        world.snapshot.nodes[2].status?.conditions = [Node.Condition(type: "Ready", status: "True")]
        world.pass(100)
        #expect(Self.replaced(world).last == "node-3")
    }

    @Test("Manual approval waits for the revision, and a window for its opening")
    func holds() throws {
        var world = SpegelWorld(nodes: 3) { $0.rollout.approval = .manual }
        world.pass(60)
        world.install.version = "v0.7.3"
        world.pass(60)
        #expect(Self.replaced(world) == [])
        let ready = try #require(world.condition(.ready))
        #expect(ready.reason == Reason.waitingForApproval.rawValue)
        let revision = SpegelSettings(world.mirror.spec, world.install, now: world.snapshot.now).revision
        #expect(ready.message.contains(revision))
        world.mirror.metadata.annotations[AnnotationKey.approve] = revision
        world.pass(200)
        #expect(Self.replaced(world).count == 3)
        world.mirror.spec.rollout.approval = .automatic
        world.mirror.spec.rollout.window = .init(days: [], start: "03:00", end: "03:01", utcOffsetMinutes: 0)
        world.install.version = "v0.7.4"
        world.pass(10)
        #expect(Self.replaced(world).count == 3)
        #expect(world.condition(.ready)?.reason == Reason.outsideWindow.rawValue)
    }

    @Test("One pod alone is replaced too")
    func alone() throws {
        var world = SpegelWorld(nodes: 1)
        world.pass(30)
        world.install.version = "v0.7.3"
        world.pass(30)
        #expect(Self.replaced(world).count == 1)
    }

    @Test(
        "Changes in mid-upgrade: no pod is replaced twice for one revision, and it ends",
        arguments: 0..<20 as Range<UInt64>
    )
    func random(seed: UInt64) {
        var dice = Dice(seed: seed)
        var world = SpegelWorld(nodes: 2 + dice.below(12))
        world.pass(60)
        for _ in 0..<(1 + dice.below(4)) {
            switch dice.below(4) {
            case 0: world.install.version = dice.pick(["v0.7.2", "v0.7.3", "v0.7.4", "v0.6.0"])
            case 1: world.mirror.spec.registries = dice.pick([[], ["docker.io"], ["*"]])
            case 2: world.install.maxUnavailable = dice.pick([.number(1), .percent(50), .percent(100)])
            default:
                let index = dice.below(world.snapshot.nodes.count)
                let isReady = world.snapshot.nodes[index].isReady
                world.snapshot.nodes[index].status?.conditions = [
                    Node.Condition(type: "Ready", status: isReady ? "Unknown" : "True")
                ]
            }
            world.pass(1 + dice.below(80))
        }
        for index in world.snapshot.nodes.indices {
            world.snapshot.nodes[index].status?.conditions = [Node.Condition(type: "Ready", status: "True")]
        }
        world.settle(within: 1_500)
        #expect(world.plan?.actions == [], "seed \(seed)")
        #expect(world.condition(.ready)?.status == .true, "seed \(seed): \(world.condition(.ready)?.message ?? "")")
    }
}
