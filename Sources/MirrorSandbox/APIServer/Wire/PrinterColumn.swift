import KubeCore

/// One column of a table.
struct PrinterColumn: Sendable, Hashable {
    var name: String
    /// `string`, `integer`, `number`, `boolean` or `date`.
    var type: String
    var format = ""
    var description = ""
    /// 0 for columns that are always shown, more for those of the wide output.
    var priority = 0
    var path: SimpleJSONPath

    static let age = PrinterColumn(
        name: "Age",
        type: "date",
        path: SimpleJSONPath(steps: [.field("metadata"), .field("creationTimestamp")])
    )
    static let createdAt = PrinterColumn(
        name: "Created At",
        type: "string",
        path: SimpleJSONPath(steps: [.field("metadata"), .field("creationTimestamp")])
    )
    static let holder = PrinterColumn(
        name: "Holder",
        type: "string",
        path: SimpleJSONPath(steps: [.field("spec"), .field("holderIdentity")])
    )

    static let phase = PrinterColumn(
        name: "Status",
        type: "string",
        path: SimpleJSONPath(steps: [.field("status"), .field("phase")])
    )

    /// Reads `additionalPrinterColumns`; a path that this server cannot follow is reported.
    static func parse(_ value: JSONValue?, at path: String, faults: inout [FieldFault]) -> [PrinterColumn] {
        let columns = value?.arrayValue ?? []
        guard !columns.isEmpty else { return [.age] }
        var parsed: [PrinterColumn] = []
        for (index, column) in columns.enumerated() {
            let text = column["jsonPath"]?.stringValue ?? ""
            guard let jsonPath = SimpleJSONPath(text) else {
                let reason = "this server follows fields, indices and filters like [?(@.type==\"Ready\")] only"
                faults.append(.invalid("\(path)[\(index)].jsonPath", .string(text), reason))
                continue
            }
            parsed.append(
                PrinterColumn(
                    name: column["name"]?.stringValue ?? "",
                    type: column["type"]?.stringValue ?? "string",
                    format: column["format"]?.stringValue ?? "",
                    description: column["description"]?.stringValue ?? "",
                    priority: Int(column["priority"]?.intValue ?? 0),
                    path: jsonPath
                )
            )
        }
        return parsed
    }
}

/// The part of JSONPath that printer columns use.
struct SimpleJSONPath: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case field(String)
        case index(Int)
        case all
        case filter(path: [String], equals: String)
    }

    var steps: [Step]

    init(steps: [Step]) { self.steps = steps }

    /// Reads `.a.b[0]`, `.a[*].b`, `.a['x.y/z']`, `.a[?(@.type=="Ready")].status`.
    init?(_ text: String) {
        guard text.hasPrefix(".") else { return nil }
        var steps: [Step] = []
        var rest = Substring(text)
        while let first = rest.first {
            rest = rest.dropFirst()
            if first == "." {
                let name = Self.name(&rest)
                guard !name.isEmpty else { return nil }
                steps.append(.field(name))
            } else if first == "[", let end = Self.end(of: rest), let step = Self.bracket(rest[..<end]) {
                steps.append(step)
                rest = rest[end...].dropFirst()
            } else {
                return nil
            }
        }
        self.steps = steps
    }

    /// A name, in which a backslash takes the next character as it is.
    private static func name(_ rest: inout Substring) -> String {
        var name = ""
        while let character = rest.first, character != ".", character != "[" {
            rest = rest.dropFirst()
            if character == "\\", let escaped = rest.popFirst() {
                name.append(escaped)
            } else {
                name.append(character)
            }
        }
        return name
    }

    /// The closing bracket, quotes passed over.
    private static func end(of text: Substring) -> Substring.Index? {
        var quote: Character?
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "]" {
                return index
            }
        }
        return nil
    }

    private static func bracket(_ text: Substring) -> Step? {
        if text == "*" { return .all }
        if let index = Int(text) { return .index(index) }
        if let quoted = unquoted(text) { return .field(quoted) }
        guard text.hasPrefix("?(@."), text.hasSuffix(")"),
            let (path, value) = String(text.dropFirst(4).dropLast()).cut(at: "=="),
            let wanted = unquoted(Substring(value.trimmed))
        else { return nil }
        return .filter(path: path.trimmed.split(separator: ".").map(String.init), equals: wanted)
    }

    private static func unquoted(_ text: Substring) -> String? {
        guard text.count >= 2, let first = text.first, first == text.last, first == "'" || first == "\"" else {
            return nil
        }
        return String(text.dropFirst().dropLast())
    }

    /// The values that the path leads to.
    func values(_ value: JSONValue) -> [JSONValue] {
        steps.reduce([value]) { values, step in
            values.flatMap { value -> [JSONValue] in
                switch step {
                case .field(let name): return value[name].map { [$0] } ?? []
                case .index(let index):
                    let elements = value.arrayValue ?? []
                    let position = index < 0 ? elements.count + index : index
                    return elements.indices.contains(position) ? [elements[position]] : []
                case .all: return value.arrayValue ?? (value.objectValue.map { Array($0.values) } ?? [])
                case .filter(let path, let wanted):
                    return (value.arrayValue ?? []).filter { $0.at(path)?.stringValue == wanted }
                }
            }
        }
    }
}
