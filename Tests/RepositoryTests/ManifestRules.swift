import KubeCore

/// What the manifests may grant and run.
enum ManifestRules {
    /// One rule of a role, as one line: groups, resources, names, verbs.
    static func lines(of role: JSONValue) -> [String] {
        (role["rules"]?.arrayValue ?? []).map { rule in
            let part = { (name: String) in
                (rule[name]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ",")
            }
            let names = part("resourceNames")
            return "\(part("apiGroups"))/\(part("resources"))\(names.isEmpty ? "" : "[\(names)]") \(part("verbs"))"
        }
    }

    /// All that is granted: by kind and name of the role.
    static let granted: [String: [String]] = [
        "ClusterRole p2pmirror-operator": [
            "/nodes get,list,patch,watch",
            "p2pmirror.io/p2pmirrors get,list,watch",
            "p2pmirror.io/p2pmirrors/status patch",
            "p2pmirror.io/mirrornodes create,delete,get,list,patch,watch",
            "p2pmirror.io/mirrornodes/status patch",
            "p2pmirror.io/p2pmirrors/finalizers update",
        ],
        "Role p2pmirror-operator": [
            "coordination.k8s.io/leases create",
            "coordination.k8s.io/leases[p2pmirror-disruption,p2pmirror-operator] get,update",
        ],
        "Role p2pmirror-operator-events": ["events.k8s.io/events create,patch"],
        "Role p2pmirror-operator-announcements": ["coordination.k8s.io/leases list,watch"],
        "Role p2pmirror-operator-pods": ["/pods list,watch"],
        "ClusterRole p2pmirror-operator-spegel": [
            "/pods,serviceaccounts,services list,watch",
            "apps/daemonsets list,watch",
            "monitoring.coreos.com/servicemonitors list,watch",
            "p2pmirror.io/p2pmirrors patch",
        ],
        "ClusterRole p2pmirror-operator-spegel-objects": [
            "/pods delete,patch",
            "/serviceaccounts,services create,delete,get,patch",
            "apps/daemonsets create,delete,get,patch",
            "monitoring.coreos.com/servicemonitors create,delete,get,patch",
            "events.k8s.io/events list",
        ],
        "ClusterRole p2pmirror-operator-dragonfly": [
            "/pods list,watch",
            "apps/statefulsets list,watch",
            "networking.k8s.io/networkpolicies list,watch",
        ],
        "ClusterRole p2pmirror-operator-dragonfly-objects": [
            "/configmaps get",
            "/pods delete",
            "networking.k8s.io/networkpolicies create,delete,patch",
            "policy/poddisruptionbudgets list",
        ],
        "ClusterRole p2pmirror-agent": [
            "/nodes get,list",
            "p2pmirror.io/mirrornodes get,list,watch",
            "p2pmirror.io/mirrornodes/status patch,update",
            "p2pmirror.io/p2pmirrors get",
            "apiextensions.k8s.io/customresourcedefinitions[p2pmirrors.p2pmirror.io] get",
        ],
        "Role p2pmirror-agent": ["coordination.k8s.io/leases[p2pmirror-disruption] get"],
        "Role p2pmirror-agent-announcements": ["coordination.k8s.io/leases create,delete,get,update"],
    ]

    /// What is wrong with a role whoever wrote it.
    static func faults(inRole role: JSONValue) -> [String] {
        // Nothing but announcements stands there, and they are called as the nodes are.
        let isOfAnnouncements = role[path: "metadata", "namespace"] == "p2pmirror-node-lease"
        return (role["rules"]?.arrayValue ?? []).flatMap { rule -> [String] in
            let verbs = strings(rule["verbs"])
            let resources = strings(rule["resources"])
            var faults: [String] = []
            if verbs != verbs.sorted() { faults.append("verbs are not in alphabetical order: \(verbs)") }
            if (verbs + resources + strings(rule["apiGroups"])).contains("*") { faults.append("a wildcard") }
            if resources.contains(where: { $0.hasPrefix("secrets") }) { faults.append("Secrets") }
            if resources.contains("leases"), verbs != ["create"], rule["resourceNames"] == nil, !isOfAnnouncements {
                faults.append("Leases without a name")
            }
            return faults
        }
    }

    /// What is wrong with the containers of a workload.
    static func faults(inWorkload workload: JSONValue) -> [String] {
        let pod = workload[path: "spec", "template", "spec"] ?? .null
        return (pod["containers"]?.arrayValue ?? []).flatMap { container -> [String] in
            let security = container["securityContext"] ?? .null
            var faults: [String] = []
            if security["privileged"] == true || security["allowPrivilegeEscalation"] != false {
                faults.append("privileges")
            }
            if security["readOnlyRootFilesystem"] != true { faults.append("a writable root file system") }
            if security[path: "capabilities", "drop"] != ["ALL"] { faults.append("capabilities") }
            if container["livenessProbe"]?[path: "httpGet", "path"] != "/healthz" { faults.append("no /healthz") }
            if container["readinessProbe"]?[path: "httpGet", "path"] != "/readyz" { faults.append("no /readyz") }
            if container[path: "resources", "limits", "memory"] == nil { faults.append("no memory limit") }
            if container["image"] != "p2pmirror" { faults.append("an image that kustomize does not set") }
            return faults
        }
    }

    /// Paths of the host that a workload mounts, with `rw` where it can write.
    static func hostPaths(of workload: JSONValue) -> [String] {
        let pod = workload[path: "spec", "template", "spec"] ?? .null
        let mounts = (pod["containers"]?.arrayValue ?? []).flatMap { $0["volumeMounts"]?.arrayValue ?? [] }
        return (pod["volumes"]?.arrayValue ?? []).compactMap { volume in
            guard let path = volume[path: "hostPath", "path"]?.stringValue else { return nil }
            let writes = mounts.contains { $0["name"] == volume["name"] && $0["readOnly"] != true }
            return "\(path)\(writes ? " rw" : "")"
        }
    }

    private static func strings(_ value: JSONValue?) -> [String] {
        (value?.arrayValue ?? []).compactMap(\.stringValue)
    }
}
