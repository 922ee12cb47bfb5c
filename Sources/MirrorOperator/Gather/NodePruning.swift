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

    private static let annotations = Set(Provider.allCases.flatMap(\.rules.nodeAnnotations))
    private static let prefixes = Set(Provider.allCases.flatMap(\.rules.nodeAnnotationPrefixes)).union([
        "\(Group.name)/"
    ])

    private static func isKept(_ annotation: String) -> Bool {
        annotations.contains(annotation) || prefixes.contains { annotation.hasPrefix($0) }
    }

    private static func isKept(_ condition: Node.Condition) -> Bool {
        condition.type == "Ready" || condition.type == "NetworkUnavailable" || condition.type.hasPrefix("Etcd")
            || condition.type.hasSuffix("Pressure")
    }
}
