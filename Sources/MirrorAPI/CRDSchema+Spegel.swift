import KubeCore

extension KindSchema {
    // MARK: spec.spegel

    package static let spegel = FieldSchema.object(
        "Settings of provider Spegel.",
        [
            "install": install,
            "adopt": adopt,
            "nodeConfiguration": .choice(
                """
                What becomes of a node whose containerd is not set up for the mirror. Report names it. Repair \
                also writes what a file of the agent's own can put right.
                """,
                NodeConfigurationPolicy.self,
                default: .report
            ),
        ],
        rules: [
            FieldRule(
                "has(self.install) != has(self.adopt)",
                message: "spegel needs exactly one of install and adopt"
            ) { spegel, _ in (spegel["install"] == nil) != (spegel["adopt"] == nil) }
        ]
    )

    private static let install = FieldSchema.object(
        """
        The operator makes and owns the DaemonSet of Spegel, its Services and its ServiceAccount, and puts \
        containerd's configuration back when the mirror is deleted.
        """,
        [
            "version": .text(
                """
                Release of Spegel. It decides on flags, ports and on what ready means; a change of it replaces \
                the pods in waves.
                """,
                .version,
                atMost: 63,
                default: "v0.7.4"
            ),
            "image": .text(
                "The image without tag and digest. It must not come through the mirror that it is.",
                .imageRepository,
                atMost: 255,
                default: "ghcr.io/spegel-org/spegel"
            ),
            "imageDigest": .text("Pins the image. Absent, the tag is version.", .digest, atMost: 71),
            "resources": resources,
            "tolerations": .list("As in a pod. Absent, every taint is tolerated.", of: toleration, atMost: 32, .atomic),
            "resolveTags": .flag("Whether tags are resolved among the peers; else only digests are.", default: true),
            "prependExisting": .flag(
                "Whether mirrors that containerd's files named before stay beside ours.",
                default: false
            ),
            "dataDirectory": .text(
                "Host directory that keeps a peer's identity over restarts.",
                .hostPath,
                atMost: 255,
                default: "/var/lib/spegel"
            ),
            "containerd": containerd,
            "logLevel": .choice("What the daemons log.", SpegelLogLevel.self, default: .info),
            "debugUntil": .time(
                "Until then the level is Debug. Its beginning and its end each replace every pod, in waves."
            ),
            "serviceMonitor": .flag("Whether the Prometheus operator is told to scrape the pods.", default: false),
            "maxUnavailable": .intOrPercent(
                """
                How many pods one wave of an upgrade may replace, as a number or a percentage of all; rounded \
                down, at least one. The first wave is always one pod.
                """,
                atMost: 100_000,
                default: "10%"
            ),
        ]
    )

    private static let resources = FieldSchema.object(
        "What each container asks for.",
        ["requests": amounts("What the scheduler sets aside."), "limits": amounts("What it may not go beyond.")],
        default: [:]
    )

    private static func amounts(_ description: String) -> FieldSchema {
        .object(
            description,
            [
                "cpu": .text("Cores, such as 100m.", .quantity, atMost: 32),
                "memory": .text("Memory, such as 128Mi.", .quantity, atMost: 32),
            ],
            default: ["memory": "128Mi"]
        )
    }

    private static let toleration = FieldSchema.object(
        "One toleration.",
        [
            "key": .text("Key of the taint; absent for all.", .labelKey, atMost: 317),
            "operator": .choice("Exists, or Equal to compare the value.", P2PMirrorSpec.Toleration.Operator.self),
            "value": .text("Value of the taint, with Equal.", .labelValue, atMost: 63),
            "effect": .choice("Effect of the taint; absent for all.", P2PMirrorSpec.Toleration.Effect.self),
        ]
    )

    private static let containerd = FieldSchema.object(
        "Where containerd is on the hosts. RKE2 and K3s have places of their own.",
        [
            "socket": .text("Its socket.", .hostPath, atMost: 255, default: "/run/containerd/containerd.sock"),
            "registryConfigPath": .text(
                "Its config_path, below which each registry has a directory.",
                .hostPath,
                atMost: 255,
                default: "/etc/containerd/certs.d"
            ),
            "contentPath": .text(
                "Its content store.",
                .hostPath,
                atMost: 255,
                default: "/var/lib/containerd/io.containerd.content.v1.content"
            ),
            "namespace": .text(
                "The namespace of containerd that holds the images of Kubernetes.",
                .dnsSubdomain,
                atMost: 63,
                default: "k8s.io"
            ),
        ],
        default: [:]
    )

    private static let adopt = FieldSchema.object(
        """
        An installation by the upstream Helm chart is looked after, and nothing of it is touched unless \
        takeOverBootstrap says so.
        """,
        [
            "release": .text(
                "Name of the Helm release, which its objects carry as app.kubernetes.io/instance.",
                .labelValue,
                atLeast: 1,
                atMost: 63,
                default: "spegel"
            ),
            "takeOverBootstrap": .flag(
                """
                Whether the selector of the release's bootstrap Service is narrowed to the candidate set, so that \
                unhealthy peers can leave it.
                """,
                default: false
            ),
        ]
    )
}
