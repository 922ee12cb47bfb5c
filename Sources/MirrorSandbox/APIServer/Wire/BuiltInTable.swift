import KubeCore

/// Columns and cells of the built-in kinds whose tables are more than fields: the real server computes them in
/// `pkg/printers/internalversion/printers.go` of kubernetes.
struct BuiltInTable: Sendable {
    /// The columns; those of priority 1 belong to the wide output.
    var columns: [PrinterColumn]
    /// The cells of one object at a time.
    var cells: @Sendable (JSONValue, MicroTimestamp) -> [JSONValue]

    /// The table of a kind; nil where its columns are fields.
    static func of(_ resource: APIResource) -> BuiltInTable? {
        switch resource.storage {
        case APIResource.nodes.storage: nodes
        case APIResource.pods.storage: pods
        case APIResource.events.storage: events
        case APIResource.daemonSets.storage: daemonSets
        case APIResource.services.storage: services
        case APIResource.configMaps.storage: configMaps
        case APIResource.statefulSets.storage: statefulSets
        case APIResource.networkPolicies.storage: networkPolicies
        case APIResource.disruptionBudgets.storage: disruptionBudgets
        default: nil
        }
    }

    private static let integers: Set<String> = [
        "Restarts", "Desired", "Current", "Up-to-date", "Available", "Allowed Disruptions",
    ]

    static func columns(_ narrow: [String], wide: [String], order: [String]? = nil) -> [PrinterColumn] {
        (order ?? narrow + wide).map { name in
            PrinterColumn(
                name: name,
                type: integers.contains(name) ? "integer" : "string",
                format: name == "Name" ? "name" : "",
                priority: wide.contains(name) ? 1 : 0,
                path: SimpleJSONPath(steps: [])
            )
        }
    }

    private static let nodes = BuiltInTable(
        columns: columns(
            ["Name", "Status", "Roles", "Age", "Version"],
            wide: ["Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"]
        ),
        cells: { node, now in
            let conditions = node.at(["status", "conditions"])?.arrayValue ?? []
            let ready = conditions.first { $0["type"]?.stringValue == "Ready" }?["status"]?.stringValue
            var status = ready.map { $0 == "True" ? "Ready" : "NotReady" } ?? "Unknown"
            if node.at(["spec", "unschedulable"])?.boolValue == true { status += ",SchedulingDisabled" }
            func address(_ type: String) -> String {
                let addresses = node.at(["status", "addresses"])?.arrayValue ?? []
                return addresses.first { $0["type"]?.stringValue == type }?["address"]?.stringValue ?? "<none>"
            }
            func info(_ name: String) -> String {
                let text = node.at(["status", "nodeInfo", name])?.stringValue ?? ""
                return text.isEmpty ? "<unknown>" : text
            }
            return texts([
                node.objectName, status, roles(node), created(node, now),
                node.at(["status", "nodeInfo", "kubeletVersion"])?.stringValue ?? "", address("InternalIP"),
                address("ExternalIP"), info("osImage"), info("kernelVersion"), info("containerRuntimeVersion"),
            ])
        }
    )

    private static let pods = BuiltInTable(
        columns: columns(
            ["Name", "Ready", "Status", "Restarts", "Age"],
            wide: ["IP", "Node", "Nominated Node", "Readiness Gates"]
        ),
        cells: { pod, now in
            let statuses = pod.at(["status", "containerStatuses"])?.arrayValue ?? []
            let ready = statuses.filter { $0["ready"]?.boolValue == true }.count
            let all = pod.at(["spec", "containers"])?.arrayValue?.count ?? 0
            let restarts = statuses.reduce(0) { $0 + ($1["restartCount"]?.intValue ?? 0) }
            func text(_ path: String...) -> JSONValue { pod.at(path) ?? "<none>" }
            return [
                .string(pod.objectName), .string("\(ready)/\(all)"), .string(phase(of: pod, statuses)),
                .int(restarts), .string(created(pod, now)), text("status", "podIP"), text("spec", "nodeName"),
                text("status", "nominatedNodeName"), "<none>",
            ]
        }
    )

    private static let events = BuiltInTable(
        columns: columns(
            ["Last Seen", "Type", "Reason", "Object", "Message"],
            wide: ["Subobject", "Source", "First Seen", "Count", "Name"],
            order: [
                "Last Seen", "Type", "Reason", "Object", "Subobject", "Source", "Message", "First Seen", "Count",
                "Name",
            ]
        ),
        cells: { event, now in
            let event = EventView.stored(event)
            func age(_ times: JSONValue?...) -> JSONValue {
                let time = times.compactMap { $0?.stringValue.flatMap(Timestamp.init) }.first
                return .string(time.map { Table.age(now.timestamp - $0) } ?? "<unknown>")
            }
            let subject = event["regarding"] ?? [:]
            let kind = subject["kind"]?.stringValue?.lowercased() ?? ""
            let component =
                event.at(["deprecatedSource", "component"])?.stringValue
                ?? event["reportingController"]?.stringValue ?? ""
            let place =
                event.at(["deprecatedSource", "host"])?.stringValue ?? event["reportingInstance"]?.stringValue ?? ""
            let source = place.isEmpty ? component : "\(component), \(place)"
            return [
                age(event.at(["series", "lastObservedTime"]), event["deprecatedLastTimestamp"], event["eventTime"]),
                event["type"] ?? "", event["reason"] ?? "",
                .string("\(kind)/\(subject["name"]?.stringValue ?? "")"), subject["fieldPath"] ?? "",
                .string(source), event["note"] ?? "", age(event["deprecatedFirstTimestamp"], event["eventTime"]),
                event.at(["series", "count"]) ?? event["deprecatedCount"] ?? 1, .string(event.objectName),
            ]
        }
    )

    private static func texts(_ texts: [String]) -> [JSONValue] { texts.map { .string($0) } }

    static func created(_ object: JSONValue, _ now: MicroTimestamp) -> String {
        let created = object.at(["metadata", "creationTimestamp"])?.stringValue.flatMap(Timestamp.init)
        return created.map { Table.age(now.timestamp - $0) } ?? "<unknown>"
    }

    private static func roles(_ node: JSONValue) -> String {
        let prefix = "node-role.kubernetes.io/"
        let labels = node.stringMap(["metadata", "labels"])
        var roles = Set(labels.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
        if let role = labels["kubernetes.io/role"] { roles.insert(role) }
        return roles.isEmpty ? "<none>" : roles.sorted().joined(separator: ",")
    }

    /// The phase, or what is more telling: why a container waits or ended, or that the Pod is being deleted.
    private static func phase(of pod: JSONValue, _ statuses: [JSONValue]) -> String {
        if pod.at(["metadata", "deletionTimestamp"]) != nil { return "Terminating" }
        let reasons = statuses.compactMap { status in
            ["waiting", "terminated"].compactMap { status.at(["state", $0, "reason"])?.stringValue }.first
        }
        return reasons.first ?? pod.at(["status", "reason"])?.stringValue
            ?? pod.at(["status", "phase"])?.stringValue ?? ""
    }
}
