import KubeCore

extension KindSchema {
    // MARK: spec.candidates, spec.liveness

    static let candidates = FieldSchema.object(
        """
        Which peers are seeds, and how far and how fast the set of those that are published may shrink.
        """,
        [
            "selector": selector(
                """
                The peers that are seeds, by label of their nodes or pods. Absent leaves it to the provider; for RKE2 \
                and K3s all selected nodes that take part in the embedded registry.
                """
            ),
            "minPublished": .intOrPercent(
                """
                How many seeds stay published whatever is wrong with them, as a number or as a share of all \
                seeds, lost ones included, rounded up. At least 1, for RKE2 and K3s at least 2. The least bad \
                stay.
                """,
                atMost: 100_000,
                default: "50%"
            ),
            "maxUnhealthy": .intOrPercent(
                """
                When more seeds than this (a share is rounded down) are unhealthy at once, in all or in one \
                zone, it is a storm, and none leaves the set until it is over.
                """,
                atMost: 100_000,
                default: "34%"
            ),
            "unhealthyForSeconds": .number(
                """
                How long a soft cause (a failing probe, low memory, a node that is not Ready) lasts before the \
                seed leaves the set. Hard causes act at once.
                """,
                0...3600,
                default: 60
            ),
            "healthyForSeconds": .number(
                """
                How long a seed that left must be well before it comes back. It doubles with each eviction that \
                still counts, up to 15 minutes, and an hour of health forgives them all.
                """,
                10...3600,
                default: 120
            ),
            "stormCooldownSeconds": .number(
                "How long a storm must be over before seeds leave the set again.",
                0...86_400,
                default: 300
            ),
            "evictionsPerMinute": .number("How many seeds may leave the set within a minute.", 1...6000, default: 6),
        ],
        default: [:]
    )

    static let liveness = FieldSchema.object(
        "How seeds say that they are alive.",
        [
            "announceIntervalSeconds": .number(
                """
                How often the agent of a seed renews its Lease. A seed that has not done so for twice this time \
                leaves the set at once.
                """,
                5...3600,
                default: 30
            ),
            "sweepIntervalSeconds": .number(
                "How often everything is reconciled again without an event.",
                30...3600,
                default: 300
            ),
        ],
        default: [:]
    )

    // MARK: spec.health

    static let health = FieldSchema.object(
        "From which figures on a seed is unhealthy.",
        [
            "disk": disk,
            "inodes": usage(
                of: "The inodes of that volume.",
                default: 95,
                "A seed of whose inodes so many are used leaves the set at once."
            ),
            "memory": .object(
                "The node's memory; a soft cause.",
                [
                    "evictAtAvailablePercent": .number(
                        "A seed with so little or less available is unhealthy.",
                        0...99,
                        default: 5
                    )
                ],
                default: [:]
            ),
            "io": .object(
                "Time in which tasks wait for the disk (pressure stall information); a soft cause.",
                [
                    "evictAtPressurePercent": .number(
                        "A seed with so much or more is unhealthy.",
                        1...100,
                        default: 60
                    ),
                    "forSeconds": .number("How long it lasts before the seed leaves the set.", 0...3600, default: 120),
                ],
                default: [:]
            ),
            "network": .object(
                "Errors of the node's network interfaces; a soft cause.",
                [
                    "evictAtErrorPercent": .number(
                        "A seed with so many errors among its packets is unhealthy.",
                        1...100,
                        default: 5
                    ),
                    "forSeconds": .number("How long it lasts before the seed leaves the set.", 0...3600, default: 120),
                ],
                default: [:]
            ),
            "fileDescriptors": usage(
                of: "The file descriptors of the daemon; a soft cause.",
                default: 90,
                "A seed that uses so many of those it may is unhealthy."
            ),
            "probes": .list(
                """
                Questions that the operator asks each seed. Absent leaves them to the provider; for RKE2 and K3s \
                a TCP connection to port 5001. An empty list asks none.
                """,
                of: probe,
                atMost: 8,
                .map(key: "name")
            ),
        ],
        default: [:]
    )

    private static let disk = FieldSchema.objectWithDefaults(
        "The volume that the mirror keeps its content on.",
        [
            "evictAtPercent": .number("Evict a seed once its volume reaches this percentage.", 1...100, default: 85),
            "readmitBelowPercent": .number(
                "A seed that left comes back when its volume is less full than this.",
                1...100,
                default: 82
            ),
        ],
        rules: [
            FieldRule(
                "self.readmitBelowPercent <= self.evictAtPercent",
                message: "readmitBelowPercent must not be greater than evictAtPercent"
            ) { disk, _ in
                (disk["readmitBelowPercent"]?.intValue ?? 0) <= (disk["evictAtPercent"]?.intValue ?? 0)
            }
        ]
    )

    private static func usage(of resource: String, default percent: Int64, _ consequence: String) -> FieldSchema {
        .object(resource, ["evictAtPercent": .number(consequence, 1...100, default: percent)], default: [:])
    }

