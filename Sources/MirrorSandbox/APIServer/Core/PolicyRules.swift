import KubeCore

/// The rules of NetworkPolicies and PodDisruptionBudgets that no schema says.
///
/// Source: `pkg/apis/networking/v1/defaults.go`, `pkg/apis/networking/validation` and `pkg/apis/policy/validation` of
/// kubernetes.
enum PolicyRules {
    private static let directions = ["Ingress", "Egress"]

    /// A NetworkPolicy that says which directions it is about.
    static func completed(_ policy: JSONValue) -> JSONValue {
        guard (policy.at(["spec", "policyTypes"])?.arrayValue ?? []).isEmpty, policy["spec"] != nil else {
            return policy
        }
        var types: [JSONValue] = ["Ingress"]
        if !(policy.at(["spec", "egress"])?.arrayValue ?? []).isEmpty { types.append("Egress") }
        var policy = policy
        policy.put(.array(types), at: ["spec", "policyTypes"])
        return policy
    }

    /// What is wrong with a NetworkPolicy.
    static func networkFaults(_ policy: JSONValue) -> [FieldFault] {
        var faults: [FieldFault] = []
        for rules in ["ingress", "egress"] {
            for (index, rule) in (policy.at(["spec", rules])?.arrayValue ?? []).enumerated() {
                for (number, port) in (rule["ports"]?.arrayValue ?? []).enumerated() {
                    faults += portFaults(port, "spec.\(rules)[\(index)].ports[\(number)]")
                }
            }
        }
        for (index, type) in (policy.at(["spec", "policyTypes"])?.arrayValue ?? []).enumerated()
        where !directions.contains(type.stringValue ?? "") {
            faults.append(.unsupported("spec.policyTypes[\(index)]", type, directions))
        }
        return faults
    }

    private static func portFaults(_ port: JSONValue, _ field: String) -> [FieldFault] {
        var faults: [FieldFault] = []
        let protocols = ["TCP", "UDP", "SCTP"]
        if let name = port["protocol"], !protocols.contains(name.stringValue ?? "") {
            faults.append(.unsupported("\(field).protocol", name, protocols))
        }
        guard let number = port["port"]?.intValue else {
            if port["endPort"] != nil, port["port"] == nil {
                faults.append(.required("\(field).port", "must be specified when `endPort` is specified"))
            }
            return faults
        }
        if !(1...65_535).contains(number) {
            faults.append(.invalid("\(field).port", .int(number), "must be between 1 and 65535, inclusive"))
        }
        if let end = port["endPort"]?.intValue, end < number {
            faults.append(
                .invalid("\(field).endPort", .int(end), "must be greater than or equal to `port`")
            )
        }
        return faults
    }

    /// What is wrong with a PodDisruptionBudget.
    static func budgetFaults(_ budget: JSONValue) -> [FieldFault] {
        let spec = budget["spec"] ?? [:]
        guard spec["minAvailable"] != nil, spec["maxUnavailable"] != nil else { return [] }
        return [.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")]
    }
}
