package import KubeCore
package import MirrorAPI

/// The pods whose readiness, crash loops and deletion say something about a mirror's seeds, and how to find them: a
/// cluster has far too many to watch them all.
package struct WatchedPods: Hashable, Sendable {
    package var namespace: String
    package var selector: LabelSelector

    package init(namespace: String, selector: LabelSelector) {
        self.namespace = namespace
        self.selector = selector
    }

    /// Nil where the provider's seeds have no pods beside them.
    package init?(of provider: Provider) {
        guard let pods = provider.rules.watchedPods else { return nil }
        self = pods
    }

    /// The selector as it stands in a request.
    package var query: String {
        (selector.matchLabels ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    /// Whether a pod is one of them.
    package func contains(_ pod: Pod) -> Bool {
        pod.metadata.namespace == namespace && selector.matches(pod.metadata.labels)
    }
}
