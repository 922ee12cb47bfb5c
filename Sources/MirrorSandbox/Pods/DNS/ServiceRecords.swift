package import KubeCore

/// The addresses that a cluster's DNS gives for headless Services.
///
/// Source: `staging/src/k8s.io/endpointslice/reconciler.go` of kubernetes: every Pod that the selector matches, that
/// has an address and has not ended is an endpoint; it is published where it is ready, or where the Service says
/// `publishNotReadyAddresses`, and then also while it ends.
package struct ServiceRecords: Sendable {
    private let services: [ObjectKey: JSONValue]
    private let pods: [JSONValue]

    package init(services: [JSONValue] = [], pods: [JSONValue] = []) {
        let keyed = services.map { (ObjectKey(namespace: $0.objectNamespace, name: $0.objectName), $0) }
        self.services = Dictionary(keyed, uniquingKeysWith: { $1 })
        self.pods = pods
    }

    /// Answers a question about `SERVICE.NAMESPACE.svc.DOMAIN`; the domain may be missing, as the search path of a Pod
    /// completes it.
    package func answer(_ question: DNSMessage.Question) -> DNSMessage.Answer {
        let labels = question.name.split(separator: ".").map(String.init)
        guard labels.count > 2, labels[2] == "svc",
            let service = services[ObjectKey(namespace: labels[1], name: labels[0])]
        else { return .failure(code: DNSMessage.noSuchName) }
        return .addresses(question.type == DNSMessage.typeA ? addresses(of: service) : [])
    }

    private func addresses(of service: JSONValue) -> [String] {
        let selector = service.stringMap(["spec", "selector"])
        let all = service.at(["spec", "publishNotReadyAddresses"])?.boolValue == true
        guard !selector.isEmpty else { return [] }
        return pods.compactMap { pod -> String? in
            let labels = pod.stringMap(["metadata", "labels"])
            let hasEnded = ["Succeeded", "Failed"].contains(pod.at(["status", "phase"])?.stringValue ?? "")
            guard pod.objectNamespace == service.objectNamespace, !hasEnded,
                selector.allSatisfy({ labels[$0.key] == $0.value })
            else { return nil }
            let serves = PodView.isReady(pod) && pod.at(["metadata", "deletionTimestamp"]) == nil
            return all || serves ? pod.at(["status", "podIP"])?.stringValue : nil
        }
    }
}
