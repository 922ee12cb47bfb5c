import KubeCore

/// Columns and cells of what a workload is installed from.
extension BuiltInTable {
    static let daemonSets = BuiltInTable(
        columns: columns(
            ["Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age"],
            wide: ["Containers", "Images", "Selector"]
        ),
        cells: { daemonSet, now in
            func number(_ name: String) -> JSONValue { daemonSet.at(["status", name]) ?? 0 }
            let containers = daemonSet.at(["spec", "template", "spec", "containers"])?.arrayValue ?? []
            func joined(_ name: String) -> JSONValue {
                .string(containers.compactMap { $0[name]?.stringValue }.joined(separator: ","))
            }
            return [
                .string(daemonSet.objectName), number("desiredNumberScheduled"), number("currentNumberScheduled"),
                number("numberReady"), number("updatedNumberScheduled"), number("numberAvailable"),
                pairs(daemonSet.stringMap(["spec", "template", "spec", "nodeSelector"])),
                .string(created(daemonSet, now)), joined("name"), joined("image"),
                pairs(daemonSet.stringMap(["spec", "selector", "matchLabels"])),
            ]
        }
    )

    static let services = BuiltInTable(
        columns: columns(
            // The heading "Port(s)" is the server's own: kubernetes pkg/printers/internalversion/printers.go.
            ["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age"],
            wide: ["Selector"]
        ),
        cells: { service, now in
            let ports = (service.at(["spec", "ports"])?.arrayValue ?? []).map { port in
                let node = port["nodePort"]?.intValue.map { ":\($0)" } ?? ""
                return "\(port["port"]?.intValue ?? 0)\(node)/\(port["protocol"]?.stringValue ?? "TCP")"
            }
            return [
                .string(service.objectName), service.at(["spec", "type"]) ?? "<unknown>",
                service.at(["spec", "clusterIP"]) ?? "<none>", "<none>",
                ports.isEmpty ? "<none>" : .string(ports.joined(separator: ",")), .string(created(service, now)),
                pairs(service.stringMap(["spec", "selector"])),
            ]
        }
    )

    static let configMaps = BuiltInTable(
        columns: columns(["Name", "Data", "Age"], wide: []),
        cells: { map, now in
            let keys = ["data", "binaryData"].map { map[$0]?.objectValue?.count ?? 0 }
            return [.string(map.objectName), .string("\(keys.reduce(0, +))"), .string(created(map, now))]
        }
    )

    static let statefulSets = BuiltInTable(
        columns: columns(["Name", "Ready", "Age"], wide: ["Containers", "Images"]),
        cells: { set, now in
            let containers = set.at(["spec", "template", "spec", "containers"])?.arrayValue ?? []
            func joined(_ name: String) -> JSONValue {
                .string(containers.compactMap { $0[name]?.stringValue }.joined(separator: ","))
            }
            let ready = set.at(["status", "readyReplicas"])?.intValue ?? 0
            let wanted = set.at(["spec", "replicas"])?.intValue ?? 1
            return [
                .string(set.objectName), .string("\(ready)/\(wanted)"), .string(created(set, now)), joined("name"),
                joined("image"),
            ]
        }
    )

    static let networkPolicies = BuiltInTable(
        columns: columns(["Name", "Pod-Selector", "Age"], wide: []),
        cells: { policy, now in
            [
                .string(policy.objectName), pairs(policy.stringMap(["spec", "podSelector", "matchLabels"])),
                .string(created(policy, now)),
            ]
        }
    )

    static let disruptionBudgets = BuiltInTable(
        columns: columns(["Name", "Min Available", "Max Unavailable", "Allowed Disruptions", "Age"], wide: []),
        cells: { budget, now in
            func bound(_ name: String) -> JSONValue {
                guard let value = budget.at(["spec", name]) else { return "N/A" }
                return value.intValue.map { .string("\($0)") } ?? value
            }
            return [
                .string(budget.objectName), bound("minAvailable"), bound("maxUnavailable"),
                budget.at(["status", "disruptionsAllowed"]) ?? 0, .string(created(budget, now)),
            ]
        }
    )

    private static func pairs(_ map: [String: String]) -> JSONValue {
        guard !map.isEmpty else { return "<none>" }
        return .string(map.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
    }
}
