package import KubeCore
package import MirrorAPI

/// The lever of RKE2 and K3s: the label with which a node takes part in the embedded registry.
///
/// Servers hand out only nodes that carry it with the value `true` and are Ready (k3s `pkg/spegel/bootstrap.go`); the
/// service writes it at each start with the kubelet's credentials, and nothing ever removes it.
extension RancherDistribution {
    /// With a single seed a server that is one itself has nobody to ask.
    var leastPublished: Int { 2 }

    /// The daemon's peer-to-peer port accepts connections (k3s `pkg/spegel/spegel.go`, `defaultRouterPort`). What the
    /// supervisor port serves needs a token.
    package var defaultProbes: [Probe] { [Probe(name: "peer", tcpSocket: .init(port: 5001))] }

    var candidateLever: CandidateSettings.Lever {
        CandidateSettings.Lever(
            name: "the label \(peerLabel)",
            effect: "The label \(peerLabel) is \"false\" on the seeds that are out, so servers hand them out to nobody "
                + "any more; connections that are open already stay open",
            reason: .newBootstrapsOnly,
            drift: "the \(program) service writes it at each start"
        )
    }

    /// Whether the node takes part in the embedded registry at all: whether it carries the label.
    package func isSeed(_ node: Node) -> Bool { node.metadata.labels[peerLabel] != nil }

    package func lever(of node: Node, for mirror: String) -> Seed.Lever {
        if node.metadata.labels[peerLabel] == "true" { return .published }
        return .withdrawn(isOurs: node.metadata.annotations[AnnotationKey.evictedBy] == mirror)
    }

    /// The JSON patch that carries a node out of the set; nil where it is out.
    ///
    /// It fails where the label or the node has changed since it was read. It relies on the node's having annotations,
    /// as every node of these distributions has: to add the object that holds them would wipe out those that we do not
    /// keep.
    package func withdrawal(of node: Node, by mirror: String) -> JSONValue? {
        guard lever(of: node, for: mirror) == .published, let version = node.metadata.resourceVersion else {
            return nil
        }
        return [
            ["op": "test", "path": "/metadata/resourceVersion", "value": .string(version)],
            ["op": "test", "path": .string(pointer(to: peerLabel, in: "labels")), "value": "true"],
            [
                "op": "add", "path": .string(pointer(to: AnnotationKey.evictedBy, in: "annotations")),
                "value": .string(mirror),
            ],
            ["op": "replace", "path": .string(pointer(to: peerLabel, in: "labels")), "value": "false"],
        ]
    }

    /// The JSON patch that carries a node into the set; nil where it is in it, or where somebody else took it out.
    package func publication(of node: Node, by mirror: String) -> JSONValue? {
        guard lever(of: node, for: mirror) == .withdrawn(isOurs: true), let label = node.metadata.labels[peerLabel],
            let version = node.metadata.resourceVersion
        else { return nil }
        return [
            ["op": "test", "path": "/metadata/resourceVersion", "value": .string(version)],
            ["op": "test", "path": .string(pointer(to: peerLabel, in: "labels")), "value": .string(label)],
            [
                "op": "test", "path": .string(pointer(to: AnnotationKey.evictedBy, in: "annotations")),
                "value": .string(mirror),
            ],
            ["op": "replace", "path": .string(pointer(to: peerLabel, in: "labels")), "value": "true"],
            ["op": "remove", "path": .string(pointer(to: AnnotationKey.evictedBy, in: "annotations"))],
        ]
    }

    private func pointer(to key: String, in member: String) -> String {
        "/metadata/\(member)/\(key.replacing("~", with: "~0").replacing("/", with: "~1"))"
    }
}
