import KubeCore

/// The verbs, on JSON.
extension FakeCluster.State {
    private struct Target {
        var plural: String
        /// Path of the object, or of the collection.
        var path: String
        var isObject: Bool
        var subresource: String?
    }

    mutating func answer(_ request: KubeRequest) -> KubeResponse {
        guard let target = target(of: request.path) else { return FakeAnswer.failure(404, "NotFound", "no such path") }
        let body = request.body.flatMap { try? JSONCoding.decode(JSONValue.self, from: $0) }
        switch (request.method, target.isObject) {
        case (.get, false): return list(target, request)
        case (.get, true):
            return objects[target.path].map { FakeAnswer.success($0) } ?? notFound(target)
        case (.post, false): return create(target, body ?? .null)
        case (.put, true): return write(target, body ?? .null, replaces: true)
        case (.delete, true): return delete(target, body)
        case (.patch, true) where request.contentType == "application/merge-patch+json":
            guard objects[target.path] != nil else { return notFound(target) }
            return write(target, body ?? .null, replaces: false)
        case (.patch, true) where request.contentType == "application/apply-patch+yaml":
            return apply(target, body ?? .null, request)
        default:
            return FakeAnswer.failure(400, "BadRequest", "the fake does not know \(request.method) \(request.path)")
        }
    }

    private func target(of path: String) -> Target? {
        var parts = path.split(separator: "/").map(String.init)
        let prefixLength = parts.first == "api" ? 2 : 3
        guard parts.count > prefixLength else { return nil }
        let prefix = parts.prefix(prefixLength)
        parts.removeFirst(prefixLength)
        var namespace: [String] = []
        if parts.first == "namespaces", parts.count > 2 {
            namespace = Array(parts.prefix(2))
            parts.removeFirst(2)
        }
        let root = "/" + (prefix + namespace + [parts[0]]).joined(separator: "/")
        guard parts.count > 1 else { return Target(plural: parts[0], path: root, isObject: false) }
        return Target(
            plural: parts[0],
            path: "\(root)/\(parts[1])",
            isObject: true,
            subresource: parts.count > 2 ? parts[2] : nil
        )
    }

    private func list(_ target: Target, _ request: KubeRequest) -> KubeResponse {
        let label = request.query("labelSelector")
        let items = objects.filter { path, value in
            let isIn = path.hasPrefix("\(target.path)/") || isEvery(target, path)
            return isIn && (label.map { value[path: "metadata", "labels"]?[$0] != nil } ?? true)
        }
        return FakeAnswer.success([
            "metadata": ["resourceVersion": .string(String(version))],
            "items": .array(items.sorted { $0.key < $1.key }.map(\.value)),
        ])
    }

    private func isEvery(_ target: Target, _ path: String) -> Bool {
        path.split(separator: "/").dropLast().last.map(String.init) == target.plural && path.contains("/namespaces/")
    }

    private mutating func create(_ target: Target, _ body: JSONValue) -> KubeResponse {
        guard let name = body[path: "metadata", "name"]?.stringValue else {
            return FakeAnswer.failure(422, "Invalid", "name is missing")
        }
        let path = "\(target.path)/\(name)"
        guard objects[path] == nil else { return FakeAnswer.failure(409, "AlreadyExists", "\(name) exists") }
        return FakeAnswer.success(store(path, body, old: nil, raisesGeneration: true), 201)
    }

    private mutating func write(_ target: Target, _ body: JSONValue, replaces: Bool) -> KubeResponse {
        guard let old = objects[target.path] else { return notFound(target) }
        if let wanted = body[path: "metadata", "resourceVersion"]?.stringValue,
            wanted != old[path: "metadata", "resourceVersion"]?.stringValue
        {
            return FakeAnswer.failure(409, "Conflict", "the object has been modified")
        }
        let merged = replaces ? body : old.merged(with: body)
        return FakeAnswer.success(finish(target, merged, old))
    }

