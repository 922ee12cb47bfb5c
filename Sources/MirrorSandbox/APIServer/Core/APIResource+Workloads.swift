import KubeCore

/// What a stateful release consists of beside Services and Pods.
extension APIResource {
    static let configMaps = builtIn(
        "configmaps",
        "ConfigMap",
        shortNames: ["cm"],
        Version(name: "v1", schema: .configMap),
        Traits(allowsUnconditionalUpdate: true)
    )

    static let statefulSets = builtIn(
        group: "apps",
        "statefulsets",
        "StatefulSet",
        shortNames: ["sts"],
        categories: ["all"],
        Version(name: "v1", schema: .statefulSet, hasStatus: true),
        Traits(hasGeneration: true, allowsUnconditionalUpdate: true, defaults: ["status": ["replicas": 0]])
    )

    static let networkPolicies = builtIn(
        group: "networking.k8s.io",
        "networkpolicies",
        "NetworkPolicy",
        shortNames: ["netpol"],
        Version(name: "v1", schema: .networkPolicy),
        Traits(hasGeneration: true, allowsUnconditionalUpdate: true)
    )

    static let disruptionBudgets = builtIn(
        group: "policy",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        shortNames: ["pdb"],
        Version(name: "v1", schema: .disruptionBudget, hasStatus: true),
        Traits(
            hasGeneration: true,
            defaults: [
                "status": ["currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0]
            ]
        )
    )
}
