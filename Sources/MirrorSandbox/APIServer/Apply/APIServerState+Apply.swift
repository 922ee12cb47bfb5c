import KubeCore

extension APIServerState {
    /// Server-side apply.
    mutating func apply(
        _ context: RequestContext,
        _ key: ObjectKey,
        _ old: StoredObject?
    ) throws(APIError) -> KubeResponse {
        let target = context.target
        let schema = Self.ownershipSchema(target)
        let config = try applied(context, key, schema)
        if old == nil, target.subresource != nil { throw .notFound(target.resource, key.name) }
        let live = old.map { view($0, target) }
        var managed = live.map { ManagedFields($0) } ?? ManagedFields()
        let owner = owner(context, isApply: true)
        let wanted = FieldSet(of: ManagedFields.owned(config), schema)
        var object = live == nil ? config : schema.overlaid(live, config)
        // What this manager applied before and no longer wants goes, unless somebody else owns it too.
        if let before = managed.entries[owner]?.fields {
            let others = managed.entries.filter { $0.key != owner }.values
                .reduce(FieldSet()) { $0.union($1.fields) }
            let gone = before.subtracting(wanted).subtracting(others)
            object = schema.removing(gone, from: object) ?? [:]
        }
        let (changed, removed) = FieldSet.difference(
            ManagedFields.owned(live ?? [:]),
            ManagedFields.owned(object),
            schema
        )
        if live != nil { try settle(&managed, owner, changed, force: try context.request.flag("force")) }
        for (other, entry) in managed.entries { managed.entries[other]?.fields = entry.fields.subtracting(removed) }
        managed.set(wanted, for: owner, at: context.now.timestamp.description)
        object.put(config.at(["metadata", "resourceVersion"]), at: ["metadata", "resourceVersion"])
        let write = Write(context: context, key: key, old: old, new: stored(object, target), managed: managed)
        return try commit(write, status: old == nil ? 201 : 200)
    }

    /// The configuration that is applied, checked and cut to what this endpoint takes.
    private func applied(
        _ context: RequestContext,
        _ key: ObjectKey,
        _ schema: Schema
    ) throws(APIError) -> JSONValue {
        let target = context.target
        guard !(context.request.query("fieldManager") ?? "").isEmpty else {
            let fault = FieldFault.required("fieldManager", "is required for apply patch")
            throw .invalid(group: "meta.k8s.io", kind: "PatchOptions", name: "", [fault])
        }
        guard target.resource.storage != "events" else {
            // Their lists merge by keys that this server does not know.
            throw .unsupportedMediaType(["application/json-patch+json", "application/merge-patch+json"])
        }
        var config = try context.json()
        try checkHeader(config, context)
        let name = config.objectName
        guard name.isEmpty || name == key.name else {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(key.name))")
        }
        guard config.at(["metadata", "managedFields"]) == nil else {
            throw .badRequest("metadata.managedFields must be nil")
        }
        config.put(.string(key.name), at: ["metadata", "name"])
        if let namespace = key.namespace { config.put(.string(namespace), at: ["metadata", "namespace"]) }
        if let field = schema.undeclared(config).first {
            throw APIError(
                code: 500,
                reason: "InternalError",
                message: "failed to create typed patch object (\(key.namespace ?? "")/\(key.name); "
                    + "\(target.apiVersion), Kind=\(target.resource.kind)): \(field): field not declared in schema"
            )
        }
        if target.subresource == "status" {
            let kept: Set<String> = ["apiVersion", "kind", "status"]
            let metadata = (config["metadata"] ?? [:]).without(["labels", "annotations"])
            config = config.without(Set((config.objectValue ?? [:]).keys).subtracting(kept))
            config["metadata"] = metadata
        } else if target.version.hasStatus {
            config["status"] = nil
        }
        return config
    }

    /// Refuses what others own, or takes it from them where that is asked for.
    private func settle(
        _ managed: inout ManagedFields,
        _ owner: ManagedFields.Owner,
        _ changed: FieldSet,
        force: Bool
    ) throws(APIError) {
        var conflicts: [(owner: String, paths: [String])] = []
        for (other, entry) in managed.entries.sorted(by: { $0.key < $1.key }) where other != owner {
            let disputed = entry.fields.intersection(changed)
            guard !disputed.isEmpty else { continue }
            if force {
                managed.entries[other]?.fields = entry.fields.subtracting(disputed)
            } else {
                conflicts.append((other.description(time: entry.time), disputed.paths()))
            }
        }
        guard !conflicts.isEmpty else { return }
        let count = conflicts.reduce(0) { $0 + $1.paths.count }
        var message = "Apply failed with 1 conflict: conflict with \(conflicts[0].owner): \(conflicts[0].paths[0])"
        if count > 1 {
            let parts = conflicts.map { conflict in
                "conflicts with \(conflict.owner):\n" + conflict.paths.map { "- \($0)" }.joined(separator: "\n")
            }
            message = "Apply failed with \(count) conflicts: \(parts.joined(separator: "\n"))"
        }
        let causes = conflicts.flatMap { conflict in
            conflict.paths.map { path -> JSONValue in
                [
                    "reason": "FieldManagerConflict", "field": .string(path),
                    "message": .string("conflict with \(conflict.owner)"),
                ]
            }
        }
        throw APIError(code: 409, reason: "Conflict", message: message, details: ["causes": .array(causes)])
    }

    private static func ownershipSchema(_ target: APITarget) -> Schema {
        (target.version.schema ?? .untyped).withMetadata()
    }

    private func owner(_ context: RequestContext, isApply: Bool) -> ManagedFields.Owner {
        ManagedFields.Owner(
            manager: context.manager,
            isApply: isApply,
            apiVersion: context.target.apiVersion,
            subresource: context.target.subresource ?? ""
        )
    }

    /// The object with the ownership of its fields brought up to date.
    func tracked(_ object: JSONValue, _ write: Write) -> JSONValue {
        var object = object
        // The one way to give up all ownership is a list of one empty entry.
        let isReset = object.at(["metadata", "managedFields"]) == [[:]]
        var managed = write.managed ?? write.old.map { ManagedFields($0.value) } ?? ManagedFields()
        if isReset {
            managed = ManagedFields()
        } else if write.managed == nil {
            managed.update(
                write.old?.value ?? [:],
                object,
                Self.ownershipSchema(write.context.target),
                by: owner(write.context, isApply: false),
                at: write.context.now.timestamp.description
            )
        }
        object.put(managed.value, at: ["metadata", "managedFields"])
        return object
    }
}
