import KubeCore

/// The shapes of what a workload is installed from, as those of Pods are.
extension Schema {
    /// `apps/v1` DaemonSet. Its selector belongs to one writer as a whole.
    static let daemonSet = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: header.merging(
            [
                "spec": open([
                    "selector": Schema(kind: .object, preservesUnknown: true, isAtomicMap: true),
                    "template": podTemplate,
                    "revisionHistoryLimit": scalar(.integer, or: 10),
                    "updateStrategy": open(
                        ["type": scalar(.string, or: "RollingUpdate")],
                        defaultValue: [
                            "type": "RollingUpdate", "rollingUpdate": ["maxSurge": 0, "maxUnavailable": 1],
                        ]
                    ),
                ]),
                "status": open(["conditions": keyed(by: "type")]),
            ],
            uniquingKeysWith: { $1 }
        )
    )

    /// `v1` Service. Its selector belongs to one writer as a whole (`+mapType=atomic`): who applies one key of it
    /// takes the others away.
    static let service = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: header.merging(
            [
                "spec": open([
                    "ports": keyed(by: "port", "protocol", item: open(["protocol": scalar(.string, or: "TCP")])),
                    "selector": atomicMap,
                    "clusterIPs": atomicList,
                    "externalIPs": atomicList,
                    "ipFamilies": atomicList,
                    "loadBalancerSourceRanges": atomicList,
                    "type": scalar(.string, or: "ClusterIP"),
                    "sessionAffinity": scalar(.string, or: "None"),
                    "internalTrafficPolicy": scalar(.string, or: "Cluster"),
                ]),
                "status": open(["conditions": keyed(by: "type")]),
            ],
            uniquingKeysWith: { $1 }
        )
    )

    /// `v1` ServiceAccount.
    static let serviceAccount = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: header.merging(
            ["imagePullSecrets": atomicList, "secrets": keyed(by: "name")],
            uniquingKeysWith: { $1 }
        )
    )
}
