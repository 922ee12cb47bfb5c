import KubeCore

// Bounds are wide enough for any fleet and narrow enough that the CEL rules stay within the server's cost budget, which
// it estimates from maxItems and maxLength.

extension KindSchema {
    static let p2pMirrorSpec = FieldSchema.object(
        [
            "provider": .choice(
                Provider.self,
                rules: [.fixed("provider cannot be changed; create another P2PMirror instead")]
            ),
            "mode": .choice(Mode.self, default: .observe),
            "pauseRequests": .list(of: .text(atLeast: 1, atMost: 128), atMost: 16, .set, default: []),
            "selector": selector(default: [:]),
            "namespace": .text(.dnsLabel, atMost: 63),
            "registries": .registries(default: []),
            "topology": topology,
            "candidates": candidates,
            "health": health,
            "liveness": liveness,
            "rollout": rollout,
            "deletionPolicy": .choice(DeletionPolicy.self, default: .retain),
            "rke2": rancher,
            "k3s": rancher,
            "spegel": spegel,
        ],
        required: ["provider"],
        // CEL reserves the word namespace: rules write that field as __namespace__ (Kubernetes' page on CRDs, section
        // Validation rules).
        rules: [
            FieldRule(
                "!has(self.rke2) || self.provider == 'RKE2'",
                message: "rke2 must be absent unless provider is RKE2"
            ) { spec, _ in spec["rke2"] == nil || spec["provider"] == "RKE2" },
            FieldRule(
                "!has(self.k3s) || self.provider == 'K3s'",
                message: "k3s must be absent unless provider is K3s"
            ) { spec, _ in spec["k3s"] == nil || spec["provider"] == "K3s" },
            FieldRule(
                "has(self.spegel) == (self.provider == 'Spegel')",
                message: "spegel must be given with provider Spegel, and with no other one"
            ) { spec, _ in (spec["spegel"] != nil) == (spec["provider"] == "Spegel") },
            FieldRule(
                "!has(self.__namespace__) || self.provider == 'Spegel'",
                message: "namespace must be absent unless provider is Spegel"
            ) { spec, _ in spec["namespace"] == nil || spec["provider"] == "Spegel" },
            FieldRule(
                "has(self.__namespace__) == has(oldSelf.__namespace__) && (!has(self.__namespace__) || "
                    + "self.__namespace__ == oldSelf.__namespace__)",
                message: "namespace cannot be changed; create another P2PMirror instead"
            ) { spec, old in spec["namespace"] == old["namespace"] },
        ]
    )

    static func selector(default fallback: JSONValue?) -> FieldSchema {
        .object(
            [
                "matchLabels": FieldSchema(form: .map(of: .text(.labelValue, atMost: 63), maxProperties: 32)),
                "matchExpressions": .list(of: requirement, atMost: 16, .atomic),
            ],
            atomic: true,
            default: fallback
        )
    }

    private static let requirement = FieldSchema.object(
        [
            "key": .text(.labelKey, atLeast: 1, atMost: 317),
            "operator": .choice(LabelSelector.Requirement.Operator.self),
            "values": .list(of: .text(.labelValue, atMost: 63), atMost: 64, .atomic),
        ],
        required: ["key", "operator"],
        rules: [
            FieldRule(
                "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
                message: "values needs at least one entry with operator In or NotIn"
            ) { requirement, _ in !comparesValues(requirement) || valueCount(requirement) > 0 },
            FieldRule(
                "self.operator in ['In', 'NotIn'] || !has(self.values) || size(self.values) == 0",
                message: "values must be absent with operator Exists or DoesNotExist"
            ) { requirement, _ in comparesValues(requirement) || valueCount(requirement) == 0 },
        ]
    )

    private static func comparesValues(_ requirement: JSONValue) -> Bool {
        ["In", "NotIn"].contains(requirement["operator"])
    }

    private static func valueCount(_ requirement: JSONValue) -> Int {
        requirement["values"]?.arrayValue?.count ?? 0
    }

