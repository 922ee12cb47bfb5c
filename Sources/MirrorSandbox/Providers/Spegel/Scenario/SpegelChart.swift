package import KubeCore

/// What the upstream chart installs, as far as it matters here: its bootstrap Service selects every Pod.
///
/// Source: `charts/spegel/templates/daemonset.yaml` and `service.yaml` of spegel v0.7.4.
package enum SpegelChart {
    package static let release = "spegel"

    private static let labels: JSONValue = [
        "app.kubernetes.io/component": "spegel", "app.kubernetes.io/name": "spegel",
        "app.kubernetes.io/instance": .string(release),
    ]

    /// The objects, in the order in which they are created.
    package static func objects(namespace: String, image: String) -> [(resource: ResourceType, object: JSONValue)] {
        [
            (ClusterObjects.serviceAccounts, object("v1", "ServiceAccount", release, namespace)),
            (ClusterObjects.services, bootstrapService(namespace)),
            (ClusterObjects.daemonSets, daemonSet(namespace, image)),
        ]
    }

    private static func object(
        _ apiVersion: String,
        _ kind: String,
        _ name: String,
        _ namespace: String
    ) -> JSONValue {
        [
            "apiVersion": .string(apiVersion), "kind": .string(kind),
            "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": labels],
        ]
    }

    private static func bootstrapService(_ namespace: String) -> JSONValue {
        var service = object("v1", "Service", "\(release)-bootstrap", namespace)
        service["spec"] = ["selector": labels, "clusterIP": "None", "publishNotReadyAddresses": true]
        return service
    }

    private static func daemonSet(_ namespace: String, _ image: String) -> JSONValue {
        let probe: JSONValue = ["path": "/readyz", "port": "registry"]
        let container: JSONValue = [
            "name": "registry", "image": .string(image),
            "args": [
                "registry", "--log-level=INFO", "--registry-addr=:5000", "--router-addr=:5001",
                "--metrics-addr=:9090", "--bootstrap-kind=dns",
                .string("--dns-bootstrap-domain=\(release)-bootstrap.\(namespace).svc.cluster.local"),
                "--debug-web-enabled=true", "--data-dir=/var/lib/spegel",
            ],
            "ports": [
                ["name": "registry", "containerPort": 5_000, "hostPort": 30_020, "protocol": "TCP"],
                ["name": "router-tcp", "containerPort": 5_001, "protocol": "TCP"],
                ["name": "metrics", "containerPort": 9_090, "protocol": "TCP"],
            ],
            "startupProbe": ["periodSeconds": 3, "failureThreshold": 60, "httpGet": probe],
            "readinessProbe": ["httpGet": probe],
        ]
        var daemonSet = object("apps/v1", "DaemonSet", release, namespace)
        daemonSet["spec"] = [
            "selector": ["matchLabels": labels],
            "template": [
                "metadata": ["labels": labels],
                "spec": [
                    "serviceAccountName": .string(release), "nodeSelector": ["kubernetes.io/os": "linux"],
                    "tolerations": [
                        ["operator": "Exists", "effect": "NoExecute"], ["operator": "Exists", "effect": "NoSchedule"],
                    ],
                    "containers": [container],
                ],
            ],
        ]
        return daemonSet
    }
}
