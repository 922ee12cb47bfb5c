import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A plan decides on the seeds that its snapshot shows")
struct SeedsInPlansTests {
    private static let label = "p2p.rke2.cattle.io/enabled"

    /// Four servers in a star, each a seed, and one agent that is none; all report.
    static func snapshot(
        mode: Mode = .enforce,
        evidence: Bool = true,
        _ change: (inout P2PMirrorSpec) -> Void = { _ in }
    ) -> Snapshot {
        var nodes = Fixture.servers([nil, 1, 1, 1]) { $0.labels[Self.label] = "true" }
        nodes.append(.agent("agent-9", Fixture.url(1)))
        var snapshot = Fixture.snapshot(Fixture.mirror(mode: mode, change), nodes)
        snapshot.mirrors[0].status = Planner.plan(mirror: "embedded", snapshot)?.status
        for intent in (Planner.plan(mirror: "embedded", snapshot)?.records ?? []).compactMap(\.mirrorNode) {
            snapshot.mirrorNodes.append(
                MirrorNode(
                    metadata: ObjectMeta(
                        name: intent.name,
                        uid: "uid-\(intent.name)",
                        resourceVersion: "1",
                        labels: intent.labels,
                        ownerReferences: [intent.owner]
                    ),
                    spec: intent.spec,
                    status: MirrorNodeStatus(agent: .init(phase: .idle, registriesConfigured: true, version: "1"))
                )
            )
        }
        if evidence {
            snapshot.seeds["embedded"] = SeedEvidence(
                now: MicroTimestamp(Fixture.now),
                trust: SignalTrust(since: Fixture.now + -3_600)
            )
        }
        return snapshot
    }

    private static func plan(_ snapshot: Snapshot) throws -> Plan {
        try #require(Planner.plan(mirror: "embedded", snapshot))
    }

    private static func condition(_ type: MirrorConditionType, _ plan: Plan) -> Condition? {
        plan.status.conditions.first(ofType: type.rawValue)
    }

    private static func withdrawn(_ plan: Plan) -> [String] {
        plan.writes.compactMap { if case .withdrawSeed(let name) = $0.purpose { name } else { nil } }
    }

    @Test("Seeds that are well are counted, and nothing is done")
    func well() throws {
        let plan = try Self.plan(Self.snapshot())
        #expect(plan.writes.map(\.purpose) == [.recordSet])
        #expect(plan.status.candidates?.total == 4)
        #expect(plan.status.candidates?.published == 4)
        #expect(Self.condition(.candidatesAvailable, plan)?.status == .true)
        #expect(Self.condition(.evictionEffective, plan)?.reason == "NothingEvicted")
        #expect(Self.condition(.stormActive, plan)?.status == .false)
        var settled = Self.snapshot()
        settled.mirrors[0].status = plan.status
        #expect(try Self.plan(settled).isEmpty)
    }

    @Test("Where nothing is known of the seeds yet, nothing is decided, and what is remembered stays")
    func nothingKnown() throws {
        var snapshot = Self.snapshot(evidence: false)
        snapshot.mirrors[0].status?.candidates = .init(total: 4, published: 3, evicted: 1)
        snapshot.mirrors[0].status?.storm = .init(since: Fixture.now)
        let plan = try Self.plan(snapshot)
        #expect(plan.candidates == nil)
        #expect(plan.status.candidates?.evicted == 1)
        #expect(plan.status.storm?.since == Fixture.now)
        #expect(Self.condition(.candidatesAvailable, plan)?.status == .unknown)
    }

    @Test("Agents of seeds are asked to announce themselves, others are not")
    func interval() throws {
        let snapshot = Self.snapshot { $0.liveness.announceIntervalSeconds = 7 }
        let intervals = Dictionary(
            uniqueKeysWithValues: snapshot.mirrorNodes.map { ($0.spec.nodeName, $0.spec.announceIntervalSeconds) }
        )
        #expect(intervals == ["server-1": 7, "server-2": 7, "server-3": 7, "server-4": 7, "agent-9": nil])
    }

    @Test("candidates.selector says which of them are seeds")
    func selector() throws {
        let snapshot = Self.snapshot {
            $0.candidates.selector = LabelSelector(matchLabels: ["node-role.kubernetes.io/worker": "true"])
        }
        let plan = try Self.plan(snapshot)
        #expect(plan.status.candidates?.total == 0)
        #expect(Self.condition(.candidatesAvailable, plan)?.reason == "NoSeeds")
    }

