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

    /// `v1` ConfigMap: each key may have a writer of its own.
    static let configMap = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: header.merging(["data": map, "binaryData": map], uniquingKeysWith: { $1 })
    )

    /// `apps/v1` StatefulSet. Its selector and its claims belong to one writer each.
    static let statefulSet = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: header.merging(
            [
                "spec": open([
                    "selector": Schema(kind: .object, preservesUnknown: true, isAtomicMap: true),
                    "template": podTemplate,
                    "replicas": scalar(.integer, or: 1),
                    "revisionHistoryLimit": scalar(.integer, or: 10),
                    "podManagementPolicy": scalar(.string, or: "OrderedReady"),
                    "updateStrategy": open(
                        ["type": scalar(.string, or: "RollingUpdate")],
                        defaultValue: ["type": "RollingUpdate", "rollingUpdate": ["partition": 0]]
                    ),
                    "volumeClaimTemplates": Schema(kind: .array, items: [claim]),
                ]),
                "status": open(["conditions": keyed(by: "type")]),
            ],
            uniquingKeysWith: { $1 }
        )
    )

    private static let claim = open([
        "apiVersion": scalar(.string, or: "v1"),
        "kind": scalar(.string, or: "PersistentVolumeClaim"),
        "spec": open(["volumeMode": scalar(.string, or: "Filesystem")]),
        "status": open(["phase": scalar(.string, or: "Pending")], defaultValue: ["phase": "Pending"]),
    ])

    /// `networking.k8s.io/v1` NetworkPolicy: its lists and its selector belong to one writer each.
    static let networkPolicy = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: header.merging(
            [
                "spec": open([
                    "podSelector": Schema(
                        kind: .object,
                        preservesUnknown: true,
                        isAtomicMap: true,
                        defaultValue: [:]
                    ),
                    "ingress": Schema(kind: .array, items: [policyRule]),
                    "egress": Schema(kind: .array, items: [policyRule]),
                    "policyTypes": atomicList,
                ])
            ],
            uniquingKeysWith: { $1 }
        )
    )

    private static let policyRule = open([
        "ports": Schema(kind: .array, items: [open(["protocol": scalar(.string, or: "TCP")])])
    ])

    /// `policy/v1` PodDisruptionBudget.
    static let disruptionBudget = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: header.merging(
            [
                "spec": open(["selector": Schema(kind: .object, preservesUnknown: true, isAtomicMap: true)]),
                "status": open(["conditions": keyed(by: "type")]),
            ],
            uniquingKeysWith: { $1 }
        )
    )
}
