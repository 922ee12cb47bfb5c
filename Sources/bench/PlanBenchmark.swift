import ArgumentParser
import KubeCore
import MirrorAPI
import MirrorPlanner

/// What one plan costs: a star of three servers and many agents, all of them seeds of which everything is known.
struct PlanBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "What one plan costs, by the number of nodes."
    )

    @Option(help: "Nodes; several sizes, parted by commas.")
    var nodes = "5000,20000,100000"
    @Option(help: "Plans of each size.")
    var plans = 15

    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let mirror = "embedded"
    private static let distribution = RancherDistribution.rke2

    func run() throws {
        for size in nodes.split(separator: ",").compactMap({ Int($0) }) {
            let snapshot = try Self.snapshot(size)
            var without = snapshot
            without.seeds = [:]
            try measure(without, "\(size) nodes, steady, without a decision about seeds")
            try measure(snapshot, "\(size) nodes, steady")
            try measure(Self.withFullDisk(snapshot), "\(size) nodes, one disk is full")
            let peers = SpegelCorpus(snapshot.nodes, now: Self.now).decided(Self.evidence(snapshot.nodes))
            try measure(peers, "\(size) peers of Spegel, steady", SpegelCorpus.mirror)
        }
    }

    private func measure(_ snapshot: Snapshot, _ name: String, _ mirror: String = mirror) throws {
        let clock = ContinuousClock()
        var times: [Duration] = []
        var left = 0
        for _ in 0..<plans {
            let begin = clock.now
            let plan = Planner.plan(mirror: mirror, snapshot)
            times.append(clock.now - begin)
            left = (plan?.records.count ?? 0) + (plan?.writes.count ?? 0)
        }
        times.sort()
        func milliseconds(_ time: Duration) -> Double { (time / .milliseconds(1) * 10).rounded() / 10 }
        print(
            "\(name): best \(milliseconds(times[0])) ms, median \(milliseconds(times[times.count / 2])) ms, "
                + "\(left) writes"
        )
    }

    // MARK: The fleet

    /// A fleet at rest: what a first plan asks for is carried out.
    private static func snapshot(_ size: Int) throws -> Snapshot {
        var snapshot = Snapshot(
            now: now,
            mirrors: [
                P2PMirror(
                    metadata: ObjectMeta(name: mirror, uid: "uid", generation: 1, creationTimestamp: now + -86_400),
                    spec: P2PMirrorSpec(provider: .rke2, mode: .enforce)
                )
            ],
            nodes: (0..<size).map(node)
        )
        snapshot.seeds[mirror] = evidence(snapshot.nodes)
        let plan = Planner.plan(mirror: mirror, snapshot)
        snapshot.mirrors[0].status = plan?.status
        for intent in (plan?.records ?? []).compactMap(\.mirrorNode) {
            var figures = HostFigures()
            figures.diskUsedPercent = 60
            figures.memoryAvailablePercent = 40
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
                    status: MirrorNodeStatus(
                        agent: .init(phase: .idle, registriesConfigured: true, figures: figures, version: "1")
                    )
                )
            )
        }
        snapshot.mirrors[0].status = Planner.plan(mirror: mirror, snapshot)?.status
        return snapshot
    }

    private static func withFullDisk(_ snapshot: Snapshot) -> Snapshot {
        var snapshot = snapshot
        snapshot.nodes[snapshot.nodes.count - 1].status?.conditions?.append(
            Node.Condition(type: "DiskPressure", status: "True")
        )
        return snapshot
    }

    private static func node(_ number: Int) -> Node {
        let isServer = number < 3
        let server = number == 0 ? "" : #","--server","https://10.0.0.0:9345""#
        let kind = isServer ? #""server","--embedded-registry=true""# : #""agent""#
        var labels = [
            "kubernetes.io/os": "linux", distribution.peerLabel: "true",
            "topology.kubernetes.io/zone": "zone-\(number % 3)",
        ]
        if isServer {
            labels["node-role.kubernetes.io/control-plane"] = "true"
            labels["node-role.kubernetes.io/etcd"] = "true"
        }
        var conditions = [Node.Condition(type: "Ready", status: "True")]
        if isServer { conditions.append(Node.Condition(type: "EtcdIsVoter", status: "True")) }
        return Node(
            metadata: ObjectMeta(
                name: "node-\(number)",
                uid: "uid-\(number)",
                resourceVersion: "1",
                creationTimestamp: now + -86_400,
                labels: labels,
                annotations: [
                    distribution.argumentsAnnotation: "[\(kind)\(server)]", distribution.environmentAnnotation: "{}",
                ]
            ),
            status: Node.Status(
                conditions: conditions,
                addresses: [
                    Node.Address(type: "InternalIP", address: "10.\(number >> 16).\(number >> 8 & 255).\(number & 255)")
                ],
                nodeInfo: Node.Info(kubeletVersion: "v1.32.6+rke2r1")
            )
        )
    }

    private static func evidence(_ nodes: [Node]) -> SeedEvidence {
        var evidence = SeedEvidence(now: MicroTimestamp(now), trust: SignalTrust(since: now + -3_600))
        for (number, name) in nodes.map(\.metadata.name).enumerated() {
            let heard = now + -(number % 30)
            evidence.announcements[name] = Announcement(heardAt: heard, intervalSeconds: 30)
            evidence.agentsHeardAt[name] = heard
            evidence.probes[name] = [
                ProbeReading(
                    name: "peer",
                    target: "tcp://\(name):5001",
                    isFailing: false,
                    lastError: nil,
                    at: now + -(number % 10),
                    periodSeconds: 10,
                    rowSeconds: 20
                )
            ]
        }
        return evidence
    }
}
