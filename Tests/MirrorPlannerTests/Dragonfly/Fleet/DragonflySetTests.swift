import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("The candidate set of Dragonfly's seeds")
struct DragonflySetTests {
    @Test("A fleet that is well is left alone", arguments: [DragonflyChart.withManager, .withoutManager])
    func quiet(_ chart: DragonflyChart) throws {
        var world = DragonflyWorld(server: "v2.5.1", client: "v1.5.1", files: chart)
        world.pass(300)
        #expect(world.done.filter { $0.purpose != .recordSet }.isEmpty)
        #expect(world.plan?.isEmpty == true)
        #expect(world.condition(.ready)?.status == .true)
        #expect(world.condition(.peersConnected)?.status == .true)
        #expect(world.condition(.evictionEffective)?.reason == "NothingEvicted")
        #expect(world.mirror.status?.candidates?.total == 3)
    }

    @Test("A full seed is shut in, then forgotten once by every scheduler, and comes back with room")
    func fullDisk() throws {
        var world = DragonflyWorld()
        world.pass(60)
        world.disks["dragonfly-seed-client-1"] = 91
        world.pass(5)
        #expect(world.quarantined == ["dragonfly-seed-client-1"])
        #expect(world.calls.isEmpty)
        #expect(world.mirror.status?.evictions?.first?.reason == "DiskFull")
        // 30 s, 2 s for each of three seeds, and five more.
        world.pass(35)
        #expect(world.calls.isEmpty)
        world.pass(10)
        let id = "10.244.5.30-dragonfly-seed-client-1-seed"
        #expect(world.calls == (0...2).map { "dragonfly-scheduler-\($0): \(id)" })
        world.pass(300)
        #expect(world.calls.count == 3, "each scheduler is told once, though the seed announces itself again")
        #expect(world.condition(.evictionEffective)?.status == .true)
        world.disks["dragonfly-seed-client-1"] = 40
        world.pass(400)
        #expect(world.quarantined.isEmpty)
        #expect(world.condition(.candidatesAvailable)?.status == .true)
    }

    @Test("The order: what is decided is remembered first, and the set is read live before it shrinks")
    func order() throws {
        var world = DragonflyWorld()
        world.pass(60)
        world.disks["dragonfly-seed-client-1"] = 91
        world.observe()
        let writes = try #require(world.plan?.writes)
        #expect(writes.map(\.purpose) == [.recordSet, .withdrawSeed("dragonfly-seed-client-1")])
        guard case .status(let status) = writes[0].body else {
            Issue.record("\(writes[0])")
            return
        }
        #expect(status.seeds?.first?.candidate.state == .evicted)
        guard case .set(let look) = writes[1].evidence else {
            Issue.record("\(writes[1].evidence)")
            return
        }
        #expect(look.query.names([]).count == 3)
        let policy = ObjectMeta(name: "p2pmirror-images-dragonfly-seed-client-0")
        #expect(look.query.names([policy]) == ["dragonfly-seed-client-1", "dragonfly-seed-client-2"])
        #expect(look.check.floor == 2)
    }

    @Test("A policy lets nobody in to what serves, keeps metrics open, and never says anything of egress")
    func policy() throws {
        var world = DragonflyWorld()
        world.pass(60)
        world.disks["dragonfly-seed-client-0"] = 91
        world.pass(5)
        let policy = try #require(world.evidence.quarantines.first)
        #expect(policy.body[path: "spec", "policyTypes"] == ["Ingress"])
        #expect(policy.body[path: "spec", "egress"] == nil)
        let ports = policy.body[path: "spec", "ingress"]?.arrayValue?.first?["ports"]?.arrayValue ?? []
        #expect(ports.compactMap { $0["port"]?.intValue } == [4_002, 4_003, 4_004])
        #expect(policy.metadata.ownerReferences.first?.uid == "mirror-uid")
    }

    @Test("With recovery Restart a full seed is restarted once, behind its quarantine")
    func recovery() {
        var world = DragonflyWorld { $0.dragonfly = .init(recovery: .restart) }
        world.pass(60)
        world.disks["dragonfly-seed-client-1"] = 91
        world.pass(40)
        #expect(!world.done.contains { $0.target.resource == Pod.resource && $0.body == .delete })
        world.pass(20)
        let restarts = { (world: DragonflyWorld) in
            world.done.count { $0.target.resource == Pod.resource && $0.body == .delete }
        }
        #expect(restarts(world) == 1)
        world.pass(600)
        #expect(restarts(world) == 1)
        #expect(world.quarantined.isEmpty, "it came back with room")
    }

