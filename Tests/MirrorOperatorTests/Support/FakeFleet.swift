import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorOperator

/// Servers and agents that do at once what they are allowed to, so that a test drives the operator alone.
struct FakeFleet {
    let cluster: TestCluster
    let time: TestTime

    /// Three servers of which each joins the next one, and a mirror over them.
    static func ring(_ cluster: TestCluster, _ time: TestTime, mode: Mode = .enforce) async throws -> FakeFleet {
        for (number, next) in [(1, 2), (2, 3), (3, 1)] {
            let node = Fixture.server("s\(number)", number: number, server: "https://10.0.0.\(next):9345")
            try await cluster.put(node, status: true)
        }
        try await cluster.put(Fixture.mirror(mode: mode))
        return FakeFleet(cluster: cluster, time: time)
    }

    /// A star of three servers and so many agents, none of them on record yet.
    static func wide(_ cluster: TestCluster, _ time: TestTime, agents: Int, mode: Mode = .observe) async throws
        -> FakeFleet
    {
        for number in 1...3 {
            let server = number == 1 ? nil : "https://10.0.0.1:9345"
            try await cluster.put(Fixture.server("s\(number)", number: number, server: server), status: true)
        }
        for number in 0..<agents {
            var node = Fixture.server("a\(number)", number: 100)
            node.metadata.labels = ["kubernetes.io/os": "linux"]
            node.metadata.annotations["rke2.io/node-args"] = #"["agent"]"#
            try await cluster.put(node, status: true)
        }
        try await cluster.put(Fixture.mirror(mode: mode))
        return FakeFleet(cluster: cluster, time: time)
    }

    func pass() -> OperatorPass {
        let time = time
        return OperatorPass(
            cluster,
            leaseNamespace: Fixture.namespace,
            wallClock: { time.now },
            logger: Fixture.logger
        )
    }

    /// Every agent reports, and those with an approval under the Lease restart their server and prove it.
    ///
    /// - Returns: the nodes that were restarted.
    func agents() async throws -> [String] {
        var restarted: [String] = []
        for var object in try await cluster.api.list(MirrorNode.self) {
            if let approval = object.spec.approval, object.status?.agent?.revision != approval.revision {
                try await apply(object, approval)
                object.status?.agent = agent(.applied, approval)
                restarted.append(object.spec.nodeName)
            } else if object.status?.agent == nil {
                object.status = MirrorNodeStatus(agent: agent(.idle, nil))
            } else {
                continue
            }
            try await cluster.api.replace(object, subresource: "status", manager: FieldManager.agent)
        }
        return restarted
    }

    private func agent(_ phase: MirrorNodeStatus.Phase, _ approval: MirrorNodeSpec.Approval?) -> MirrorNodeStatus.Agent
    {
        MirrorNodeStatus.Agent(
            phase: phase,
            revision: approval?.revision,
            epoch: approval?.epoch,
            registriesConfigured: true,
            version: "test"
        )
    }

    private func apply(_ object: MirrorNode, _ approval: MirrorNodeSpec.Approval) async throws {
        let lease = try await cluster.disruption()
        guard approval.revision == object.spec.revision, lease?.spec?.leaseTransitions == approval.epoch,
            lease?.metadata.annotations[AnnotationKey.holderNode] == object.spec.nodeName
        else { throw KubeError(.protocolViolation, "\(object.metadata.name) was approved without the Lease") }
        var node = try await cluster.api.get(Node.self, ObjectKey(name: object.spec.nodeName))
        node.metadata.annotations["rke2.io/node-args"] = Fixture.arguments(object.spec.desired?.server?.url)
        try await cluster.put(node)
    }

    /// Passes and agents in turn until the operator asks for nothing more within a minute.
    ///
    /// - Returns: the nodes that were restarted, in order.
    func settle(limit: Int = 200, _ makePass: () -> OperatorPass) async throws -> [String] {
        var restarted: [String] = []
        for _ in 0..<limit {
            let results = try await makePass().run()
            let now = try await agents()
            restarted += now
            switch results["m"] {
            case .requeue(after: let delay)? where delay < .seconds(60):
                time.advance(seconds: max(1, delay.components.seconds))
            default:
                if now.isEmpty { return restarted }
            }
        }
        throw KubeError(.timeout, "the fleet did not settle in \(limit) passes")
    }

    func servers() async throws -> [String: String] {
        let nodes = try await cluster.api.list(Node.self)
        return Dictionary(
            nodes.map { ($0.metadata.name, $0.metadata.annotations["rke2.io/node-args"] ?? "") },
            uniquingKeysWith: { $1 }
        )
    }
}
