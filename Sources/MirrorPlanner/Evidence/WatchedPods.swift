package import KubeCore
package import MirrorAPI

/// The pods whose readiness, crash loops and deletion say something about a mirror's seeds, and how to find them: a
/// cluster has far too many to watch them all.
///
/// The embedded registry of RKE2 and K3s is part of the service and has no pod. What a server of RKE2 answers with when
/// it is asked for peers comes from its API server, which RKE2 runs as a static pod (rke2 `pkg/staticpod/staticpod.go`
/// gives it the labels `component` and `tier`); a server whose API server crashes again and again is no peer to
/// bootstrap from. In K3s it is part of the service too, so there is nothing to watch.
package struct WatchedPods: Hashable, Sendable {
    package var namespace: String
    package var selector: LabelSelector

    /// Nil where the provider's seeds have no pods of their own.
    package init?(of provider: Provider) {
        switch provider {
        case .rke2:
            namespace = "kube-system"
            selector = LabelSelector(matchLabels: ["component": "kube-apiserver", "tier": "control-plane"])
        case .k3s: return nil
        // Each seed is a pod there, and is watched as a peer.
        case .spegel: return nil
        }
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
