import KubeCore
import MirrorPlanner

/// Objects of a release as a chart renders them, as far as they can be created anywhere: its workloads with no
/// replicas, and their pods beside them, since no kubelet and no scheduler runs here.
struct TestRelease: Hashable, Sendable, CustomStringConvertible {
    var description: String
    var server: String
    var client: String
    var hasManager: Bool
    /// Port of QUIC as the chart has it: TCP by mistake until 1.6.26.
    var quic: String

    static let all = [
        TestRelease(description: "chart 1.6.20", server: "v2.4.3", client: "v1.3.0", hasManager: true, quic: "TCP"),
        TestRelease(description: "chart 1.7.4", server: "v2.5.0", client: "v1.4.0", hasManager: true, quic: "UDP"),
        TestRelease(description: "no manager", server: "v2.5.1", client: "v1.5.1", hasManager: false, quic: "UDP"),
    ]

    static let configMaps = ConfigMapKind.resource
    static let statefulSets = StatefulSetKind.resource
    static let services = BareKind.services
    static let kinds = [configMaps, statefulSets, services, NetworkPolicyKind.resource]

    static func resource(_ kind: String) -> ResourceType? {
        (kinds + [Pod.resource, BareKind.nodes]).first { $0.kind == kind }
    }

    func objects(_ namespace: String) -> [JSONValue] {
        var objects = [
            file("scheduler", "scheduler.yaml", scheduler), file("seed-client", "dfdaemon.yaml", daemon(isSeed: true)),
            file("client", "dfdaemon.yaml", daemon(isSeed: false)), set("scheduler"), set("seed-client"), service,
        ]
        if !hasManager {
            let limits = "schedulerClusterConfig: {candidateParentLimit: 3, filterParentLimit: 15}"
            let name = "scheduler: {addr: \"dragonfly-scheduler.\(namespace).svc.cluster.local:8002\"}"
            objects += [
                file("scheduler-dynconfig", "dynconfig.yaml", limits), file("daemon-dynconfig", "dynconfig.yaml", name),
            ]
        }
        return (1...3).map { node($0, namespace) }
            + objects.map { object in
                var object = object
                object["metadata"]?["namespace"] = .string(namespace)
                return object
            }
    }

    /// Three schedulers, three seeds and two clients on three nodes.
    func pods(_ namespace: String) -> [JSONValue] {
        (0...2).flatMap { number in
            ["scheduler", "seed-client"].map { pod($0, number, "dragonfly-\($0)-\(number)", namespace) }
        } + (0...1).map { pod("client", $0, "dragonfly-client-x\($0)", namespace) }
    }

    /// The address of a pod; nobody has it.
    static func address(_ component: String, _ number: Int) -> String {
        "198.18.\(component == "scheduler" ? 20 : component == "client" ? 40 : 30).\(number + 1)"
    }

    private func metadata(_ name: String, _ component: String) -> JSONValue {
        [
            "name": .string("dragonfly-\(name)"),
            "labels": [
                "app": "dragonfly", "release": "dragonfly", "heritage": "Helm", "component": .string(component),
            ],
        ]
    }

    private func file(_ name: String, _ key: String, _ text: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(name, name),
            "data": .object([key: .string(text)]),
        ]
    }

    private var service: JSONValue {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": metadata("scheduler", "scheduler"),
            "spec": [
                "ports": [["name": "grpc", "port": 8_002, "protocol": "TCP"]],
                "selector": ["app": "dragonfly", "component": "scheduler"],
            ],
        ]
    }

    private func set(_ component: String) -> JSONValue {
        let labels: JSONValue = ["app": "dragonfly", "component": .string(component)]
        return [
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata(component, component),
            "spec": [
                "replicas": 0, "serviceName": .string(component), "selector": ["matchLabels": labels],
                "template": [
                    "metadata": ["labels": labels, "annotations": ["checksum/config": "0000"]],
                    "spec": ["containers": [container(component)]],
                ],
            ],
        ]
    }

    private func container(_ component: String) -> JSONValue {
        let (image, tag) = component == "scheduler" ? ("scheduler", server) : ("client", client)
        return [
            "name": .string(component), "image": .string("docker.io/dragonflyoss/\(image):\(tag)"),
            "ports": component == "scheduler"
                ? [["containerPort": 8_002, "protocol": "TCP"]]
                : [
                    ["containerPort": 4_000, "protocol": "TCP"],
                    ["containerPort": 4_006, "protocol": .string(quic)],
                ],
        ]
    }

    private func pod(_ component: String, _ number: Int, _ name: String, _ namespace: String) -> JSONValue {
        var labels: [String: JSONValue] = ["app": "dragonfly", "component": .string(component)]
        if component != "client" { labels["statefulset.kubernetes.io/pod-name"] = .string(name) }
        var maps: [JSONValue] = [["configMap": ["name": .string("dragonfly-\(component)")]]]
        if !hasManager {
            let other = component == "scheduler" ? "scheduler" : "daemon"
            maps.append(["configMap": ["name": .string("dragonfly-\(other)-dynconfig")]])
        }
        let address = JSONValue.string(Self.address(component, number))
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": .object(labels)],
            "spec": [
                "nodeName": .string("\(namespace)-\(number + 1)"), "containers": [container(component)],
                "automountServiceAccountToken": false,
                "volumes": [["name": "config", "projected": ["sources": .array(maps)]]],
            ],
            "status": [
                "phase": "Running", "podIP": address, "podIPs": [["ip": address]],
                "conditions": [["type": "Ready", "status": "True"]],
            ],
        ]
    }

    private func node(_ number: Int, _ namespace: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Node",
            "metadata": [
                "name": .string("\(namespace)-\(number)"),
                "labels": ["kubernetes.io/os": "linux", "p2pmirror.io/test": .string(namespace)],
            ],
            "status": ["conditions": [["type": "Ready", "status": "True"]]],
        ]
    }

    private var scheduler: String {
        """
        server: {port: 8002}
        scheduler:
          retryBackToSourceLimit: 3
          retryLimit: 5
          retryInterval: 2s
        database: {redis: {addrs: ["dragonfly-redis:6379"], password: a-secret}}
        \(hasManager ? "manager: {addr: \"dragonfly-manager:65003\", schedulerClusterID: 1}" : "")
        """
    }

    private func daemon(isSeed: Bool) -> String {
        """
        host: {schedulerClusterID: 1}
        upload: {server: {port: 4000, requestRateLimit: 400}}
        scheduler: {announceInterval: \(isSeed ? "1m" : "5m")}
        seedPeer: {enable: \(isSeed), type: super}
        storage: {dir: /var/lib/dragonfly/, keep: true}
        gc: {interval: 900s, policy: {distHighThresholdPercent: 80, distLowThresholdPercent: 60}}
        \(hasManager ? "manager: {addr: \"http://dragonfly-manager:65003\"}" : "")
        """
    }
}
