import KubeCore
import MirrorAPI
import MirrorPlanner

/// A fleet of Nodes for benchmarks on a whole API server: three servers, and agents, all of them seeds.
enum BenchFleet {
    static let distribution = RancherDistribution.rke2

    /// - Parameter padding: bytes that make a node as large as one with a kubelet's list of images.
    static func make(_ count: Int, padding: Int, _ api: KubeAPI) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<8 {
                group.addTask {
                    for number in stride(from: lane, to: count, by: 8) {
                        try await makeNode(number, padding: padding, api)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    static func name(_ number: Int) -> String { "node-\(number)" }

    static func status(_ number: Int, pressure: String, heartbeat: Int) -> Node.Status {
        Node.Status(
            conditions: [
                Node.Condition(type: "Ready", status: "True", reason: "KubeletReady", message: "\(heartbeat)"),
                Node.Condition(type: "DiskPressure", status: pressure),
            ],
            addresses: [Node.Address(type: "InternalIP", address: "10.1.\(number / 250).\(number % 250 + 1)")],
            nodeInfo: Node.Info(kubeletVersion: "v1.32.3+rke2r1")
        )
    }

    private static func makeNode(_ number: Int, padding: Int, _ api: KubeAPI) async throws {
        let isServer = number < 3
        var node = Node(
            metadata: ObjectMeta(
                name: name(number),
                labels: [
                    "kubernetes.io/os": "linux", distribution.peerLabel: "true",
                    "topology.kubernetes.io/zone": "zone-\(number % 3)",
                ],
                annotations: [
                    distribution.argumentsAnnotation: #"["\#(isServer ? "server" : "agent")"]"#,
                    distribution.environmentAnnotation: "{}",
                    "bench/padding": String(repeating: "x", count: padding),
                ]
            )
        )
        if isServer { node.metadata.labels["node-role.kubernetes.io/control-plane"] = "true" }
        node.metadata = try await api.create(node, manager: "bench").metadata
        node.status = status(number, pressure: "False", heartbeat: 0)
        try await api.replace(node, subresource: "status", manager: "bench")
    }
}