    private mutating func delete(_ target: Target, _ body: JSONValue?) -> KubeResponse {
        guard let old = objects[target.path] else { return notFound(target) }
        if let uid = body?[path: "preconditions", "uid"]?.stringValue, uid != old[path: "metadata", "uid"]?.stringValue
        {
            return FakeAnswer.failure(409, "Conflict", "the UID in the precondition does not match")
        }
        remove(target.path)
        return FakeAnswer.success(["status": "Success"])
    }

    private mutating func apply(_ target: Target, _ body: JSONValue, _ request: KubeRequest) -> KubeResponse {
        let old = objects[target.path]
        guard old != nil || target.subresource == nil else { return notFound(target) }
        let owner = "\(target.path) \(target.subresource ?? "") \(request.query("fieldManager") ?? "")"
        var value = old ?? ["metadata": ["name": body[path: "metadata", "name"] ?? .null]]
        if let before = applied[owner] { value = value.merged(with: before.removals(missingIn: body)) }
        applied[owner] = body
        return FakeAnswer.success(finish(target, value.merged(with: body), old))
    }

    private mutating func finish(_ target: Target, _ value: JSONValue, _ old: JSONValue?) -> JSONValue {
        var value = value
        if target.subresource == "status" {
            var kept = old ?? [:]
            kept["status"] = value["status"]
            value = kept
        } else if let old {
            value["status"] = old["status"]
        }
        value["apiVersion"] = nil
        value["kind"] = nil
        return store(target.path, value, old: old, raisesGeneration: value["spec"] != old?["spec"])
    }

    @discardableResult
    mutating func store(_ path: String, _ value: JSONValue, old: JSONValue?, raisesGeneration: Bool) -> JSONValue {
        var value = value
        var metadata = value["metadata"] ?? [:]
        let was = old?["metadata"]
        for member in ["uid", "resourceVersion", "generation", "creationTimestamp"] where was?[member] != nil {
            metadata[member] = was?[member]
        }
        value["metadata"] = metadata
        if value == old { return value }
        version += 1
        if metadata["uid"] == nil { metadata["uid"] = .string("uid-\(version)") }
        if metadata["creationTimestamp"] == nil { metadata["creationTimestamp"] = "2026-01-01T00:00:00Z" }
        let generation = was?["generation"]?.intValue ?? 0
        metadata["generation"] = .int(generation + (raisesGeneration ? 1 : 0))
        metadata["resourceVersion"] = .string(String(version))
        value["metadata"] = metadata
        objects[path] = value
        publish(old == nil ? "ADDED" : "MODIFIED", path, value)
        return value
    }

    mutating func remove(_ path: String) {
        guard var old = objects.removeValue(forKey: path) else { return }
        version += 1
        var metadata = old["metadata"] ?? [:]
        metadata["resourceVersion"] = .string(String(version))
        old["metadata"] = metadata
        publish("DELETED", path, old)
    }

    private mutating func publish(_ type: String, _ path: String, _ value: JSONValue) {
        let plural = path.split(separator: "/").dropLast().last.map(String.init) ?? ""
        let event: JSONValue = ["type": .string(type), "object": value]
        events.append((version, plural, ((try? JSONCoding.encode(event)) ?? []) + [0x0A]))
    }

    private func notFound(_ target: Target) -> KubeResponse {
        FakeAnswer.failure(404, "NotFound", "\(target.path) not found")
    }
}

extension JSONValue {
    /// RFC 7386.
    func merged(with patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = objectValue ?? [:]
        for (key, change) in changes {
            result[key] = change == .null ? nil : (result[key] ?? .null).merged(with: change)
        }
        return .object(result)
    }

    /// A merge patch that removes what this has and `other` has not.
    func removals(missingIn other: JSONValue) -> JSONValue {
        guard case .object(let members) = self, case .object(let others) = other else { return [:] }
        return .object(
            members.compactMapValues { $0 }.reduce(into: [:]) { result, member in
                guard let counterpart = others[member.key] else {
                    result[member.key] = .null
                    return
                }
                if case .object = member.value {
                    result[member.key] = member.value.removals(missingIn: counterpart)
                }
            }
        )
    }
}
