import KubeCore
import MirrorAPI

/// The objects of an installation, as values. What they hold follows the upstream chart (spegel
/// `charts/spegel/templates`), but for the candidate label and for who replaces pods.
struct SpegelObjects {
    /// Ports of a pod, and of its node: the host port, and behind it the port of the Service on every node.
    static let registryPort = 5000
    static let routerPort = 5001
    static let metricsPort = 9090
    static let hostPort = 30_020
    static let nodePort = 30_021
    static let cleanUpPort = 8080
    /// How long a pod may take to find others before its container is started again.
    static let startupSeconds = 180

    let names: SpegelNames
    let owner: OwnerReference
    let nodes: LabelSelector
    let settings: SpegelSettings

    init(_ mirror: P2PMirror, _ install: P2PMirrorSpec.Install, now: Timestamp) {
        names = SpegelNames(mirror)
        owner = mirror.controllerReference()
        nodes = mirror.spec.selector
        settings = SpegelSettings(mirror.spec, install, now: now)
    }

    /// All of them, in the order in which they are made: what the pods need comes before the pods.
    var all: [ManagedObject] {
        var objects = [serviceAccount, bootstrapService, registryService, metricsService]
        if settings.install.serviceMonitor { objects.append(serviceMonitor) }
        return (objects + [daemonSet]).map { $0.sealed() }
    }

    func metadata(_ name: String, _ labels: [String: String] = [:]) -> JSONValue {
        [
            "name": .string(name), "namespace": .string(names.namespace),
            "labels": .strings(names.labels.merging(labels) { $1 }),
            "ownerReferences": [(try? JSONCoding.value(of: owner)) ?? .null],
        ]
    }

    func object(_ resource: ResourceType, _ metadata: JSONValue, _ parts: [String: JSONValue]) -> ManagedObject {
        var body = parts
        body["apiVersion"] = .string(resource.apiVersion)
        body["kind"] = .string(resource.kind)
        body["metadata"] = metadata
        return ManagedObject(resource, .object(body))
    }

    // MARK: Beside the pods

    private var serviceAccount: ManagedObject {
        object(
            ServiceAccountKind.resource,
            metadata(names.base),
            // The pods ask nothing of the API server.
            ["automountServiceAccountToken": false]
        )
    }

    /// Only candidates are handed out. Not-ready ones among them are: a fleet that starts has no others.
    private var bootstrapService: ManagedObject {
        object(
            ServiceKind.resource,
            metadata(names.bootstrapService),
            [
                "spec": [
                    "clusterIP": "None", "publishNotReadyAddresses": true,
                    "selector": .strings(names.selector.merging([LabelKey.candidate: "true"]) { $1 }),
                    "ports": [port("router", Self.routerPort)],
                ]
            ]
        )
    }

    private var registryService: ManagedObject {
        var port = port("registry", Self.registryPort)
        port["nodePort"] = .int(Int64(Self.nodePort))
        return object(
            ServiceKind.resource,
            metadata(names.registryService),
            ["spec": ["type": "NodePort", "selector": .strings(names.selector), "ports": [port]]]
        )
    }

    private var metricsService: ManagedObject {
        object(
            ServiceKind.resource,
            metadata(names.base, [SpegelNames.componentLabel: "metrics"]),
            ["spec": ["selector": .strings(names.selector), "ports": [port("metrics", Self.metricsPort)]]]
        )
    }

    private func port(_ name: String, _ number: Int) -> JSONValue {
        ["name": .string(name), "port": .int(Int64(number)), "targetPort": .int(Int64(number)), "protocol": "TCP"]
    }

    private var serviceMonitor: ManagedObject {
        object(
            ServiceMonitorKind.resource,
            metadata(names.base),
            [
                "spec": [
                    "selector": [
                        "matchLabels": .strings(names.labels.merging([SpegelNames.componentLabel: "metrics"]) { $1 })
                    ],
                    "endpoints": [["port": "metrics"]],
                ]
            ]
        )
    }
}
