import KubeCore

/// The shapes of Pods as far as they decide how writers share them: the keys of lists, the maps that belong to one
/// writer, and defaults. What is not named here is kept as it is sent.
///
/// Source: `applyconfigurations/internal/internal.go` of kubernetes/client-go, and `pkg/apis/core/v1/defaults.go` of
/// kubernetes/kubernetes.
extension Schema {
    /// An object that may have other members than these.
    static func open(_ properties: [String: Schema] = [:], defaultValue: JSONValue? = nil) -> Schema {
        Schema(kind: .object, preservesUnknown: true, properties: properties, defaultValue: defaultValue)
    }

    /// A list whose elements have names of their own.
    static func keyed(by keys: String..., item: Schema = .open()) -> Schema {
        Schema(kind: .array, listType: .map(keys: keys), items: [item])
    }

    /// A list that belongs to one writer as a whole.
    static let atomicList = Schema(kind: .array, items: [.anything])
    /// A map of texts that belongs to one writer as a whole.
    static let atomicMap = Schema(kind: .object, isAtomicMap: true, additional: [Schema(kind: .string)])
    /// A map of texts each of which may have a writer of its own.
    static let map = Schema(kind: .object, additional: [Schema(kind: .string)])

    /// A text, a number or a flag with what it is where nobody says so.
    static func scalar(_ kind: Kind, or value: JSONValue) -> Schema { Schema(kind: kind, defaultValue: value) }

    /// `v1` Pod.
    static let pod = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: header.merging(["spec": podSpec, "status": podStatus], uniquingKeysWith: { $1 })
    )

    /// The template of a workload's Pods.
    static let podTemplate = open(["metadata": .metadata, "spec": podSpec])

    private static let podSpec = open([
        "containers": keyed(by: "name", item: container),
        "initContainers": keyed(by: "name", item: container),
        "ephemeralContainers": keyed(by: "name", item: container),
        "volumes": keyed(by: "name"),
        "imagePullSecrets": keyed(by: "name"),
        "hostAliases": keyed(by: "ip"),
        "topologySpreadConstraints": keyed(by: "topologyKey", "whenUnsatisfiable"),
        "nodeSelector": atomicMap,
        "tolerations": atomicList,
        "readinessGates": atomicList,
        "restartPolicy": scalar(.string, or: "Always"),
        "terminationGracePeriodSeconds": scalar(.integer, or: 30),
        "dnsPolicy": scalar(.string, or: "ClusterFirst"),
        "securityContext": open(defaultValue: [:]),
        "schedulerName": scalar(.string, or: "default-scheduler"),
    ])

    private static let container = open([
        "args": atomicList,
        "command": atomicList,
        "env": keyed(by: "name"),
        "envFrom": atomicList,
        "ports": keyed(by: "containerPort", "protocol", item: open(["protocol": scalar(.string, or: "TCP")])),
        "volumeMounts": keyed(by: "mountPath"),
        "volumeDevices": keyed(by: "devicePath"),
        "resources": open(["claims": keyed(by: "name")], defaultValue: [:]),
        "startupProbe": probe,
        "readinessProbe": probe,
        "livenessProbe": probe,
        "terminationMessagePath": scalar(.string, or: "/dev/termination-log"),
        "terminationMessagePolicy": scalar(.string, or: "File"),
        "imagePullPolicy": scalar(.string, or: "IfNotPresent"),
    ])

    private static let probe = open([
        "httpGet": open(["scheme": scalar(.string, or: "HTTP"), "httpHeaders": atomicList]),
        "timeoutSeconds": scalar(.integer, or: 1),
        "periodSeconds": scalar(.integer, or: 10),
        "successThreshold": scalar(.integer, or: 1),
        "failureThreshold": scalar(.integer, or: 3),
    ])

    private static let podStatus = open([
        "conditions": keyed(by: "type"),
        "podIPs": keyed(by: "ip"),
        "hostIPs": atomicList,
        "containerStatuses": atomicList,
        "initContainerStatuses": atomicList,
    ])
}
