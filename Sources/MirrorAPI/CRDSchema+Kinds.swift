package import KubeCore

/// All that is fixed of one kind: `crds/` is made from it.
package struct KindSchema: Sendable {
    package var resource: ResourceType
    package var shortName: String
    package var description: String
    /// Bounds of `metadata.name` beyond those of every object.
    package var name: FieldSchema?
    package var spec: FieldSchema
    package var status: FieldSchema
    package var columns: [PrinterColumn]

    package static let all = [p2pMirror, mirrorNode]

    package static let p2pMirror = KindSchema(
        resource: P2PMirror.resource,
        shortName: "p2pm",
        description: """
            A fleet of peer-to-peer image mirrors, and how it is to be kept healthy. Its name is one DNS label: it \
            becomes a label's value, a directory on the nodes, and the part before the first dot in MirrorNode names.
            """,
        // A dot in it would let two pairs of mirror and node share the name of a MirrorNode.
        name: .text("Name of the mirror, one DNS label.", .dnsLabel, atMost: 63),
        spec: p2pMirrorSpec,
        status: p2pMirrorStatus,
        columns: [
            PrinterColumn("Provider", ".spec.provider"),
            PrinterColumn("Mode", ".spec.mode"),
            PrinterColumn("Shape", ".status.topology.observed", about: "What the servers form now."),
            PrinterColumn("Root", ".status.topology.root", about: "The server that the others point to."),
            PrinterColumn(
                "Candidates",
                ".status.candidates.published",
                .integer,
                about: "Seeds that are published to the fleet now."
            ),
            PrinterColumn(
                "Evicted",
                ".status.candidates.evicted",
                .integer,
                about: "Seeds that are out of the set for being unhealthy."
            ),
            PrinterColumn(
                "Cycles",
                ".status.topology.cycleCount",
                .integer,
                about: "How many groups of servers ask each other in a circle.",
                isWide: true
            ),
            PrinterColumn("Ready", #".status.conditions[?(@.type=="Ready")].status"#),
            PrinterColumn("Reason", #".status.conditions[?(@.type=="Ready")].reason"#),
            PrinterColumn("Message", #".status.conditions[?(@.type=="Ready")].message"#, isWide: true),
            PrinterColumn("Age", ".metadata.creationTimestamp", .date),
        ]
    )

    package static let mirrorNode = KindSchema(
        resource: MirrorNode.resource,
        shortName: "mn",
        description: """
            One node of one mirror: what the operator wants of it, and what its agent says. Written by the operator \
            and the agent; an administrator only annotates it (p2pmirror.io/approve), or deletes it to let a failed \
            revision be tried again.
            """,
        name: nil,
        spec: mirrorNodeSpec,
        status: mirrorNodeStatus,
        columns: [
            PrinterColumn("Mirror", ".spec.mirrorName"),
            PrinterColumn("Node", ".spec.nodeName"),
            PrinterColumn("Role", ".spec.role"),
            PrinterColumn("State", ".status.agent.phase", about: "What the node's agent is doing, or did last."),
            PrinterColumn("Reason", ".status.agent.reason"),
            PrinterColumn(
                "Seed",
                ".status.candidate.state",
                about: "Where the seed stands; nothing while it is healthy.",
                isWide: true
            ),
            PrinterColumn("Wanted", ".spec.revision", about: "The revision that the operator wants.", isWide: true),
            PrinterColumn("Current", ".status.agent.revision", about: "The revision that State is about."),
            PrinterColumn("Message", ".status.agent.message", isWide: true),
            PrinterColumn("Age", ".metadata.creationTimestamp", .date),
        ]
    )
}

extension FieldSchema {
    static func nodeName(_ description: String) -> FieldSchema { .text(description, atMost: 253) }

    static func registries(_ description: String, default fallback: JSONValue? = nil) -> FieldSchema {
        .list(
            description,
            of: .text("One registry, such as docker.io.", .registry, atLeast: 1, atMost: 253),
            atMost: 64,
            .set,
            default: fallback
        )
    }

    static func conditions(_ description: String) -> FieldSchema {
        .list(description, of: condition, atMost: 32, .map(key: "type"))
    }

    private static let condition = FieldSchema.object(
        "One condition.",
        [
            "type": .text("What the condition is about, such as Ready.", .labelKey, atLeast: 1, atMost: 316),
            "status": FieldSchema(
                description: "Whether it holds.",
                form: .string(TextBounds(choices: ["True", "False", "Unknown"]))
            ),
            "observedGeneration": .ordinal("The generation of the specification that was looked at."),
            "lastTransitionTime": .time("When the status changed last."),
            "reason": .text("One word for programs.", .conditionReason, atLeast: 1, atMost: 1024),
            "message": .text("A sentence for people.", atMost: 32768),
        ],
        required: ["type", "status", "lastTransitionTime", "reason", "message"]
    )
}

extension FieldRule {
    /// The field has the value that it was created with.
    static func fixed(_ message: String) -> FieldRule {
        FieldRule("self == oldSelf", message: message) { value, old in value == old }
    }
}
