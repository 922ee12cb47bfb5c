import KubeCore

/// What a NetworkPolicy lets in (kubernetes `staging/src/k8s.io/api/networking/v1/types.go`).
struct PolicyReading {
    private let spec: JSONValue?
    private let selector: LabelSelector?

    init(_ policy: ManagedObject) {
        spec = policy.body["spec"]
        selector = try? JSONCoding.decode(LabelSelector.self, from: spec?["podSelector"] ?? [:])
    }

    /// Whether it lets anybody in over TCP to that port of a pod with these labels. A port that is given by its name
    /// counts as that one: what it stands for is not known here.
    func allows(_ port: Int, into labels: [String: String]) -> Bool {
        guard let spec, selector?.matches(labels) == true, isAboutIngress else { return false }
        return (spec["ingress"]?.arrayValue ?? []).contains { rule in
            guard let ports = rule["ports"]?.arrayValue, !ports.isEmpty else { return true }
            return ports.contains { Self.covers($0, port) }
        }
    }

    private var isAboutIngress: Bool {
        guard let types = spec?["policyTypes"]?.arrayValue, !types.isEmpty else { return true }
        return types.contains("Ingress")
    }

    private static func covers(_ entry: JSONValue, _ port: Int) -> Bool {
        guard entry["protocol"]?.stringValue ?? "TCP" == "TCP" else { return false }
        guard let value = entry["port"] else { return true }
        guard let first = value.intValue else { return true }
        return (first...max(first, entry["endPort"]?.intValue ?? first)).contains(Int64(port))
    }
}

extension PolicyReading {
    /// Whether it is about what comes in to a pod with these labels.
    func selects(_ labels: [String: String]) -> Bool { selector?.matches(labels) == true && isAboutIngress }
}
