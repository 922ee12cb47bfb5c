package import KubeCore
import MirrorAPI
import MirrorPlanner

/// What a simulated node shows of itself in the API, as the real daemon, its kubelet and its etcd do.
package struct NodeAdvertisement: Hashable, Sendable {
    package var host: FleetBlueprint.Host
    package var blueprint: FleetBlueprint

    package init(host: FleetBlueprint.Host, blueprint: FleetBlueprint) {
        self.host = host
        self.blueprint = blueprint
    }

    /// Label of every simulated Node, by which a sandbox's mirror selects no others.
    package static let label = "p2pmirror.io/sandbox"

    /// Labels of a node of its role; the peer label is written by the daemon each time that it starts.
    package var labels: [String: String] {
        var labels = ["kubernetes.io/hostname": host.name, "kubernetes.io/os": "linux", Self.label: "true"]
        guard host.role == .server else { return labels }
        labels["node-role.kubernetes.io/control-plane"] = "true"
        labels["node-role.kubernetes.io/master"] = "true"
        if host.hasEtcdMember { labels["node-role.kubernetes.io/etcd"] = "true" }
        return labels
    }

    /// Annotations that describe the running process.
    ///
    /// The hash changes exactly when arguments or environment do, as the real one, which is a SHA-256, does.
    package func annotations(of configuration: DaemonConfiguration) throws(KubeError) -> [String: String] {
        let distribution = blueprint.distribution
        let arguments = String(decoding: try JSONCoding.encode(configuration.published), as: UTF8.self)
        var annotations = [
            distribution.argumentsAnnotation: arguments,
            distribution.environmentAnnotation: "{}",
            distribution.configHashAnnotation: StableHash.short(arguments),
            distribution.hostnameAnnotation: host.name,
        ]
        if host.role == .server, host.hasEtcdMember {
            annotations["etcd.\(distribution.program).cattle.io/node-name"] = "\(host.name)-sandbox"
            annotations["etcd.\(distribution.program).cattle.io/node-address"] = host.address
        }
        return annotations
    }

    /// The peer's address, as other peers dial it.
    package var peerAddress: String {
        "/ip4/\(host.address)/tcp/\(PeerPort.number)/p2p/12D3KooW\(StableHash.short(host.name))"
    }

    /// Label and annotation of a peer that takes part.
    package var peerMetadata: (labels: [String: String], annotations: [String: String]) {
        let distribution = blueprint.distribution
        return ([distribution.peerLabel: "true"], [distribution.peerAddressAnnotation: peerAddress])
    }

    /// The node's status with these conditions.
    package func status(ready: String, voter: Bool, now: Timestamp, previous: Node.Status?) -> Node.Status {
        var conditions = [condition("Ready", ready, reason: ready == "True" ? "KubeletReady" : "NodeStatusUnknown")]
        if host.role == .server, host.hasEtcdMember {
            conditions.append(condition("EtcdIsVoter", voter ? "True" : "False", reason: "MemberIsVoter"))
        }
        for index in conditions.indices {
            let old = previous?.conditions?.first { $0.type == conditions[index].type }
            conditions[index].lastTransitionTime =
                old?.status == conditions[index].status ? (old?.lastTransitionTime ?? now) : now
        }
        return Node.Status(
            conditions: conditions,
            addresses: [
                Node.Address(type: "InternalIP", address: host.address),
                Node.Address(type: "Hostname", address: host.name),
            ],
            nodeInfo: Node.Info(kubeletVersion: blueprint.version)
        )
    }

    private func condition(_ type: String, _ status: String, reason: String) -> Node.Condition {
        Node.Condition(type: type, status: status, reason: reason, message: "simulated")
    }
}
