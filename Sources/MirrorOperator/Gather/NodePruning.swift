package import KubeCore
import MirrorAPI
import MirrorPlanner

/// What is kept of a Node in memory: a cluster has thousands, and their annotations hold more than we need.
package enum NodePruning {
    /// The node with the annotations that decisions rest on, secrets masked. Labels stay: selectors match any of them.
    package static func pruned(_ node: Node) -> Node {
        var node = node
        node.metadata.annotations = Masking.masked(node.metadata.annotations.filter { isKept($0.key) })
        node.metadata.ownerReferences = []
        let conditions = node.status?.conditions?.filter { isKept($0) }
        node.status?.conditions = conditions
        return node
    }

    private static let annotations: Set<String> = {
        let distributions = [RancherDistribution.rke2, .k3s]
        return Set(
            distributions.flatMap {
                [
                    $0.argumentsAnnotation, $0.environmentAnnotation, $0.configHashAnnotation, $0.hostnameAnnotation,
                    $0.peerAddressAnnotation, $0.peerAddressesAnnotation,
                ]
            }
        )
    }()

    private static let prefixes = ["\(Group.name)/", "cluster.x-k8s.io/", "rke.cattle.io/"]

    private static func isKept(_ annotation: String) -> Bool {
        annotations.contains(annotation) || prefixes.contains { annotation.hasPrefix($0) }
    }

    private static func isKept(_ condition: Node.Condition) -> Bool {
        condition.type == "Ready" || condition.type == "NetworkUnavailable" || condition.type.hasPrefix("Etcd")
            || condition.type.hasSuffix("Pressure")
    }
}
