import KubeCore

/// Objects as `kubectl get` shows them.
struct Table: Sendable {
    private let target: APITarget
    private let included: ResponseFormat.IncludedObject

    init(_ target: APITarget, _ included: ResponseFormat.IncludedObject) {
        self.target = target
        self.included = included
    }

    /// A `meta.k8s.io/v1` Table; in a watch only the first one has columns.
    func value(_ objects: [JSONValue], _ metadata: JSONValue, hasColumns: Bool, now: MicroTimestamp) -> JSONValue {
        [
            "apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": metadata,
            "columnDefinitions": hasColumns ? definitions : .null,
            "rows": .array(objects.map { row($0, now) }),
        ]
    }

    private var definitions: JSONValue {
        .array(
            columns.map { column in
                [
                    "name": .string(column.name),
                    // Dates are sent as text of an age already; only custom kinds keep their type.
                    "type": .string(column.type == "date" && !target.resource.isCustom ? "string" : column.type),
                    "format": .string(column.format), "description": .string(column.description),
                    "priority": .int(Int64(column.priority)),
                ]
            }
        )
    }

    private var columns: [PrinterColumn] {
        let name = PrinterColumn(name: "Name", type: "string", format: "name", path: SimpleJSONPath(steps: []))
        if isEvents { return Self.eventColumns }
        if isNodes { return [name] + Self.nodeColumns }
        let columns = target.version.columns
        return [name] + (columns.isEmpty ? [.age] : columns)
    }

    private var isNodes: Bool { target.resource.id == APIResource.nodes.id }
    private var isEvents: Bool { target.resource.storage == APIResource.events.storage }

    private static let nodeColumns = named(["Status", "Roles", "Age", "Version"])
    private static let eventColumns = named(["Last Seen", "Type", "Reason", "Object", "Message"])

    private static func named(_ names: [String]) -> [PrinterColumn] {
        names.map { PrinterColumn(name: $0, type: "string", path: SimpleJSONPath(steps: [])) }
    }

    private func row(_ object: JSONValue, _ now: MicroTimestamp) -> JSONValue {
        let name = JSONValue.string(object.objectName)
        let cells =
            isEvents
            ? eventCells(object, now)
            : [name] + (isNodes ? nodeCells(object, now) : columns.dropFirst().map { cell($0, object, now) })
        var row: JSONValue = ["cells": .array(cells)]
        switch included {
        case .none: break
        case .metadata: row["object"] = ResponseFormat.partial(object)
        case .object: row["object"] = object
        }
        return row
    }

    private func cell(_ column: PrinterColumn, _ object: JSONValue, _ now: MicroTimestamp) -> JSONValue {
        let values = column.path.values(object)
        guard let first = values.first, first != .null else { return .null }
        switch column.type {
        case "date":
            guard let text = first.stringValue, let time = Timestamp(text) else { return "<invalid>" }
            return .string(Self.age(now.timestamp - time))
        case "integer", "number", "boolean":
            return first
        default:
            return .string(values.map { $0.stringValue ?? $0.text }.joined(separator: ","))
        }
    }

    private func nodeCells(_ node: JSONValue, _ now: MicroTimestamp) -> [JSONValue] {
        let conditions = node.at(["status", "conditions"])?.arrayValue ?? []
        let ready = conditions.first { $0["type"]?.stringValue == "Ready" }?["status"]?.stringValue
        var status = ready.map { $0 == "True" ? "Ready" : "NotReady" } ?? "Unknown"
        if node.at(["spec", "unschedulable"])?.boolValue == true { status += ",SchedulingDisabled" }
        let prefix = "node-role.kubernetes.io/"
        let labels = node.stringMap(["metadata", "labels"])
        var roles = labels.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        if let role = labels["kubernetes.io/role"] { roles.append(role) }
        let created = node.at(["metadata", "creationTimestamp"])?.stringValue.flatMap(Timestamp.init)
        return [
            .string(status), .string(roles.isEmpty ? "<none>" : Set(roles).sorted().joined(separator: ",")),
            .string(created.map { Self.age(now.timestamp - $0) } ?? "<unknown>"),
            node.at(["status", "nodeInfo", "kubeletVersion"]) ?? "",
        ]
    }

    private func eventCells(_ event: JSONValue, _ now: MicroTimestamp) -> [JSONValue] {
        let event = EventView.stored(event)
        let times = [
            event.at(["series", "lastObservedTime"]), event["deprecatedLastTimestamp"], event["eventTime"],
        ]
        let seen = times.compactMap { $0?.stringValue.flatMap(Timestamp.init) }.first
        let kind = event.at(["regarding", "kind"])?.stringValue ?? ""
        let name = event.at(["regarding", "name"])?.stringValue ?? ""
        return [
            .string(seen.map { Self.age(now.timestamp - $0) } ?? "<unknown>"), event["type"] ?? "",
            event["reason"] ?? "", .string("\(kind.lowercased())/\(name)"), event["note"] ?? "",
        ]
    }

    /// A duration as kubectl writes it: two units while they say something, one from then on.
    static func age(_ seconds: Int) -> String {
        func pair(_ large: Int, _ unit: String, _ small: Int, _ part: String) -> String {
            small == 0 ? "\(large)\(unit)" : "\(large)\(unit)\(small)\(part)"
        }
        let minutes = seconds / 60
        let hours = seconds / 3_600
        let days = hours / 24
        switch seconds {
        case ..<(-1): return "<invalid>"
        case ..<0: return "0s"
        case ..<120: return "\(seconds)s"
        case ..<600: return pair(minutes, "m", seconds % 60, "s")
        case ..<10_800: return "\(minutes)m"
        case ..<28_800: return pair(hours, "h", minutes % 60, "m")
        case ..<172_800: return "\(hours)h"
        case ..<691_200: return pair(days, "d", hours % 24, "h")
        case ..<63_072_000: return "\(days)d"
        case ..<252_288_000: return pair(days / 365, "y", days % 365, "d")
        default: return "\(days / 365)y"
        }
    }
}
