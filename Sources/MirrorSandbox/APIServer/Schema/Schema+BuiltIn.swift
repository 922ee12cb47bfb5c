import KubeCore

extension Schema {
    private static func scalar(_ kind: Kind, least: Double? = nil) -> Schema {
        Schema(kind: kind, isNullable: true, bounds: Bounds(minimum: least))
    }

    private static func time() -> Schema {
        let pattern = #"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"#
        return Schema(kind: .string, isNullable: true, bounds: Bounds(pattern: pattern))
    }

    /// What every object has beside its own fields.
    static let header: [String: Schema] = [
        "apiVersion": scalar(.string), "kind": scalar(.string), "metadata": .anything,
    ]

    /// `coordination.k8s.io/v1` Lease.
    static let lease = Schema(
        kind: .object,
        properties: header.merging(
            [
                "spec": Schema(
                    kind: .object,
                    properties: [
                        "holderIdentity": scalar(.string), "preferredHolder": scalar(.string),
                        "strategy": scalar(.string), "leaseDurationSeconds": scalar(.integer, least: 1),
                        "leaseTransitions": scalar(.integer, least: 0), "acquireTime": time(),
                        "renewTime": time(),
                    ]
                )
            ],
            uniquingKeysWith: { $1 }
        )
    )

    /// `apiextensions.k8s.io/v1` CustomResourceDefinition: only what decides how parts of it are merged by
    /// server-side apply; its content is checked where it is read.
    static let definition = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: header.merging(
            [
                "spec": Schema(
                    kind: .object,
                    preservesUnknown: true,
                    properties: [
                        "versions": Schema(kind: .array, items: [.anything]),
                        "names": Schema(kind: .object, preservesUnknown: true),
                    ]
                ),
                "status": Schema(
                    kind: .object,
                    preservesUnknown: true,
                    properties: [
                        "conditions": Schema(
                            kind: .array,
                            listType: .map(keys: ["type"]),
                            items: [.anything]
                        )
                    ]
                ),
            ],
            uniquingKeysWith: { $1 }
        )
    )
}
