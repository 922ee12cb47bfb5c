package import KubeCore
import MirrorAPI

/// Names of Dragonfly's chart, and those of what we make beside it.
///
/// The labels have never changed (dragonflyoss/helm-charts, `charts/dragonfly/templates`, charts 1.2.0 to 1.7.4): pods
/// have `app`, the full name of the release, and `component`. Objects other than pods may have another `app`.
package enum DragonflyNames {
    package static let appLabel = "app"
    package static let componentLabel = "component"

    /// What a pod of a release is.
    package enum Component: String, CaseIterable, Hashable, Sendable {
        case manager
        case scheduler
        case seed = "seed-client"
        case client
    }

    /// Finds the pods and the workloads of every release.
    package static let query =
        "component in (\(Component.allCases.map(\.rawValue).sorted().joined(separator: ",")))"

    /// By it one pod of a StatefulSet is selected, and the one that takes its place (kubernetes
    /// `pkg/apis/apps/types.go`, `StatefulSetPodNameLabel`).
    static let podNameLabel = "statefulset.kubernetes.io/pod-name"

    /// Files in the ConfigMaps that pods mount at `/etc/dragonfly`.
    static let schedulerFile = "scheduler.yaml"
    static let daemonFile = "dfdaemon.yaml"
    static let dynconfigFile = "dynconfig.yaml"
    package static let files = [schedulerFile, daemonFile, dynconfigFile]

    /// On a quarantine: the UIDs of the schedulers that have forgotten what the seed offers, with commas between.
    static let toldAnnotation = "p2pmirror.io/told"

    /// The name of the quarantine of a seed.
    static func quarantine(mirror: String, pod: String) -> String {
        Names.shortened("p2pmirror-\(mirror)-\(pod)", to: 63)
    }
}

/// `networking.k8s.io/v1` `networkpolicies`.
package enum NetworkPolicyKind: RawKind {
    package static let resource = ResourceType(
        group: "networking.k8s.io",
        version: "v1",
        plural: "networkpolicies",
        kind: "NetworkPolicy",
        namespaced: true
    )
}

/// `apps/v1` `statefulsets`.
package enum StatefulSetKind: RawKind {
    package static let resource = ResourceType(
        group: "apps",
        version: "v1",
        plural: "statefulsets",
        kind: "StatefulSet",
        namespaced: true
    )
}

/// `policy/v1` `poddisruptionbudgets`.
package enum PodDisruptionBudgetKind: RawKind {
    package static let resource = ResourceType(
        group: "policy",
        version: "v1",
        plural: "poddisruptionbudgets",
        kind: "PodDisruptionBudget",
        namespaced: true
    )
}

/// `v1` `configmaps`.
package enum ConfigMapKind: RawKind {
    package static let resource = ResourceType(
        group: "",
        version: "v1",
        plural: "configmaps",
        kind: "ConfigMap",
        namespaced: true
    )
}
