import KubeCore

/// The objects of the upstream chart with its default values, as `helm install` creates them.
///
/// Rendered after `charts/spegel/templates` (`_helpers.tpl`, `rbac.yaml`, `service.yaml`, `daemonset.yaml`) and
/// `charts/spegel/values.yaml` of spegel-org/spegel at the tags v0.6.0 and v0.7.4. What Helm adds itself: the
/// annotations `meta.helm.sh/*` and, as every write of `helm install`, the field manager `helm`.
struct SpegelChart: Sendable, CustomStringConvertible {
    /// The releases that are rendered.
    enum Version: String, CaseIterable, Sendable {
        case v060 = "v0.6.0"
        case v074 = "v0.7.4"
    }

    var version: Version
    var release: String
    var namespace: String

    var description: String { "\(version.rawValue) as \(release)" }

    /// `spegel.fullname`.
    var fullName: String { release.contains("spegel") ? release : "\(release)-spegel" }
    /// `spegel.selectorLabels`, with the component that the DaemonSet and the Services add.
    var selector: [String: JSONValue] {
        selectorLabels.merging(["app.kubernetes.io/component": "spegel"]) { $1 }
    }

    private var selectorLabels: [String: JSONValue] {
        ["app.kubernetes.io/name": "spegel", "app.kubernetes.io/instance": .string(release)]
    }

    /// In the order in which Helm creates them.
    var objects: [JSONValue] { [serviceAccount] + services + [daemonSet] }

    func metadata(
        _ name: String,
        component: String? = nil,
        annotations: [String: JSONValue] = [:]
    ) -> JSONValue {
        // The version of the chart is the release without its v (.github/workflows/release.yaml).
        var labels = selectorLabels.merging([
            "helm.sh/chart": .string("spegel-\(version.rawValue.dropFirst())"),
            "app.kubernetes.io/version": .string(version.rawValue), "app.kubernetes.io/managed-by": "Helm",
        ]) { $1 }
        if let component { labels["app.kubernetes.io/component"] = .string(component) }
        let helm: [String: JSONValue] = [
            "meta.helm.sh/release-name": .string(release), "meta.helm.sh/release-namespace": .string(namespace),
        ]
        return [
            "name": .string(name), "namespace": .string(namespace), "labels": .object(labels),
            "annotations": .object(annotations.merging(helm) { $1 }),
        ]
    }

    private var serviceAccount: JSONValue {
        ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(fullName)]
    }

    private var services: [JSONValue] {
        let metrics: JSONValue = ["name": "metrics", "port": 9090, "targetPort": "metrics", "protocol": "TCP"]
        let registry: JSONValue = [
            "name": "registry", "port": 5000, "targetPort": "registry", "nodePort": 30021, "protocol": "TCP",
        ]
        var bootstrap: [String: JSONValue] = ["clusterIP": "None", "publishNotReadyAddresses": true]
        // Releases before v0.7.0 name the router's port here.
        if version == .v060 { bootstrap["ports"] = [["name": "router", "port": 5001, "protocol": "TCP"]] }
        let hints: [String: JSONValue] = ["service.kubernetes.io/topology-mode": "auto"]
        return [
            service(metadata(fullName, component: "metrics"), ["ports": [metrics]]),
            service(
                metadata("\(fullName)-registry", annotations: hints),
                ["type": "NodePort", "ports": [registry]]
            ),
            service(metadata("\(fullName)-bootstrap"), bootstrap),
        ]
    }

    private func service(_ metadata: JSONValue, _ spec: [String: JSONValue]) -> JSONValue {
        let own: [String: JSONValue] = ["selector": .object(selector)]
        return [
            "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": .object(own.merging(spec) { $1 }),
        ]
    }
}