    @Test("A restart that makes no room is not repeated, and says that others fill the disk")
    func recoveryInVain() {
        var world = DragonflyWorld { $0.dragonfly = .init(recovery: .restart) }
        world.cleanedTo = 92
        world.pass(60)
        world.disks["dragonfly-seed-client-1"] = 92
        world.pass(1_200)
        #expect(world.done.count { $0.target.resource == Pod.resource && $0.body == .delete } == 1)
        #expect(world.condition(.candidatesAvailable)?.reason == "DiskFilledByOthers")
        let message = world.condition(.candidatesAvailable)?.message ?? ""
        #expect(message.contains("clean-up cannot help") && message.contains("gc.policy.distThreshold"))
    }

    @Test("The last seed of a scheduler is never removed from it, whatever is wrong")
    func lastSeed() {
        var world = DragonflyWorld(seeds: 1) { $0.candidates.minPublished = .number(1) }
        world.pass(60)
        world.disks["dragonfly-seed-client-0"] = 95
        world.pass(600)
        #expect(world.quarantined.isEmpty)
        #expect(world.calls.isEmpty)
        #expect(world.condition(.candidatesAvailable)?.status == .false)
    }

    @Test("A scheduler that can't be asked is named, and told later")
    func schedulerOutOfReach() {
        var world = DragonflyWorld()
        world.pass(60)
        world.silent = ["dragonfly-scheduler-1"]
        world.disks["dragonfly-seed-client-1"] = 91
        world.pass(120)
        #expect(world.calls.count == 2)
        let condition = world.condition(.evictionEffective)
        #expect(condition?.reason == "SchedulerNotTold")
        #expect(condition?.message.contains("dragonfly-scheduler-1") == true)
        world.silent = []
        world.pass(10)
        #expect(world.calls.count == 3)
    }

    @Test("A quarantine goes with its seed, and with the selection of its node")
    func strays() {
        for isScaledDown in [true, false] {
            var world = DragonflyWorld()
            world.pass(60)
            world.disks["dragonfly-seed-client-2"] = 95
            world.pass(60)
            #expect(world.quarantined == ["dragonfly-seed-client-2"])
            if isScaledDown {
                world.evidence.workloads = [DragonflyChart.withManager.statefulSet(.seed, replicas: 2)]
                world.evidence.pods.removeAll { $0.metadata.name == "dragonfly-seed-client-2" }
            } else {
                world.mirror.spec.candidates.selector = LabelSelector(matchLabels: ["pool": "seeds"])
                for index in world.snapshot.nodes.indices.dropLast() {
                    world.snapshot.nodes[index].metadata.labels["pool"] = "seeds"
                }
            }
            world.pass(10)
            #expect(world.quarantined.isEmpty)
        }
    }

    // MARK: Levers that fail

    @Test("Seeds on the host's network stay where they are")
    func hostNetwork() {
        var world = DragonflyWorld()
        world.pass(60)
        for number in 0...2 { world.change("dragonfly-seed-client-\(number)") { $0.spec.hostNetwork = true } }
        world.disks["dragonfly-seed-client-1"] = 95
        world.pass(300)
        expectObstacle(world, "on the host's network")
    }

    @Test("Releases up to 2.3.0 find seeds through the manager")
    func oldRelease() {
        var world = DragonflyWorld(server: "v2.3.0", client: "v1.0.10")
        world.pass(60)
        world.disks["dragonfly-seed-client-1"] = 95
        world.pass(300)
        expectObstacle(world, "2.3.1 or later")
    }

    @Test("Another policy that lets others in defeats ours")
    func foreignPolicy() {
        var world = DragonflyWorld()
        world.pass(60)
        world.evidence.policies = [
            ManagedObject(
                NetworkPolicyKind.resource,
                [
                    "metadata": ["name": "allow-all", "namespace": "dragonfly-system"],
                    "spec": ["podSelector": [:], "policyTypes": ["Ingress"], "ingress": [[:]]],
                ]
            )
        ]
        world.disks["dragonfly-seed-client-1"] = 95
        world.pass(300)
        expectObstacle(world, "The NetworkPolicy allow-all")
    }

    private func expectObstacle(_ world: DragonflyWorld, _ words: String) {
        #expect(world.quarantined.isEmpty)
        #expect(world.calls.isEmpty)
        let condition = world.condition(.evictionEffective)
        #expect(condition?.status == .false)
        #expect(condition?.reason == "LeverFails")
        #expect(condition?.message.contains(words) == true, "\(condition?.message ?? "")")
    }

    @Test("A network that enforces no policy shows in the proof")
    func notEnforced() {
        var world = DragonflyWorld()
        world.isEnforced = false
        world.pass(60)
        world.disks["dragonfly-seed-client-1"] = 95
        world.pass(60)
        let condition = world.condition(.evictionEffective)
        #expect(condition?.reason == "LeverFails")
        #expect(condition?.message.contains("is not enforced") == true)
        #expect(condition?.message.contains("10.244.5.30:4000") == true)
    }

