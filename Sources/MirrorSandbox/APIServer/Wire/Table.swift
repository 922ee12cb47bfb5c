import KubeCore

/// Objects as `kubectl get` shows them.
struct Table: Sendable {
    private let target: APITarget
    private let included: ResponseFormat.IncludedObject
    private let builtIn: BuiltInTable?

    init(_ target: APITarget, _ included: ResponseFormat.IncludedObject) {
        self.target = target
        builtIn = BuiltInTable.of(target.resource)
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
        if let builtIn { return builtIn.columns }
        let name = PrinterColumn(name: "Name", type: "string", format: "name", path: SimpleJSONPath(steps: []))
        let columns = target.version.columns
        return [name] + (columns.isEmpty ? [.age] : columns)
    }

    private func row(_ object: JSONValue, _ now: MicroTimestamp) -> JSONValue {
        let fields = columns.dropFirst().map { cell($0, object, now) }
        let cells = builtIn?.cells(object, now) ?? [.string(object.objectName)] + fields
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
