import KubeCore

// Bounds are wide enough for any fleet and narrow enough that the CEL rules stay within the server's cost budget, which
// it estimates from maxItems and maxLength.

extension KindSchema {
    static let p2pMirrorSpec = FieldSchema.object(
        "What the administrator asks for.",
        [
            "provider": .choice(
                "The daemon whose mirrors make up the fleet. It cannot be changed.",
                Provider.self,
                rules: [.fixed("provider cannot be changed; create another P2PMirror instead")]
            ),
            "mode": .choice(
                """
                Observe plans and reports and touches no node. Enforce also changes configuration and restarts \
                services, one server at a time.
                """,
                Mode.self,
                default: .observe
            ),
            "pauseRequests": .list(
                """
                Named holds, such as upgrade-2026-11. While there is any, nothing but status is written; a \
                restart that has begun is finished by its agent.
                """,
                of: .text("Name of one hold; whoever sets it removes it.", atLeast: 1, atMost: 128),
                atMost: 16,
                .set,
                default: []
            ),
            "selector": selector(
                """
                The nodes of the fleet, by label. Empty selects every Linux node; Windows nodes are never selected.
                """,
                default: [:]
            ),
            "namespace": .text(
                """
                Where the namespaced objects of the mirror live, and the release that it looks after; absent for \
                p2pmirror-system. Spegel and Dragonfly only. It cannot be changed.
                """,
                .dnsLabel,
                atMost: 63
            ),
            "registries": .registries(
                """
                Registries that every selected node mirrors, as HOST or HOST:PORT; * stands for all. They are \
                added to registries.yaml, whose other content stays, by one restart of each node that lacks one. \
                Empty leaves the file alone.
                """,
                default: []
            ),
            "topology": topology,
            "candidates": candidates,
            "health": health,
            "liveness": liveness,
            "rollout": rollout,
            "deletionPolicy": .choice(
                """
                What becomes of the files on the nodes when this object is deleted. Retain leaves them. Restore \
                removes those that the agents wrote, without a restart, except where the node's own files would \
                close a cycle again.
                """,
                DeletionPolicy.self,
                default: .retain
            ),
            "rke2": rancher("Settings of provider RKE2."),
            "k3s": rancher("Settings of provider K3s."),
            "spegel": spegel,
            "dragonfly": dragonfly,
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
                "!has(self.dragonfly) || self.provider == 'Dragonfly'",
                message: "dragonfly must be absent unless provider is Dragonfly"
            ) { spec, _ in spec["dragonfly"] == nil || spec["provider"] == "Dragonfly" },
            FieldRule(
                "!has(self.__namespace__) || self.provider in ['Spegel', 'Dragonfly']",
                message: "namespace must be absent unless provider is Spegel or Dragonfly"
            ) { spec, _ in spec["namespace"] == nil || ["Spegel", "Dragonfly"].contains(spec["provider"]) },
            FieldRule(
                "has(self.__namespace__) == has(oldSelf.__namespace__) && (!has(self.__namespace__) || "
                    + "self.__namespace__ == oldSelf.__namespace__)",
                message: "namespace cannot be changed; create another P2PMirror instead"
            ) { spec, old in spec["namespace"] == old["namespace"] },
        ]
    )

    static func selector(_ description: String, default fallback: JSONValue? = nil) -> FieldSchema {
        .object(
            description,
            [
                "matchLabels": .map(
                    "Labels that must have exactly these values.",
                    of: .text("Value of the label.", .labelValue, atMost: 63),
                    atMost: 32
                ),
                "matchExpressions": .list(
                    "Further requirements, all of which must hold.",
                    of: requirement,
                    atMost: 16,
                    .atomic
                ),
            ],
            atomic: true,
            default: fallback
        )
    }

    private static let requirement = FieldSchema.object(
        "One requirement on one label.",
        [
            "key": .text("The label.", .labelKey, atLeast: 1, atMost: 317),
            "operator": .choice("How the label's value is compared.", LabelSelector.Requirement.Operator.self),
            "values": .list(
                "The values to compare with; absent for Exists and DoesNotExist.",
                of: .text("One value.", .labelValue, atMost: 63),
                atMost: 64,
                .atomic
            ),
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
        "What the servers are to form.",
        [
            "rewrite": .choice(
                """
                Rings rewrites the servers of every group that asks itself in a circle. Always rewrites all \
                servers that do not form the wanted shape. Never only reports.
                """,
                Rewrite.self,
                default: .rings
            ),
            "shape": .choice(
                """
                What is rewritten becomes this. In a Star one root has no server to join and all others point to \
                it. In a Tree no server has more than maxFanout others pointing to it, and those of one zone are \
                kept together.
                """,
                DesiredShape.self,
                default: .star
            ),
            "maxFanout": .number("How many servers may point to one server of a Tree.", 2...64, default: 8),
            "preferredRoots": .list(
                """
                Names of the nodes that should be root, best first. The first that is able to be root becomes \
                it; without one the present hub does.
                """,
                of: .text("Name of a node.", .dnsSubdomain, atMost: 253),
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
            "registrationAddress": .text(
                """
                A fixed registration address, as https://HOST:PORT, that others point to instead of the root's \
                own. Used only while no running server recurses in rings; each node must allow it in \
                /etc/p2pmirror/allowed-servers.
                """,
                .serverURL,
                atMost: 300
            ),
            "rerootAfterSeconds": .number(
                "A root that has not been Ready for so long is replaced by another server.",
                60...2_592_000,
                default: 3600
            ),
        ],
        default: [:]
    )

    private static let rollout = FieldSchema.objectWithDefaults(
        "How changes reach the nodes. One server is restarted at a time, in the whole cluster.",
        [
            "minReadySeconds": .number(
                """
                How long a restarted server must show its new configuration and its health before the next one.
                """,
                0...3600,
                default: 30
            ),
            "progressDeadlineSeconds": .number(
                """
                How long one restart may take before the agent puts the previous configuration back and the \
                rollout stops.
                """,
                10...7200,
                default: 600
            ),
            "approval": .choice(
                """
                Automatic restarts when it is safe. Manual waits in addition for the annotation \
                p2pmirror.io/approve on the MirrorNode, with the revision as its value.
                """,
                ApprovalMode.self,
                default: .automatic
            ),
            "window": window,
            "allowControlPlaneOutage": .flag(
                """
                Whether to restart a server although etcd has fewer than three voters, so that the API is away \
                until the server is back.
                """,
                default: false
            ),
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
        "When restarts may begin; one that has begun is finished. Absent, they may at any time.",
        [
            "days": .list(
                "Days on which the window opens; empty for every day.",
                of: .choice("One day.", Weekday.self),
                atMost: 7,
                .set,
                default: []
            ),
            "start": .text("When it opens, as HH:MM.", .timeOfDay, atMost: 5),
            "end": .text("When it closes, as HH:MM; at or before start it is the next day's.", .timeOfDay, atMost: 5),
            "utcOffsetMinutes": .number(
                "What start and end are ahead of UTC by. There is no daylight saving.",
                -720...840,
                default: 0
            ),
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

    private static func rancher(_ description: String) -> FieldSchema {
        .object(
            description,
            [
                "managedNodes": .choice(
                    """
                    What becomes of nodes whose configuration Rancher or Cluster API writes. Observe names them and \
                    leaves them alone. Enforce treats them as any other node.
                    """,
                    ManagedNodes.self,
                    default: .observe
                ),
                "debugUntil": .time(
                    """
                    Until then the servers log at the level debug, where a flood of questions for peers shows. Each \
                    server is restarted once to begin it and once to end it.
                    """
                ),
            ]
        )
    }

    static let p2pMirrorStatus = FieldSchema.object(
        "What the operator found, decided and will do next.",
        [
            "observedGeneration": .ordinal("The generation of the specification that this status is about."),
            "conditions": .conditions(
                "Conditions by type. Ready, Reconciling and Stalled mean what kstatus means by them."
            ),
            "topology": .object(
                "What the servers form, and what they are to form.",
                [
                    "observed": .choice("What it looks like now.", TopologyShape.self),
                    "desired": .choice("What it is to become; absent where it stays as it is.", DesiredShape.self),
                    "root": .nodeName("Name of the node that the others point to, or are to point to."),
                    "rootUID": .text(
                        "UID of that node; one that was made anew under the same name is another server.",
                        atMost: 64
                    ),
                    "rootAddress": .text(
                        "InternalIP of that node; what still points there once the node is gone is known by it.",
                        atMost: 253
                    ),
                    "depth": .count("Hops from the farthest server to its root; 0 where there is a cycle."),
                    "cycleCount": .count("How many groups of servers ask each other in a circle."),
                    "cycles": .list(
                        "The first of these groups.",
                        of: .object(
                            "One group.",
                            [
                                "nodes": .list(
                                    "Members, starting from the smallest name, each followed by the one that it asks.",
                                    of: .nodeName("Name of a node."),
                                    atMost: 50,
                                    .atomic
                                )
                            ],
                            required: ["nodes"]
                        ),
                        atMost: 20,
                        .atomic
                    ),
                    "pendingChanges": .count("How many servers must still be changed."),
                ],
                required: ["observed", "depth", "cycleCount", "pendingChanges"]
            ),
            "nodes": .object(
                "Counts of nodes.",
                [
                    "selected": .count("Nodes of the fleet."), "ready": .count("Of these, nodes that are Ready."),
                    "current": .count("Of these, nodes whose running configuration is as wanted."),
                    "updating": .count("Of these, nodes that are being changed."),
                    "failed": .count("Of these, nodes on which a change failed."),
                    "recorded": .count(
                        """
                        Of these, nodes that have their MirrorNode. They are written in the background; an agent \
                        reports once its node has one.
                        """
                    ),
                ],
                required: ["selected", "ready", "current", "updating", "failed"]
            ),
            "candidates": candidatesStatus,
            "evictions": evictionsStatus,
            "storm": stormStatus,
            "seeds": seedRecords,
            "rollout": .object(
                "The step that is under way; absent where none is.",
                [
                    "node": .nodeName("Name of the node that is being changed."),
                    "revision": .text("The revision that it gets.", atMost: 63),
                    "startedAt": .time("When the step began."),
                    "provenSince": .time(
                        "Since when the node has shown the wanted configuration and its health without a break."
                    ),
                    "step": .count("Number of this step, from 1."),
                    "of": .count("Number of steps of the rollout."),
                ],
                required: ["node", "revision", "startedAt", "step", "of"]
            ),
            "nextChange": .object(
                "The change that comes next, or would come next under mode Enforce.",
                [
                    "node": .nodeName("Name of the node."),
                    "action": .choice(
                        """
                        What is changed first on the node: its server setting, its registries, or the level of its \
                        service's log.
                        """,
                        P2PMirrorStatus.NextChange.Action.self
                    ),
                    "reason": .text("One word for programs.", atMost: 128),
                    "message": .text("A sentence for people.", atMost: 4096),
                ],
                required: ["node", "action", "reason", "message"]
            ),
        ]
    )
}