    private static let probe = FieldSchema.object(
        "One probe; it has exactly one of httpGet, tcpSocket and grpc.",
        [
            "name": .text("Name of the probe.", .dnsLabel, atMost: 63),
            "httpGet": .object(
                "An HTTP request; any answer from 200 to 399 is a success.",
                [
                    "path": .text("Path and query.", atLeast: 1, atMost: 1024, default: "/"),
                    "port": port,
                    "scheme": .choice(
                        "HTTP or HTTPS; the certificate is not verified.",
                        Probe.Scheme.self,
                        default: .http
                    ),
                ],
                required: ["port"]
            ),
            "tcpSocket": .object(
                "A TCP connection; it is a success when it opens.",
                ["port": port],
                required: ["port"]
            ),
            // An empty default is refused by servers of 1.20, which lose it on the way to their own form.
            "grpc": .object(
                "A health check over gRPC; SERVING is a success.",
                [
                    "port": port,
                    "service": .text(
                        "The service to ask for; without one the server as a whole is asked for.",
                        atMost: 253
                    ),
                ],
                required: ["port"]
            ),
            "periodSeconds": .number("How often it is asked.", 1...3600, default: 10),
            "timeoutSeconds": .number("How long an answer may take.", 1...300, default: 2),
            "failureThreshold": .number("Failures in a row from which on the seed is unhealthy.", 1...100, default: 3),
            "successThreshold": .number("Successes in a row from which on it is well again.", 1...100, default: 2),
        ],
        required: ["name"],
        rules: [
            FieldRule(
                "[has(self.httpGet), has(self.tcpSocket), has(self.grpc)].filter(x, x).size() == 1",
                message: "a probe needs exactly one of httpGet, tcpSocket and grpc"
            ) { probe, _ in ["httpGet", "tcpSocket", "grpc"].count { probe[$0] != nil } == 1 },
            FieldRule(
                "self.timeoutSeconds <= self.periodSeconds",
                message: "timeoutSeconds must not be greater than periodSeconds"
            ) { probe, _ in
                (probe["timeoutSeconds"]?.intValue ?? 0) <= (probe["periodSeconds"]?.intValue ?? 0)
            },
        ]
    )

    private static let port = FieldSchema.number("Port on the node or pod.", 1...65_535)

    // MARK: status

    static let candidatesStatus = FieldSchema.object(
        "Counts of seeds.",
        [
            "total": .count("Seeds of the fleet, lost ones included."),
            "published": .count("Of these, seeds in the set."),
            "evicted": .count("Of these, seeds out of the set because something is wrong with them."),
            "probation": .count("Of these, seeds that are well again and not back yet."),
            "withdrawals": .list(
                "The latest that left, from which evictionsPerMinute is reckoned.",
                of: .object(
                    "Seeds that left within one second.",
                    ["at": .time("When."), "count": .count("How many.")],
                    required: ["at", "count"]
                ),
                atMost: 60,
                .atomic
            ),
        ],
        required: ["total", "published", "evicted", "probation"]
    )

    static let evictionsStatus = FieldSchema.list(
        "Seeds that are out of the set, the latest first.",
        of: .object(
            "One seed.",
            [
                "node": .nodeName("Name of its node."),
                "reason": .text("One word for programs.", atMost: 128),
                "message": .text("A sentence for people.", atMost: 1024),
                "since": .time("Since when it is out."),
                "until": .time("When it comes back, or when its probation may begin; absent where neither is known."),
                "count": .count("Its evictions that still count."),
            ],
            required: ["node", "reason", "message", "since", "count"]
        ),
        atMost: 50,
        .atomic
    )

    static let stormStatus = FieldSchema.object(
        """
        More seeds are unhealthy at once than maxUnhealthy allows; absent while they are not. Nothing leaves the \
        set until it is over. To release it, set the annotation p2pmirror.io/release-storm to the value of \
        since.
        """,
        [
            "since": .time("When the storm over the whole fleet began; absent while only zones have one."),
            "until": .time("When its cool-down ends; absent while it is raging."),
            "zones": .list(
                "Zones with a storm of their own.",
                of: .object(
                    "One zone.",
                    [
                        "zone": .text("Value of the label topology.kubernetes.io/zone.", atMost: 63),
                        "since": .time("When it began there."),
                        "until": .time("When its cool-down ends; absent while it is raging."),
                    ],
                    required: ["zone", "since"]
                ),
                atMost: 32,
                .atomic
            ),
        ]
    )

    static let candidateStatus = FieldSchema.object(
        """
        What the operator remembers of this seed, so that its restart forgets nothing. Absent while the seed is \
        healthy and has not been evicted within the last hour.
        """,
        [
            "state": .choice(
                """
                Healthy: in the set. Suspect: in the set, and something is or was wrong with it of late. \
                Evicted: out of the set. Probation: out of the set and well; it comes back if it stays so.
                """,
                CandidateState.self
            ),
            "since": .time("Since when it is in this state."),
            "until": .time(
                """
                Evicted: no probation before. Probation: it comes back then if it stays well. Suspect: it is \
                healthy again then if it stays well.
                """
            ),
            "illSince": .time("When it was healthy last; absent while it is."),
            "ejections": .count("Evictions that still count."),
            "reason": .text("One word for programs.", atMost: 128),
            "message": .text("A sentence for people.", atMost: 1024),
        ],
        required: ["state", "since", "ejections", "reason", "message"]
    )
}
