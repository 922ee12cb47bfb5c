import KubeCore

extension APIServerState {
    mutating func patch(_ context: RequestContext, _ name: String) throws(APIError) -> KubeResponse {
        try context.checkWriteOptions()
        let target = context.target
        let key = target.key(name)
        let old = store.object(target.resource.storage, key)
        let type = MediaType(context.request.contentType ?? "").name
        if type == "application/apply-patch+yaml" { return try apply(context, key, old) }
        var accepted = ["application/json-patch+json", "application/merge-patch+json"]
        if target.resource.traits.takesStrategicPatch { accepted.append("application/strategic-merge-patch+json") }
        guard accepted.contains(type) else {
            throw .unsupportedMediaType(accepted + ["application/apply-patch+yaml"])
        }
        let patch = try context.json()
        guard let old else { throw .notFound(target.resource, name) }
        // A patch is about the object as this version of the API shows it.
        var object = view(old, target)
        switch type {
        case "application/json-patch+json":
            guard let patched = JSONPatch.apply(patch, to: object) else { throw .unprocessablePatch }
            object = patched
        case "application/strategic-merge-patch+json" where !Self.isPlainMerge(patch):
            // Lists merge by keys that only Go's struct tags know: rather nothing than something else.
            throw .unsupportedMediaType(Array(accepted.prefix(2)) + ["application/apply-patch+yaml"])
        default:
            guard patch.objectValue != nil else { throw .badRequest("a merge patch must be an object") }
            object = JSONPatch.merge(patch, into: object)
        }
        guard object.objectName == name else {
            throw .badRequest(
                "the name of the object (\(object.objectName)) does not match the name on the URL (\(name))"
            )
        }
        object = stored(object, target)
        try checkHeader(object, context)
        return try commit(Write(context: context, key: key, old: old, new: object), status: 200)
    }

    /// Whether a strategic merge patch is at the same time a merge patch: no lists and no directives.
    private static func isPlainMerge(_ patch: JSONValue) -> Bool {
        switch patch {
        case .array: false
        case .object(let members):
            members.allSatisfy { !$0.key.hasPrefix("$") && isPlainMerge($0.value) }
        default: true
        }
    }
}

/// RFC 6902 and RFC 7386.
enum JSONPatch {
    /// The document after a merge patch.
    static func merge(_ patch: JSONValue, into target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = target.objectValue ?? [:]
        for (key, change) in changes {
            members[key] = change == .null ? .none : .some(merge(change, into: members[key] ?? [:]))
        }
        return .object(members)
    }

    /// The document after all operations, or nil where one of them cannot be carried out.
    static func apply(_ operations: JSONValue, to document: JSONValue) -> JSONValue? {
        guard let operations = operations.arrayValue else { return nil }
        return operations.reduce(Optional(document)) { document, operation in
            document.flatMap { apply(operation: operation, to: $0) }
        }
    }

    private static func apply(operation: JSONValue, to document: JSONValue) -> JSONValue? {
        guard let path = operation["path"]?.stringValue.flatMap(pointer) else { return nil }
        switch operation["op"]?.stringValue {
        case "test"?:
            return (get(document, path[...]) ?? .null) == (operation["value"] ?? .null) ? .some(document) : .none
        case "add"?: return operation["value"].flatMap { edit(document, path[...], .add($0)) }
        case "replace"?: return operation["value"].flatMap { edit(document, path[...], .replace($0)) }
        case "remove"?: return edit(document, path[...], .remove)
        case "move"?, "copy"?:
            guard let from = operation["from"]?.stringValue.flatMap(pointer), let value = get(document, from[...])
            else { return nil }
            let isMove = operation["op"]?.stringValue == "move"
            let rest = isMove ? edit(document, from[...], .remove) : document
            return rest.flatMap { edit($0, path[...], .add(value)) }
        default: return nil
        }
    }

    private enum Edit {
        case add(JSONValue)
        case replace(JSONValue)
        case remove
    }

    /// The parts of a JSON pointer; nil where it is none.
    private static func pointer(_ text: String) -> [String]? {
        guard !text.isEmpty else { return [] }
        guard text.hasPrefix("/") else { return nil }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { part in
            var plain = ""
            var isEscape = false
            for character in part {
                if isEscape {
                    plain += character == "1" ? "/" : character == "0" ? "~" : "~\(character)"
                    isEscape = false
                } else if character == "~" {
                    isEscape = true
                } else {
                    plain.append(character)
                }
            }
            return plain
        }
    }

    private static func get(_ value: JSONValue, _ path: ArraySlice<String>) -> JSONValue? {
        guard let head = path.first else { return value }
        switch value {
        case .object(let members): return members[head].flatMap { get($0, path.dropFirst()) }
        case .array(let elements):
            guard let index = Int(head), elements.indices.contains(index) else { return nil }
            return get(elements[index], path.dropFirst())
        default: return nil
        }
    }

    private static func edit(_ value: JSONValue, _ path: ArraySlice<String>, _ edit: Edit) -> JSONValue? {
        guard let head = path.first else {
            switch edit {
            case .add(let new), .replace(let new): return new
            case .remove: return nil
            }
        }
        let isLast = path.count == 1
        switch value {
        case .object(var members):
            if isLast {
                switch edit {
                case .add(let new): members[head] = new
                case .replace(let new):
                    guard members[head] != nil else { return nil }
                    members[head] = new
                case .remove: guard members.removeValue(forKey: head) != nil else { return nil }
                }
            } else {
                guard let child = members[head], let new = Self.edit(child, path.dropFirst(), edit) else { return nil }
                members[head] = new
            }
            return .object(members)
        case .array(let elements):
            return Self.edit(elements, head, path, edit)
        default:
            return nil
        }
    }

    private static func edit(
        _ elements: [JSONValue],
        _ head: String,
        _ path: ArraySlice<String>,
        _ edit: Edit
    ) -> JSONValue? {
        var elements = elements
        if path.count == 1, case .add(let new) = edit {
            guard let index = head == "-" ? elements.count : Int(head), (0...elements.count).contains(index) else {
                return nil
            }
            elements.insert(new, at: index)
            return .array(elements)
        }
        guard let index = Int(head), elements.indices.contains(index) else { return nil }
        if path.count == 1, case .remove = edit {
            elements.remove(at: index)
        } else {
            guard let new = Self.edit(elements[index], path.dropFirst(), edit) else { return nil }
            elements[index] = new
        }
        return .array(elements)
    }
}