    @Test(
        "A node under DiskPressure leaves at once: the memory of the set comes first, and a live look before the label"
    )
    func diskPressure() throws {
        var snapshot = Self.snapshot()
        snapshot.nodes[3].status?.conditions?.append(Node.Condition(type: "DiskPressure", status: "True"))
        let plan = try Self.plan(snapshot)
        let writes = plan.writes
        guard writes.count == 3, writes[0].purpose == .recordSet,
            writes[1].purpose == .withdrawSeed("server-4"), case .set(let look) = writes[1].evidence,
            case .recordSeed("server-4", let record) = writes[2].purpose
        else {
            Issue.record("\(writes)")
            return
        }
        #expect(record?.state == .evicted)
        #expect(look.check == ShrinkCheck(leaving: ["server-4"], floor: 2))
        #expect(writes[1].verdict.reason == .diskPressure)
        #expect(plan.status.evictions?.map(\.node) == ["server-4"])
        #expect(plan.notes.contains { $0.node == "server-4" && $0.reason == .diskPressure })
    }

    @Test(
        "Observe and a hold decide and touch nothing",
        arguments: [(Mode.observe, [], "Observing"), (.enforce, ["upgrade"], "Paused")] as [(Mode, [String], String)]
    )
    func held(_ mode: Mode, _ pause: [String], _ reason: String) throws {
        var snapshot = Self.snapshot(mode: mode)
        snapshot.mirrors[0].spec.pauseRequests = pause
        snapshot.nodes[3].status?.conditions?.append(Node.Condition(type: "DiskPressure", status: "True"))
        let plan = try Self.plan(snapshot)
        #expect(Self.withdrawn(plan) == [])
        #expect(plan.candidates?.held.map(\.guardian.reason.rawValue) == [reason])
        #expect(Self.condition(.candidatesAvailable, plan)?.message.contains("server-4 would leave the set") == true)
    }

    @Test("On nodes that may be out of date the set stays as it is")
    func stale() throws {
        var snapshot = Self.snapshot()
        snapshot.nodes[3].status?.conditions?.append(Node.Condition(type: "DiskPressure", status: "True"))
        snapshot.staleness = "The watch of nodes is silent."
        let plan = try Self.plan(snapshot)
        #expect(plan.seedWrites == [])
        #expect(Self.condition(.candidatesAvailable, plan)?.reason == "StaleInformation")
    }

    @Test(
        "A pod that is not ready, crashes or goes reaches the decision",
        arguments: [
            (PodReading.State.notReady, Reason.podNotReady, false),
            (.crashLooping, .podCrashLooping, false), (.deleting, .podDeleting, true),
        ] as [(PodReading.State, Reason, Bool)]
    )
    func pods(_ state: PodReading.State, _ reason: Reason, isHard: Bool) throws {
        var snapshot = Self.snapshot()
        let reading = PodReading(state: state, pod: "kube-apiserver-server-4", message: "It is so.")
        snapshot.seeds["embedded"]?.pods["server-4"] = reading
        let plan = try Self.plan(snapshot)
        #expect(plan.candidates?.records["server-4"]?.reason == reason.rawValue)
        #expect(Self.withdrawn(plan) == (isHard ? ["server-4"] : []))
        guard !isHard else { return }
        // A soft cause evicts once it has lasted.
        var later = snapshot
        later.mirrorNodes[3].status?.candidate = plan.candidates?.records["server-4"]
        later.seeds["embedded"]?.now = MicroTimestamp(Fixture.now + 60)
        #expect(Self.withdrawn(try Self.plan(later)) == ["server-4"])
        #expect(plan.candidates?.nextDeadline == Fixture.now + 60)
    }

    @Test("The figures of an agent that has been heard reach the decision; those of a Node before it do not")
    func figures() throws {
        var figures = HostFigures()
        figures.diskUsedPercent = 91
        var snapshot = Self.snapshot()
        snapshot.mirrorNodes[3].status?.agent?.figures = figures
        #expect(Self.withdrawn(try Self.plan(snapshot)) == [], "nothing was heard of it since the start")
        snapshot.seeds["embedded"]?.agentsHeardAt["server-4"] = Fixture.now
        #expect(Self.withdrawn(try Self.plan(snapshot)) == ["server-4"])
        snapshot.mirrorNodes[3].spec.nodeUID = "uid-of-another"
        #expect(Self.withdrawn(try Self.plan(snapshot)) == [])
    }

    @Test("Of a Node without a MirrorNode of its own nothing can be remembered, so nothing is done to it")
    func unrecordable() throws {
        var snapshot = Self.snapshot()
        snapshot.mirrors[0].status = try Self.plan(snapshot).status
        snapshot.nodes[3].metadata.uid = "uid-of-another"
        snapshot.nodes[3].status?.conditions?.append(Node.Condition(type: "DiskPressure", status: "True"))
        #expect(try Self.plan(snapshot).seedWrites == [])
        snapshot.mirrors[0].spec.pauseRequests = ["upgrade"]
        #expect(try Self.plan(snapshot).seedWrites == [], "it is made anew only once the mirror goes on")
    }

