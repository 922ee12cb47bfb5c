import KubeCore

extension KindSchema {
    // MARK: spec.candidates, spec.liveness

    static let candidates = FieldSchema.object(
        [
            "selector": selector(default: nil),
            "minPublished": .intOrPercent(atMost: 100_000, default: "50%"),
            "maxUnhealthy": .intOrPercent(atMost: 100_000, default: "34%"),
            "unhealthyForSeconds": .number(0...3600, default: 60),
            "healthyForSeconds": .number(10...3600, default: 120),
            "stormCooldownSeconds": .number(0...86_400, default: 300),
            "evictionsPerMinute": .number(1...6000, default: 6),
        ],
        default: [:]
    )

    static let liveness = FieldSchema.object(
        [
            "announceIntervalSeconds": .number(5...3600, default: 30),
            "sweepIntervalSeconds": .number(30...3600, default: 300),
        ],
        default: [:]
    )

    // MARK: spec.health

    static let health = FieldSchema.object(
        [
            "disk": disk,
            "inodes": usage(default: 95),
            "memory": .object(["evictAtAvailablePercent": .number(0...99, default: 5)], default: [:]),
            "io": .object(
                [
                    "evictAtPressurePercent": .number(1...100, default: 60),
                    "forSeconds": .number(0...3600, default: 120),
                ],
                default: [:]
            ),
            "network": .object(
                ["evictAtErrorPercent": .number(1...100, default: 5), "forSeconds": .number(0...3600, default: 120)],
                default: [:]
            ),
            "fileDescriptors": usage(default: 90),
            "probes": .list(of: probe, atMost: 8, .map(key: "name")),
        ],
        default: [:]
    )

    private static let disk = FieldSchema.objectWithDefaults(
        ["evictAtPercent": .number(1...100, default: 85), "readmitBelowPercent": .number(1...100, default: 82)],
        rules: [
            FieldRule(
                "self.readmitBelowPercent <= self.evictAtPercent",
                message: "readmitBelowPercent must not be greater than evictAtPercent"
            ) { disk, _ in
                (disk["readmitBelowPercent"]?.intValue ?? 0) <= (disk["evictAtPercent"]?.intValue ?? 0)
            }
        ]
    )

    private static func usage(default percent: Int64) -> FieldSchema {
        .object(["evictAtPercent": .number(1...100, default: percent)], default: [:])
    }

    private static let probe = FieldSchema.object(
        [
            "name": .text(.dnsLabel, atMost: 63),
            "httpGet": .object(
                [
                    "path": .text(atLeast: 1, atMost: 1024, default: "/"),
                    "port": port,
                    "scheme": .choice(Probe.Scheme.self, default: .http),
                ],
                required: ["port"]
            ),
            "tcpSocket": .object(["port": port], required: ["port"]),
            // An empty default is refused by servers of 1.20, which lose it on the way to their own form.
            "grpc": .object(["port": port, "service": .text(atMost: 253)], required: ["port"]),
            "periodSeconds": .number(1...3600, default: 10),
            "timeoutSeconds": .number(1...300, default: 2),
            "failureThreshold": .number(1...100, default: 3),
            "successThreshold": .number(1...100, default: 2),
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

    private static let port = FieldSchema.number(1...65_535)

    // MARK: status

    static let candidatesStatus = FieldSchema.object(
        [
            "total": .count,
            "published": .count,
            "evicted": .count,
            "probation": .count,
            "withdrawals": .list(
                of: .object(["at": .time, "count": .count], required: ["at", "count"]),
                atMost: 60,
                .atomic
            ),
        ],
        required: ["total", "published", "evicted", "probation"]
    )

    static let evictionsStatus = FieldSchema.list(
        of: .object(
            [
                "node": .nodeName,
                "reason": .text(atMost: 128),
                "message": .text(atMost: 1024),
                "since": .time,
                "until": .time,
                "count": .count,
            ],
            required: ["node", "reason", "message", "since", "count"]
        ),
        atMost: 50,
        .atomic
    )

    static let stormStatus = FieldSchema.object([
        "since": .time,
        "until": .time,
        "zones": .list(
            of: .object(
                ["zone": .text(atMost: 63), "since": .time, "until": .time],
                required: ["zone", "since"]
            ),
            atMost: 32,
            .atomic
        ),
    ])

    static let candidateStatus = FieldSchema.object(
        [
            "state": .choice(CandidateState.self),
            "since": .time,
            "until": .time,
            "illSince": .time,
            "ejections": .count,
            "reason": .text(atMost: 128),
            "message": .text(atMost: 1024),
        ],
        required: ["state", "since", "ejections", "reason", "message"]
    )
}
