package import KubeCore
package import MirrorAPI

extension P2PMirrorSpec.Candidates {
    /// Whether a node may be a seed as far as the mirror says.
    package func includes(_ node: Node) -> Bool { selector?.matches(node.metadata.labels) ?? true }
}
