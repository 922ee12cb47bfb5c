import KubeCore
import MirrorAPI
import MirrorPlanner

/// Causes that lie between daemons that are well.
extension DragonflyFault {
    private static let schedulers: @Sendable (SimulatedDragonfly) -> [String] = { $0.schedulerNames }
    private static let seeds: @Sendable (SimulatedDragonfly) -> [String] = { $0.seedNames }

    static let network = [
        closedSchedulers, refused, mesh, http1, tls, cutShort, closedSeeds, policy, busy, shedding,
    ]

    /// A firewall between daemons and schedulers, whose Pods are Ready by their own probe.
    static let closedSchedulers = ports(
        5,
        "firewall",
        "port 8002 of all schedulers drops packets",
        .silent,
        8_002,
        of: schedulers,
        .portSilent,
        error: "no connection within 2 s",
        advice: "look for a firewall"
    )

    static let refused = ports(
        5,
        "port closed",
        "port 8002 of all schedulers refuses",
        .refused,
        8_002,
        of: schedulers,
        .portClosed,
        error: "refused",
        advice: "look for a port that is set otherwise in its file than in its Service"
    )

    /// A firewall before the seeds: schedulers are reached, and reach no seed.
    static var closedSeeds: DragonflyFault {
        var fault = ports(
            12,
            "all seeds unhealthy",
            "port 4000 of all seeds drops packets",
            .silent,
            4_000,
            of: seeds,
            .portSilent,
            error: "no connection within 2 s",
            advice: "look for a firewall"
        )
        // Two looks of the schedulers.
        fault.settle = 5
        return fault
    }

    /// The same by somebody's NetworkPolicy, which is named.
    private static var policy: DragonflyFault {
        var fault = closedSeeds
        fault.number = 5
        fault.name = "NetworkPolicy"
        fault.injected = "a policy lets nobody in to the seeds"
        fault.words.advice = "NetworkPolicy dragonfly-system/shut"
        let key = ObjectKey(namespace: DragonflyRelease.namespace, name: "shut")
        fault.apply = { fleet in
            try await fleet.cluster.objects.create(
                ClusterObjects.networkPolicies,
                [
                    "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                    "metadata": ["name": .string(key.name), "namespace": .string(DragonflyRelease.namespace)],
                    "spec": [
                        "podSelector": ["matchLabels": ["component": "seed-client"]], "policyTypes": ["Ingress"],
                        "ingress": [["ports": [["port": 4_002, "protocol": "TCP"]]]],
                    ],
                ]
            )
        }
        fault.undo = { fleet in
            _ = try await fleet.cluster.objects.api.answer(
                to: .delete(ClusterObjects.networkPolicies, key)
            )
        }
        return fault
    }

    private static let mesh = ports(
        7,
        "service mesh",
        "a mesh's proxy answers for the schedulers",
        .mesh,
        8_002,
        of: schedulers,
        .meshInTheWay,
        error: "delayed connect error: 111",
        advice: "set appProtocol to grpc on its Service"
    )

    private static let http1 = ports(
        7,
        "proxy of HTTP/1.1",
        "a proxy answers 503 in HTTP/1.1",
        .http1,
        8_002,
        of: schedulers,
        .meshInTheWay,
        error: "the server speaks HTTP/1, and gRPC needs HTTP/2",
        advice: "Exclude the port from it, or set appProtocol to grpc on its Service"
    )

    /// Schedulers that speak TLS to daemons that do not (dragonflyoss/client#1859).
    private static let tls = ports(
        8,
        "TLS mismatch",
        "port 8002 of all schedulers speaks TLS",
        .tls,
        8_002,
        of: schedulers,
        .tlsMismatch,
        error: "the server speaks TLS",
        advice: "compare server.tls and upload.server in both files"
    )

    /// A path that carries no large packets: answers begin to fail where they do not fit.
    private static let cutShort = ports(
        16,
        "MTU",
        "long answers of the schedulers get lost",
        .cutShort,
        8_002,
        of: schedulers,
        .answersCutShort,
        error: "within 2 s",
        advice: "compare the MTU"
    )

    private static var busy: DragonflyFault {
        var fault = ports(
            14,
            "busy, not dead",
            "all seeds shed calls: code 8",
            .busy,
            4_000,
            of: seeds,
            .connected,
            error: "too many requests",
            advice: "raise requestRateLimit or add seeds"
        )
        fault.settle = 4
        return fault
    }

    private static var shedding: DragonflyFault {
        var fault = busy
        fault.number = 17
        fault.name = "memory"
        fault.injected = "all seeds shed calls for their memory"
        fault.words.error = "CPU/memory thresholds are exceeded"
        fault.words.advice = "raise its memory limit"
        fault.apply = { fleet in
            for pod in fleet.seedNames { fleet.cluster.setFaults(PodFaults(.shedding, on: [4_000]), ofPod: pod) }
        }
        return fault
    }
}
