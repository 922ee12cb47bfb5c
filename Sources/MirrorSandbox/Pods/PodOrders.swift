package import KubeCore

/// What others than the Pod itself decide about its process while it runs: policies of the network, and a scenario's
/// faults.
package struct PodOrders: Codable, Hashable, Sendable {
    /// TCP ports that get no new connection.
    package var deniedPorts: [UInt16] = []
    /// Whether connections that are there already go on.
    package var keepsEstablished = true
    /// What a scenario does beside the policies.
    package var faults = PodFaults()

    package init() {}
}

/// How the network of a simulated cluster treats policies.
package struct PolicyEnforcement: Hashable, Sendable {
    /// Whether policies do anything at all.
    package var isEnforced: Bool
    /// Whether connections go on that were there before a policy.
    package var keepsEstablished: Bool

    package init(isEnforced: Bool = true, keepsEstablished: Bool = true) {
        self.isEnforced = isEnforced
        self.keepsEstablished = keepsEstablished
    }
}

/// What NetworkPolicies mean for the ports of a Pod.
///
/// A Pod that any policy selects for Ingress takes only what one of those policies allows; there is no deny. Policies
/// say nothing of Pods on their host's network. Whom a rule is for is not looked at: all come from loopback here.
package enum NetworkPolicyView {
    /// Those of the ports that get no new connection.
    package static func denied(
        _ ports: [UInt16],
        of pod: JSONValue,
        by policies: [JSONValue]
    ) -> [UInt16] {
        guard pod.at(["spec", "hostNetwork"])?.boolValue != true else { return [] }
        let selecting = policies.filter { selects($0, pod) }
        guard !selecting.isEmpty else { return [] }
        let rules = selecting.flatMap { $0.at(["spec", "ingress"])?.arrayValue ?? [] }
        return ports.filter { port in !rules.contains { allows($0, port) } }
    }

    private static func selects(_ policy: JSONValue, _ pod: JSONValue) -> Bool {
        guard policy.objectNamespace == pod.objectNamespace,
            policy.at(["spec", "policyTypes"])?.strings.contains("Ingress") ?? true
        else { return false }
        let selector = policy.at(["spec", "podSelector"]) ?? [:]
        guard let bytes = try? JSONCoding.encode(selector),
            let parsed = try? JSONCoding.decode(LabelSelector.self, from: bytes)
        else { return false }
        return parsed.matches(pod.stringMap(["metadata", "labels"]))
    }

    private static func allows(_ rule: JSONValue, _ port: UInt16) -> Bool {
        guard let ports = rule["ports"]?.arrayValue, !ports.isEmpty else { return true }
        return ports.contains { entry in
            guard entry["protocol"]?.stringValue ?? "TCP" == "TCP" else { return false }
            guard let first = entry["port"]?.intValue else { return entry["port"] == nil }
            return (first...max(first, entry["endPort"]?.intValue ?? first)).contains(Int64(port))
        }
    }
}