    @Test("A node that we took out and that is no seed any more is put back; one that somebody else took out is not")
    func strays() throws {
        var snapshot = Self.snapshot()
        snapshot.mirrors[0].spec.candidates.selector = LabelSelector(matchLabels: ["seed": "yes"])
        snapshot.mirrors[0].metadata.annotations[AnnotationKey.confirmSelection] = "1"
        for number in [2, 3] { snapshot.nodes[number].metadata.labels[Self.label] = "false" }
        snapshot.nodes[3].metadata.annotations[AnnotationKey.evictedBy] = "embedded"
        #expect(try Self.plan(snapshot).strays == ["server-4"])
        snapshot.mirrors[0].spec.pauseRequests = ["me"]
        #expect(try Self.plan(snapshot).strays == [])
        snapshot.mirrors[0].spec.pauseRequests = []
        snapshot.mirrors[0].spec.candidates.selector = nil
        #expect(try Self.plan(snapshot).strays == [])
    }

    @Test("A mirror that an older one displaces puts back what it took out, and one with a mistake in it waits")
    func displaced() throws {
        var snapshot = Self.snapshot()
        snapshot.nodes[3].metadata.labels[Self.label] = "false"
        snapshot.nodes[3].metadata.annotations[AnnotationKey.evictedBy] = "embedded"
        var elder = Fixture.mirror("elder")
        elder.metadata.creationTimestamp = Timestamp(seconds: 1_000)
        snapshot.mirrors.append(elder)
        let plan = try Self.plan(snapshot)
        #expect(Self.condition(.accepted, plan)?.reason == "Conflict")
        #expect(plan.strays == ["server-4"])
        snapshot.mirrors.removeLast()
        snapshot.mirrors[0].spec.rollout.minReadySeconds = -1
        #expect(try Self.plan(snapshot).strays == [])
    }

    @Test("Of two mirrors that share agents the older one has them as seeds")
    func sharedAgents() throws {
        var snapshot = Self.snapshot()
        for index in snapshot.nodes.indices { snapshot.nodes[index].metadata.labels[Self.label] = "true" }
        snapshot.nodes[4].metadata.labels["pool"] = "a"
        var younger = Fixture.mirror("pool") { $0.selector = LabelSelector(matchLabels: ["pool": "a"]) }
        younger.metadata.creationTimestamp = Timestamp(seconds: 1_750_000_000)
        snapshot.mirrors.append(younger)
        snapshot.seeds["pool"] = snapshot.seeds["embedded"]
        #expect(try Self.plan(snapshot).status.candidates?.total == 5)
        #expect(Planner.plan(mirror: "pool", snapshot)?.status.candidates?.total == 0)
    }

    @Test("A node that Rancher manages is left alone unless the mirror says otherwise, and another one may leave")
    func managed() throws {
        var snapshot = Self.snapshot { $0.candidates.maxUnhealthy = .percent(100) }
        for number in [2, 3] {
            snapshot.nodes[number].status?.conditions?.append(Node.Condition(type: "DiskPressure", status: "True"))
        }
        snapshot.nodes[2].metadata.labels["rke.cattle.io/machine"] = "m"
        let plan = try Self.plan(snapshot)
        #expect(Self.withdrawn(plan) == ["server-4"])
        #expect(plan.candidates?.held.map(\.guardian.reason) == [.managedElsewhere])
        snapshot.mirrors[0].spec.rke2?.managedNodes = .enforce
        if snapshot.mirrors[0].spec.rke2 == nil { snapshot.mirrors[0].spec.rke2 = .init(managedNodes: .enforce) }
        #expect(Self.withdrawn(try Self.plan(snapshot)).sorted() == ["server-3", "server-4"])
    }

    @Test("Our own restart of a server is no illness of its seed")
    func ownStep() throws {
        var snapshot = Self.snapshot()
        snapshot.nodes[3].status?.conditions?[0].status = "False"
        snapshot.disruption = Lease(
            metadata: ObjectMeta(
                name: DisruptionLease.name,
                annotations: [
                    AnnotationKey.holderMirror: "embedded", AnnotationKey.holderNode: "server-4",
                    AnnotationKey.holderRevision: "1-a",
                ]
            ),
            spec: Lease.Spec(holderIdentity: "embedded/server-4/1-a")
        )
        #expect(try Self.plan(snapshot).candidates?.records["server-4"] == nil)
        snapshot.disruption = nil
        #expect(try Self.plan(snapshot).candidates?.records["server-4"]?.reason == "NodeNotReady")
    }
}
