import KubeCore

// `charts/spegel/templates/daemonset.yaml`.
extension SpegelChart {
    private static let memory: JSONValue = ["requests": ["memory": "128Mi"], "limits": ["memory": "128Mi"]]
    private static let nodeIP: JSONValue = [
        "name": "NODE_IP", "valueFrom": ["fieldRef": ["fieldPath": "status.hostIP"]],
    ]
    private static let socket: JSONValue = "/run/containerd/containerd.sock"
    private static let content: JSONValue = "/var/lib/containerd/io.containerd.content.v1.content"
    private static let configuration: JSONValue = "/etc/containerd/certs.d"
    private static let data: JSONValue = "/var/lib/spegel"

    var daemonSet: JSONValue {
        let template: JSONValue = ["metadata": ["labels": .object(selector)], "spec": podSpec]
        return [
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata(fullName, component: "spegel"),
            "spec": [
                "revisionHistoryLimit": 10, "updateStrategy": [:], "selector": ["matchLabels": .object(selector)],
                "template": template,
            ],
        ]
    }

    private var podSpec: JSONValue {
        [
            "serviceAccountName": .string(fullName), "securityContext": [:],
            "priorityClassName": "system-node-critical",
            "initContainers": [configurationContainer], "containers": [registryContainer],
            "volumes": .array(volumes), "nodeSelector": ["kubernetes.io/os": "linux"],
            "tolerations": [
                ["key": "CriticalAddonsOnly", "operator": "Exists"], ["effect": "NoExecute", "operator": "Exists"],
                ["effect": "NoSchedule", "operator": "Exists"],
            ],
        ]
    }

    private func container(_ name: JSONValue, _ rest: [String: JSONValue]) -> JSONValue {
        let common: [String: JSONValue] = [
            // A released chart names its image by digest alone (.github/workflows/release.yaml).
            "name": name, "image": .string("ghcr.io/spegel-org/spegel@sha256:\(String(repeating: "5e", count: 32))"),
            "imagePullPolicy": "IfNotPresent", "securityContext": ["readOnlyRootFilesystem": true],
            "resources": Self.memory,
        ]
        return .object(common.merging(rest) { $1 })
    }

    private var configurationContainer: JSONValue {
        container(
            "configuration",
            [
                "args": [
                    "configuration", "--log-level=INFO", "--containerd-registry-config-path=/etc/containerd/certs.d",
                    "--mirror-targets", "http://$(NODE_IP):30020", "http://$(NODE_IP):30021", "--resolve-tags=true",
                    "--prepend-existing=false",
                ],
                "env": [Self.nodeIP],
                "volumeMounts": [["name": "containerd-config", "mountPath": Self.configuration]],
            ]
        )
    }

    private var registryContainer: JSONValue {
        let memoryLimit: JSONValue = [
            "name": "GOMEMLIMIT",
            "valueFrom": ["resourceFieldRef": ["resource": "limits.memory", "divisor": 1]],
        ]
        let ready: JSONValue = ["path": "/readyz", "port": "registry"]
        // v0.6.0 switches off what became --data-dir in v0.7.0.
        let first: [JSONValue] = version == .v060 ? [["name": "DATA_DIR", "value": ""]] : []
        return container(
            "registry",
            [
                "args": .array(arguments.map { .string($0) }), "env": .array(first + [memoryLimit, Self.nodeIP]),
                "ports": .array(ports), "readinessProbe": ["httpGet": ready],
                "startupProbe": ["periodSeconds": 3, "failureThreshold": 60, "httpGet": ready],
                "volumeMounts": .array(mounts),
            ]
        )
    }

    private var arguments: [String] {
        let domain = "\(fullName)-bootstrap.\(namespace).svc.cluster.local."
        let early = version == .v060 ? ["--containerd-registry-config-path=/etc/containerd/certs.d"] : []
        let late = version == .v060 ? [] : ["--data-dir=/var/lib/spegel"]
        return [
            "registry", "--log-level=INFO", "--mirror-resolve-retries=3", "--mirror-resolve-timeout=20ms",
            "--registry-addr=:5000", "--router-addr=:5001", "--metrics-addr=:9090",
            "--containerd-sock=/run/containerd/containerd.sock", "--containerd-namespace=k8s.io",
        ] + early + [
            "--bootstrap-kind=dns", "--dns-bootstrap-domain=\(domain)",
            "--containerd-content-path=/var/lib/containerd/io.containerd.content.v1.content",
            "--debug-web-enabled=true",
        ] + late
    }

    private var ports: [JSONValue] {
        let registry: JSONValue = ["name": "registry", "containerPort": 5000, "hostPort": 30020, "protocol": "TCP"]
        let metrics: JSONValue = ["name": "metrics", "containerPort": 9090, "protocol": "TCP"]
        let router: [JSONValue] =
            version == .v060
            ? [["name": "router", "containerPort": 5001, "protocol": "TCP"]]
            : [
                ["name": "router-tcp", "containerPort": 5001, "protocol": "TCP"],
                ["name": "router-quic", "containerPort": 5001, "protocol": "UDP"],
            ]
        return [registry] + router + [metrics]
    }

    private var mounts: [JSONValue] {
        let data: [JSONValue] = version == .v060 ? [] : [["name": "spegel-data", "mountPath": Self.data]]
        return data + [
            ["name": "containerd-sock", "mountPath": Self.socket],
            ["name": "containerd-content", "mountPath": Self.content, "readOnly": true],
        ]
    }

    private var volumes: [JSONValue] {
        let data = Self.hostPath("spegel-data", Self.data, "DirectoryOrCreate")
        return (version == .v060 ? [] : [data]) + [
            Self.hostPath("containerd-sock", Self.socket, "Socket"),
            Self.hostPath("containerd-content", Self.content, "Directory"),
            Self.hostPath("containerd-config", Self.configuration, "DirectoryOrCreate"),
        ]
    }

    private static func hostPath(_ name: JSONValue, _ path: JSONValue, _ type: JSONValue) -> JSONValue {
        ["name": name, "hostPath": ["path": path, "type": type]]
    }
}
