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
    /// It fails where the label has changed since it was read. It relies on the node's having annotations,
    /// as every node of these distributions has: to add the object that holds them would wipe out those that we do not
    /// keep.
    package func withdrawal(of node: Node, by mirror: String) -> [JSONPatchOperation]? {
        guard lever(of: node, for: mirror) == .published else { return nil }
        return [
            .test(path: labelPointer, value: "true"),
            .add(path: Self.markPointer, value: .string(mirror)),
            .replace(path: labelPointer, value: "false"),
        ]
    }

    /// The JSON patch that carries a node into the set; nil where it is in it, or where somebody else took it out.
    package func publication(of node: Node, by mirror: String) -> [JSONPatchOperation]? {
        guard lever(of: node, for: mirror) == .withdrawn(isOurs: true), let label = node.metadata.labels[peerLabel]
        else { return nil }
        return [
            .test(path: labelPointer, value: .string(label)),
            .test(path: Self.markPointer, value: .string(mirror)),
            .replace(path: labelPointer, value: "true"),
            .remove(path: Self.markPointer),
        ]
    }

    private var labelPointer: String { JSONPatchOperation.pointer("metadata", "labels", peerLabel) }

    private static let markPointer = JSONPatchOperation.pointer("metadata", "annotations", AnnotationKey.evictedBy)
}
