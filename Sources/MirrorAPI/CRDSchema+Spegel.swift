import KubeCore

extension KindSchema {
    // MARK: spec.spegel

    package static let spegel = FieldSchema.object(
        [
            "install": install,
            "adopt": adopt,
            "nodeConfiguration": .choice(NodeConfigurationPolicy.self, default: .report),
        ],
        rules: [
            FieldRule(
                "has(self.install) != has(self.adopt)",
                message: "spegel needs exactly one of install and adopt"
            ) { spegel, _ in (spegel["install"] == nil) != (spegel["adopt"] == nil) }
        ]
    )

    private static let install = FieldSchema.object(
        [
            "version": .text(.version, atMost: 63, default: "v0.7.4"),
            "image": .text(.imageRepository, atMost: 255, default: "ghcr.io/spegel-org/spegel"),
            "imageDigest": .text(.digest, atMost: 71),
            "resources": resources,
            "tolerations": .list(of: toleration, atMost: 32, .atomic),
            "resolveTags": .flag(default: true),
            "prependExisting": .flag(default: false),
            "dataDirectory": .text(.hostPath, atMost: 255, default: "/var/lib/spegel"),
            "containerd": containerd,
            "logLevel": .choice(SpegelLogLevel.self, default: .info),
            "debugUntil": .time,
            "serviceMonitor": .flag(default: false),
            "maxUnavailable": .intOrPercent(atMost: 100_000, default: "10%"),
        ]
    )

    private static let resources = FieldSchema.object(
        ["requests": amounts, "limits": amounts],
        default: [:]
    )

    private static let amounts = FieldSchema.object(
        ["cpu": .text(.quantity, atMost: 32), "memory": .text(.quantity, atMost: 32)],
        default: ["memory": "128Mi"]
    )

    private static let toleration = FieldSchema.object([
        "key": .text(.labelKey, atMost: 317),
        "operator": .choice(P2PMirrorSpec.Toleration.Operator.self),
        "value": .text(.labelValue, atMost: 63),
        "effect": .choice(P2PMirrorSpec.Toleration.Effect.self),
    ])

    private static let containerd = FieldSchema.object(
        [
            "socket": .text(.hostPath, atMost: 255, default: "/run/containerd/containerd.sock"),
            "registryConfigPath": .text(.hostPath, atMost: 255, default: "/etc/containerd/certs.d"),
            "contentPath": .text(
                .hostPath,
                atMost: 255,
                default: "/var/lib/containerd/io.containerd.content.v1.content"
            ),
            "namespace": .text(.dnsSubdomain, atMost: 63, default: "k8s.io"),
        ],
        default: [:]
    )

    private static let adopt = FieldSchema.object([
        "release": .text(.labelValue, atLeast: 1, atMost: 63, default: "spegel"),
        "takeOverBootstrap": .flag(default: false),
    ])
}
