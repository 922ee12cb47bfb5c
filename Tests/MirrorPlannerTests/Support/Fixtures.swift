import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// One node of a test fleet; `url` is what its `server:` says.
struct TestNode {
    var name: String
    var role = NodeRole.server
    var url: String?
    var version = "v1.32.3+rke2r1"
    var program = "rke2"
    var address: String
    var isReady = true
    /// Seconds for which it has been away; nil where it is not known.
    var away: Int?
    var zone: String?
    var isCordoned = false
    var isDeleting = false
    /// Nil: the condition is absent.
    var isVoter: Bool? = true
    var extraArguments: [String] = []
    var registry = true
    /// Nil: the annotation is absent.
    var rawArguments: String??
    var environment: String?
    var labels: [String: String] = [:]
    var annotations: [String: String] = [:]
    var created = 1_000
    var os = "linux"
    var uid: String

    init(_ name: String, _ url: String? = nil, address: String? = nil) {
        self.name = name
        self.url = url
        self.address = address ?? "10.0.0.\(name.filter(\.isNumber).isEmpty ? "9" : name.filter(\.isNumber))"
        uid = "uid-\(name)"
    }

    static func server(
        _ name: String,
        _ url: String? = nil,
        _ change: (inout TestNode) -> Void = { _ in }
    ) -> TestNode {
        var node = TestNode(name, url)
        change(&node)
        return node
    }

    static func agent(_ name: String, _ url: String, _ change: (inout TestNode) -> Void = { _ in }) -> TestNode {
        var node = TestNode(name, url, address: "10.0.1.\(name.filter(\.isNumber))")
        node.role = .agent
        node.isVoter = nil
        change(&node)
        return node
    }

    var arguments: String {
        var elements = [role == .server ? "server" : "agent"]
        if registry, role == .server { elements += ["--embedded-registry", "true"] }
        elements += extraArguments
        if let url { elements += ["--server", url] }
        elements += ["--token", "********"]
        return "[" + elements.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    }

    var node: Node {
        var labels = labels
        if role == .server {
            labels["node-role.kubernetes.io/control-plane"] = "true"
            if labels["no-etcd"] == nil { labels["node-role.kubernetes.io/etcd"] = "true" }
        }
        var annotations = annotations
        if let rawArguments {
            annotations["\(program).io/node-args"] = rawArguments
        } else {
            annotations["\(program).io/node-args"] = arguments
        }
        annotations["\(program).io/node-env"] = environment
        labels["topology.kubernetes.io/zone"] = zone
        let since = away.map { Fixture.now + -$0 }
        var conditions = [
            Node.Condition(type: "Ready", status: isReady ? "True" : "False", lastTransitionTime: since)
        ]
        if let isVoter { conditions.append(Node.Condition(type: "EtcdIsVoter", status: isVoter ? "True" : "False")) }
        return Node(
            metadata: ObjectMeta(
                name: name,
                uid: uid,
                creationTimestamp: Timestamp(seconds: Int64(created)),
                deletionTimestamp: isDeleting ? Timestamp(seconds: 9_000) : nil,
                labels: labels,
                annotations: annotations
            ),
            spec: isCordoned ? Node.Spec(unschedulable: true) : nil,
            status: Node.Status(
                conditions: conditions,
                addresses: [
                    Node.Address(type: "InternalIP", address: address), Node.Address(type: "Hostname", address: name),
                ],
                nodeInfo: Node.Info(kubeletVersion: version, operatingSystem: os)
            )
        )
    }
}

enum Fixture {
    static let now = Timestamp(seconds: 1_800_000_000)

    static func mirror(
        _ name: String = "embedded",
        mode: Mode = .enforce,
        _ change: (inout P2PMirrorSpec) -> Void = { _ in }
    ) -> P2PMirror {
        var spec = P2PMirrorSpec(provider: .rke2, mode: mode)
        change(&spec)
        return P2PMirror(
            metadata: ObjectMeta(
                name: name,
                uid: "uid-\(name)",
                generation: 1,
                creationTimestamp: Timestamp(seconds: 1_700_000_000)
            ),
            spec: spec
        )
    }

    static func snapshot(_ mirror: P2PMirror, _ nodes: [TestNode]) -> Snapshot {
        Snapshot(now: now, mirrors: [mirror], nodes: nodes.map(\.node))
    }

    /// `https://10.0.0.N:9345`.
    static func url(_ number: Int, port: Int = 9_345) -> String { "https://10.0.0.\(number):\(port)" }

    /// `server-1 ... server-n`, each pointing to the address that `edges` gives for it.
    static func servers(_ edges: [Int?], _ change: (inout TestNode) -> Void = { _ in }) -> [TestNode] {
        edges.enumerated().map { index, target in
            .server("server-\(index + 1)", target.map { url($0) }, change)
        }
    }
}
