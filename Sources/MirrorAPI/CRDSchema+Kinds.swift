package import KubeCore

/// The schema of one kind.
package struct KindSchema: Sendable {
    package var resource: ResourceType
    /// Bounds of `metadata.name` beyond those of every object.
    package var name: FieldSchema?
    package var spec: FieldSchema
    package var status: FieldSchema

    package static let all = [p2pMirror, mirrorNode]

    package static let p2pMirror = KindSchema(
        resource: P2PMirror.resource,
        // A dot in it would let two pairs of mirror and node share the name of a MirrorNode.
        name: .text(.dnsLabel, atMost: 63),
        spec: p2pMirrorSpec,
        status: p2pMirrorStatus
    )

    package static let mirrorNode = KindSchema(
        resource: MirrorNode.resource,
        name: nil,
        spec: mirrorNodeSpec,
        status: mirrorNodeStatus
    )
}

extension FieldSchema {
    static let nodeName = FieldSchema.text(atMost: 253)

    static let registries = registries(default: nil)

    static func registries(default fallback: JSONValue?) -> FieldSchema {
        .list(of: .text(.registry, atLeast: 1, atMost: 253), atMost: 64, .set, default: fallback)
    }

    static let conditions = FieldSchema.list(of: condition, atMost: 32, .map(key: "type"))

    private static let condition = FieldSchema.object(
        [
            "type": .text(.labelKey, atLeast: 1, atMost: 316),
            "status": FieldSchema(form: .string(TextBounds(choices: ["True", "False", "Unknown"]))),
            "observedGeneration": .ordinal,
            "lastTransitionTime": .time,
            "reason": .text(.conditionReason, atLeast: 1, atMost: 1024),
            "message": .text(atMost: 32768),
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
