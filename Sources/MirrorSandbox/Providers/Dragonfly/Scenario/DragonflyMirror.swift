import KubeCore
import MirrorAPI

/// What the administrator of the simulated release applies, and how the operator begins with it.
enum DragonflyMirror {
    static let name = "images"

    /// It selects the simulated Nodes only.
    static func object(recovery: SeedRecovery = .none, healthyForSeconds: Int = 10) -> P2PMirror {
        P2PMirror(
            metadata: ObjectMeta(name: name),
            spec: P2PMirrorSpec(
                provider: .dragonfly,
                mode: .enforce,
                selector: LabelSelector(matchLabels: [NodeAdvertisement.label: "true"]),
                namespace: DragonflyRelease.namespace,
                candidates: P2PMirrorSpec.Candidates(unhealthyForSeconds: 10, healthyForSeconds: healthyForSeconds),
                dragonfly: P2PMirrorSpec.Dragonfly(recovery: recovery)
            )
        )
    }

    /// Applies it, starts the operator, and waits until that has seen that all are well.
    static func start(_ mirror: P2PMirror, on cluster: PodCluster, _ follower: ConditionFollower) async throws {
        try await cluster.objects.api.create(mirror, manager: "kubectl")
        cluster.startOperator()
        try await follower.wait(for: .peersConnected, [.connected], within: 45)
    }
}