    private static let topology = FieldSchema.object(
        [
            "rewrite": .choice(Rewrite.self, default: .rings),
            "shape": .choice(DesiredShape.self, default: .star),
            "maxFanout": .number(2...64, default: 8),
            "preferredRoots": .list(
                of: .text(.dnsSubdomain, atMost: 253),
                atMost: 16,
                // Its order means something: two writers must not have their entries merged.
                .atomic,
                default: [],
                rules: [
                    FieldRule(
                        "self.all(x, self.exists_one(y, x == y))",
                        message: "preferredRoots must name each node once"
                    ) { roots, _ in Set(roots.arrayValue ?? []).count == roots.arrayValue?.count }
                ]
            ),
            "registrationAddress": .text(.serverURL, atMost: 300),
            "rerootAfterSeconds": .number(60...2_592_000, default: 3600),
        ],
        default: [:]
    )

    private static let rollout = FieldSchema.objectWithDefaults(
        [
            "minReadySeconds": .number(0...3600, default: 30),
            "progressDeadlineSeconds": .number(10...7200, default: 600),
            "approval": .choice(ApprovalMode.self, default: .automatic),
            "window": window,
            "allowControlPlaneOutage": .flag(default: false),
        ],
        rules: [
            FieldRule(
                "self.progressDeadlineSeconds > self.minReadySeconds",
                message: "progressDeadlineSeconds must be greater than minReadySeconds"
            ) { rollout, _ in
                (rollout["progressDeadlineSeconds"]?.intValue ?? 0) > (rollout["minReadySeconds"]?.intValue ?? 0)
            }
        ]
    )

    private static let window = FieldSchema.object(
        [
            "days": .list(of: .choice(Weekday.self), atMost: 7, .set, default: []),
            "start": .text(.timeOfDay, atMost: 5),
            "end": .text(.timeOfDay, atMost: 5),
            "utcOffsetMinutes": .number(-720...840, default: 0),
        ],
        required: ["start", "end"],
        rules: [
            FieldRule("self.start != self.end", message: "end must differ from start; leave window out for at any time")
            {
                window,
                _ in window["start"] != window["end"]
            }
        ]
    )

    private static let rancher = FieldSchema.object([
        "managedNodes": .choice(ManagedNodes.self, default: .observe), "debugUntil": .time,
    ])

    static let p2pMirrorStatus = FieldSchema.object([
        "observedGeneration": .ordinal,
        "conditions": .conditions,
        "topology": .object(
            [
                "observed": .choice(TopologyShape.self),
                "desired": .choice(DesiredShape.self),
                "root": .nodeName,
                "rootUID": .text(atMost: 64),
                "rootAddress": .text(atMost: 253),
                "depth": .count,
                "cycleCount": .count,
                "cycles": .list(
                    of: .object(["nodes": .list(of: .nodeName, atMost: 50, .atomic)], required: ["nodes"]),
                    atMost: 20,
                    .atomic
                ),
                "pendingChanges": .count,
            ],
            required: ["observed", "depth", "cycleCount", "pendingChanges"]
        ),
        "nodes": .object(
            [
                "selected": .count, "ready": .count, "current": .count, "updating": .count, "failed": .count,
                "recorded": .count,
            ],
            required: ["selected", "ready", "current", "updating", "failed"]
        ),
        "candidates": candidatesStatus,
        "evictions": evictionsStatus,
        "storm": stormStatus,
        "rollout": .object(
            [
                "node": .nodeName,
                "revision": .text(atMost: 63),
                "startedAt": .time,
                "provenSince": .time,
                "step": .count,
                "of": .count,
            ],
            required: ["node", "revision", "startedAt", "step", "of"]
        ),
        "nextChange": .object(
            [
                "node": .nodeName,
                "action": .choice(P2PMirrorStatus.NextChange.Action.self),
                "reason": .text(atMost: 128),
                "message": .text(atMost: 4096),
            ],
            required: ["node", "action", "reason", "message"]
        ),
    ])
}
