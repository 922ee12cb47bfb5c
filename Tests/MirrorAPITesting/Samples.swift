package import KubeCore
package import MirrorAPI

/// Objects with every field set, and none of them at its default.
package enum Samples {
    package static let time = Timestamp(seconds: 1_700_000_000)

    private static let condition = Condition(
        type: "Ready",
        status: .true,
        observedGeneration: 2,
        lastTransitionTime: time,
        reason: "Healthy",
        message: "All is well."
    )

    package static let p2pMirror = P2PMirror(
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
            candidates: .init(
                selector: LabelSelector(
                    matchLabels: ["seed": "yes"],
                    matchExpressions: [.init(key: "zone", operator: .in, values: ["c"])]
                ),
                minPublished: .number(3),
                maxUnhealthy: .percent(20),
                unhealthyForSeconds: 30,
                healthyForSeconds: 60,
                stormCooldownSeconds: 120,
                evictionsPerMinute: 12
            ),
            health: .init(
                disk: .init(evictAtPercent: 80, readmitBelowPercent: 70),
                inodes: .init(evictAtPercent: 90),
                memory: .init(evictAtAvailablePercent: 10),
                io: .init(evictAtPressurePercent: 50, forSeconds: 60),
                network: .init(evictAtErrorPercent: 2, forSeconds: 60),
                fileDescriptors: .init(evictAtPercent: 80),
                probes: probes
            ),
            liveness: .init(announceIntervalSeconds: 10, sweepIntervalSeconds: 60),
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
            nodes: .init(selected: 3, ready: 3, current: 1, updating: 1, failed: 0, recorded: 2),
            candidates: .init(
                total: 3,
                published: 2,
                evicted: 1,
                probation: 0,
                withdrawals: [.init(at: time, count: 1)]
            ),
            evictions: [
                .init(node: "server-2", reason: "DiskFull", message: "It is full.", since: time, until: time, count: 1)
            ],
            storm: .init(since: time, until: time, zones: [.init(zone: "a", since: time, until: time)]),
            seeds: [
                .init(
                    name: "dragonfly-seed-client-0",
                    candidate: .init(
                        state: .evicted,
                        since: time,
                        until: time,
                        illSince: time,
                        ejections: 2,
                        reason: "DiskFull",
                        message: "It is full."
                    )
                )
            ],
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

    package static let mirrorNode = MirrorNode(
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
            deletionPolicy: .restore,
            announceIntervalSeconds: 30,
            containerd: .init(
                registryConfigPath: "/etc/containerd/certs.d",
                registries: ["docker.io"],
                mirrorPorts: [30020],
                mirrorAddresses: ["127.0.0.1"],
                installed: true,
                release: "spegel/images",
                repair: true
            )
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
                    registriesFault: "its style does not allow for a change of single lines",
                    serviceCPUPercent: 40,
                    written: .init(
                        server: ServerSetting(action: .point, url: "https://10.0.0.1:9345"),
                        registries: ["docker.io"],
                        debug: true
                    )
                ),
                figures: figures,
                containerd: .init(
                    configFile: "/etc/containerd/config.toml",
                    registryConfigPath: "/etc/containerd/certs.d",
                    discardsUnpackedLayers: true,
                    findings: [.init(reason: "LayersDiscarded", message: "Layers are discarded.")]
                ),
                version: "0.1.0"
            ),
            candidate: .init(
                state: .evicted,
                since: time,
                until: time,
                illSince: time,
                ejections: 2,
                reason: "DiskFull",
                message: "It is full."
            )
        )
    )

    private static let figures: HostFigures = {
        var figures = HostFigures()
        figures.diskUsedPercent = 80
        figures.inodesUsedPercent = 10
        figures.ioPressurePercent = 5
        figures.ioFullPressurePercent = 0
        figures.memoryAvailablePercent = 40
        figures.networkErrorPercent = 0
        figures.fileDescriptorsUsedPercent = 15
        figures.diskBusyPercent = 30
        figures.diskOperationsPerSecond = 120
        figures.cleanUpBeginsAtPercent = 85
        figures.cleanUpEndsAtPercent = 80
        return figures
    }()

    /// One of each kind: no probe may ask in more than one way.
    private static let probes = [
        Probe(
            name: "ready",
            httpGet: .init(path: "/readyz", port: 5000, scheme: .https),
            periodSeconds: 5,
            timeoutSeconds: 1,
            failureThreshold: 2,
            successThreshold: 1
        ),
        Probe(name: "peer", tcpSocket: .init(port: 5001)),
        Probe(name: "seed", grpc: .init(port: 4000, service: "seed")),
    ]

    /// The sample of a kind as it is sent.
    package static func wireValues(_ kind: KindSchema) throws -> [JSONValue] {
        kind.resource.kind == "P2PMirror"
            ? [
                try p2pMirror.wireValue(), try installed.wireValue(), try adopted.wireValue(),
                try dragonfly.wireValue(),
            ]
            : [try mirrorNode.wireValue()]
    }

    /// That of the kind which has the most fields.
    package static func wire(_ kind: KindSchema) throws -> JSONValue {
        kind.resource.kind == "P2PMirror" ? try p2pMirror.wireValue() : try mirrorNode.wireValue()
    }
}
