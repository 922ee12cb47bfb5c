import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// What releases of the upstream chart render, as far as it is read: facts of spegel `charts/spegel/templates`.
enum ChartFixture {
    static let namespace = "spegel"
    static let release = "images"

    static func labels(_ component: String?, release: String = release) -> JSONValue {
        var labels: JSONValue = [
            "app.kubernetes.io/name": "spegel", "app.kubernetes.io/instance": .string(release),
            "app.kubernetes.io/managed-by": "Helm",
        ]
        if let component { labels["app.kubernetes.io/component"] = .string(component) }
        return labels
    }

    static let nodeIP: JSONValue = [
        "name": "NODE_IP", "valueFrom": ["fieldRef": ["fieldPath": "status.hostIP"]],
    ]

    static func daemonSet(_ component: String?, release: String = release, _ pod: JSONValue) -> ManagedObject {
        var selector = labels(component, release: release)
        selector["app.kubernetes.io/managed-by"] = nil
        return ManagedObject(
            DaemonSetKind.resource,
            [
                "metadata": [
                    "name": .string("\(release)-spegel"), "namespace": .string(namespace), "uid": "ds-uid",
                    "generation": 1, "labels": labels(component, release: release),
                ],
                "spec": [
                    "selector": ["matchLabels": selector],
                    "template": ["metadata": ["labels": selector], "spec": pod],
                ],
            ]
        )
    }

    static func bootstrap(_ component: String?, release: String = release) -> ManagedObject {
        var selector = labels(component, release: release)
        selector["app.kubernetes.io/managed-by"] = nil
        return ManagedObject(
            ServiceKind.resource,
            [
                "metadata": [
                    "name": .string("\(release)-spegel-bootstrap"), "namespace": .string(namespace),
                    "resourceVersion": "1", "labels": labels(nil, release: release),
                ],
                "spec": ["clusterIP": "None", "publishNotReadyAddresses": true, "selector": selector],
            ]
        )
    }

    static func container(_ name: String, _ arguments: [String], _ more: JSONValue = [:]) -> JSONValue {
        var container = more
        container["name"] = .string(name)
        container["image"] = "ghcr.io/spegel-org/spegel:v0.7.4"
        container["args"] = .array(arguments.map { .string($0) })
        if container["env"] == nil { container["env"] = [nodeIP] }
        return container
    }

    /// Two containers, as all charts since v0.0.6 have them.
    static func pod(
        _ configuration: [String],
        registry: [String] = ["registry"],
        _ more: JSONValue = [:]
    ) -> JSONValue {
        [
            "initContainers": [container("configuration", ["configuration"] + configuration)],
            "containers": [container("registry", registry, more)],
        ]
    }

    static let node = "http://$(NODE_IP)"

    /// v0.3: no component, and `--mirror-targets` at the two usual ports.
    static let old = daemonSet(
        nil,
        pod([
            "--containerd-registry-config-path=/etc/containerd/certs.d", "--mirror-targets", "\(node):30020",
            "\(node):30021",
        ])
    )
    /// v0.7 with registries and ports of its own.
    static let custom = daemonSet(
        "spegel",
        pod(
            [
                "--log-level=INFO", "--containerd-registry-config-path=/etc/containerd/certs.d",
                "--mirrored-registries",
                "https://docker.io", "https://ghcr.io", "--mirror-targets", "\(node):29999", "\(node):31999",
                "--resolve-tags=true", "--prepend-existing=false",
            ],
            registry: [
                "registry", "--registry-addr=:5100", "--router-addr=:5101", "--metrics-addr=:9190",
                "--mirrored-registries", "https://docker.io", "https://ghcr.io",
                "--dns-bootstrap-domain=images-spegel-bootstrap.spegel.svc.cluster.local.",
            ],
            [
                "ports": [["name": "registry", "containerPort": 5100, "hostPort": 29999]],
                "readinessProbe": ["httpGet": ["path": "/readyz", "port": "registry"]],
            ]
        )
    )
}
