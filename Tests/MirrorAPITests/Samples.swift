import KubeCore
import MirrorAPI

/// Objects with every field set, and none of them at its default.
enum Samples {
    static let time = Timestamp(seconds: 1_700_000_000)

    private static let condition = Condition(
        type: "Ready",
        status: .true,
        observedGeneration: 2,
        lastTransitionTime: time,
        reason: "Healthy",
        message: "All is well."
    )

    static let p2pMirror = P2PMirror(
        metadata: ObjectMeta(name: "embedded"),
        spec: P2PMirrorSpec(
            provider: .rke2,
            mode: .enforce,
            pauseRequests: ["upgrade"],
            selector: LabelSelector(
                matchLabels: ["pool": "a"],
                matchExpressions: [.init(key: "zone", operator: .in, values: ["b"])]
            ),
            registries: ["docker.io"],
            topology: .init(
                rewrite: .never,
                shape: .tree,
                maxFanout: 4,
                preferredRoots: ["server-1", "server-2"],
                registrationAddress: "https://10.0.0.9:9345",
                rerootAfterSeconds: 60
            ),
            rollout: .init(
                minReadySeconds: 5,
                progressDeadlineSeconds: 60,
                approval: .manual,
                window: .init(days: [.monday], start: "22:00", end: "05:30", utcOffsetMinutes: 60),
                allowControlPlaneOutage: true
            ),
            deletionPolicy: .restore,
            rke2: .init(managedNodes: .enforce, debugUntil: time)
        ),
        status: P2PMirrorStatus(
            observedGeneration: 2,
            conditions: [condition],
            topology: .init(
                observed: .ring,
                desired: .star,
                root: "server-1",
                rootUID: "8f1f9d3c",
                rootAddress: "10.0.0.1",
                depth: 0,
                cycleCount: 1,
                cycles: [.init(nodes: ["server-1", "server-2"])],
                pendingChanges: 2
            ),
            nodes: .init(selected: 3, ready: 3, current: 1, updating: 1, failed: 0),
            rollout: .init(
                node: "server-1",
                revision: "1-abc",
                startedAt: time,
                provenSince: time,
                step: 1,
                of: 2
            ),
            nextChange: .init(node: "server-2", action: .pointServer, reason: "JoinsRoot", message: "It joins.")
        )
    )

    static let mirrorNode = MirrorNode(
        metadata: ObjectMeta(name: "embedded.server-1"),
        spec: MirrorNodeSpec(
            mirrorName: "embedded",
            nodeName: "server-1",
            nodeUID: "8f1f9d3c",
            provider: .rke2,
            role: .server,
            desired: .init(
                server: ServerSetting(action: .point, url: "https://10.0.0.1:9345"),
                registries: ["docker.io"],
                debug: true
            ),
            revision: "1-abc",
            approval: .init(
                revision: "1-abc",
                epoch: 3,
                expires: time,
                deadlineSeconds: 600,
                reason: "BreaksCycle",
                absentServer: "server-2"
            ),
            deletionPolicy: .restore
        ),
        status: MirrorNodeStatus(
            agent: .init(
                observedGeneration: 2,
                phase: .failed,
                revision: "1-abc",
                epoch: 3,
                reason: "RolloutFailed",
                message: "The unit failed.",
                invocationID: "0f",
                restartedAt: time,
                registriesConfigured: true,
                pendingChanges: ["tls-san"],
                host: .init(
                    ownServer: "https://10.0.0.1:9345",
                    registries: ["docker.io"],
                    serviceCPUPercent: 40
                ),
                version: "0.1.0"
            )
        )
    )

    /// The sample of a kind as it is sent.
    static func wire(_ kind: KindSchema) throws -> JSONValue {
        kind.resource.kind == "P2PMirror" ? try p2pMirror.wireValue() : try mirrorNode.wireValue()
    }
}