    // MARK: Hosts that are gone

    @Test("A seed that dies without a word leaves at twice its interval, and every scheduler forgets it at once")
    func crashedSeed() {
        var world = DragonflyWorld()
        world.pass(120)
        world.dead = ["dragonfly-seed-client-2"]
        world.pass(100)
        #expect(world.calls.isEmpty)
        world.pass(80)
        #expect(world.quarantined == ["dragonfly-seed-client-2"])
        #expect(world.calls.count == 3)
        // No scheduler lists it any more, and nothing answers: that is no health.
        world.pass(900)
        #expect(world.quarantined == ["dragonfly-seed-client-2"])
        #expect(world.mirror.status?.seeds?.first?.candidate.state == .evicted)
        world.dead = []
        world.pass(400)
        #expect(world.quarantined.isEmpty)
    }

    @Test("Hosts of pods that are gone are removed from every scheduler, but for its last seed")
    func relics() {
        var world = DragonflyWorld(seeds: 1)
        var gone = DragonflyHost()
        gone.ip = "10.244.99.1"
        gone.hostname = "dragonfly-seed-client-7"
        gone.id = "10.244.99.1-dragonfly-seed-client-7-seed"
        gone.kind = .seed
        gone.port = 4_000
        for number in 0...2 { world.relics["dragonfly-scheduler-\(number)"] = [gone] }
        world.pass(180)
        #expect(world.calls.count == 3)
        // One of a machine outside of the cluster is left to its scheduler.
        world = DragonflyWorld()
        var outside = gone
        outside.hostname = "machine-7"
        outside.kind = .normal
        world.relics["dragonfly-scheduler-0"] = [outside]
        world.pass(900)
        #expect(world.calls.isEmpty)
        world = DragonflyWorld(seeds: 0)
        for number in 0...2 { world.relics["dragonfly-scheduler-\(number)"] = [gone] }
        world.pass(600)
        #expect(world.calls.isEmpty)
    }

    @Test("Two seeds that are out and one that has not announced itself yet: the scheduler keeps the two")
    func lastSeedsTogether() {
        var world = DragonflyWorld(seeds: 5) { $0.candidates.maxUnhealthy = .percent(60) }
        world.pass(60)
        world.disks["dragonfly-seed-client-0"] = 95
        world.disks["dragonfly-seed-client-1"] = 95
        world.pass(10)
        #expect(world.quarantined.count == 2)
        world.mutes["dragonfly-scheduler-0"] = [
            "dragonfly-seed-client-2", "dragonfly-seed-client-3", "dragonfly-seed-client-4",
        ]
        world.pass(120)
        #expect(world.calls.filter { $0.hasPrefix("dragonfly-scheduler-0") }.isEmpty)
        #expect(world.calls.count == 4)
    }

    @Test("A fleet that can't be seen forgets nothing of its seeds")
    func blind() {
        var world = DragonflyWorld()
        world.pass(60)
        world.disks["dragonfly-seed-client-1"] = 95
        world.pass(30)
        let records = world.mirror.status?.seeds
        #expect(records?.count == 1)
        let evidence = world.evidence
        world.evidence.pods = []
        world.evidence.workloads = []
        world.evidence.staleness = "its list has not been read yet"
        world.pass(5)
        #expect(world.mirror.status?.seeds == records)
        world.evidence = evidence
        world.evidence.pods += [DragonflyChart.other.pod(.seed, 0, on: 1, image: "v1.4.0")]
        world.pass(5)
        #expect(world.condition(.stalled)?.reason == "ReleaseNotFound")
        #expect(world.mirror.status?.seeds == records)
    }

    @Test("A lever that does not work any more keeps nobody out")
    func lateObstacle() {
        var world = DragonflyWorld()
        world.pass(60)
        world.disks["dragonfly-seed-client-1"] = 95
        world.pass(60)
        #expect(world.quarantined.count == 1)
        world.change("dragonfly-seed-client-0") { $0.spec.hostNetwork = true }
        world.disks["dragonfly-seed-client-1"] = 40
        world.pass(400)
        #expect(world.quarantined.isEmpty)
    }

    @Test("Under Observe, paused or on stale news nothing is done")
    func held() {
        for mode in 0...2 {
            var world = DragonflyWorld { spec in
                if mode == 0 { spec.mode = .observe }
                if mode == 1 { spec.pauseRequests = ["upgrade"] }
            }
            world.pass(60)
            if mode == 2 { world.evidence.staleness = "the watch of pods is silent" }
            world.disks["dragonfly-seed-client-1"] = 95
            world.dead = ["dragonfly-seed-client-2"]
            world.pass(300)
            #expect(world.quarantined.isEmpty)
            #expect(world.calls.isEmpty)
        }
    }
}
