import KubeCore

extension APIServerState {
    mutating func delete(_ context: RequestContext, _ name: String) throws(APIError) -> KubeResponse {
        let target = context.target
        guard target.subresource == nil else { throw .methodNotAllowed }
        try context.checkWriteOptions()
        let key = target.key(name)
        guard let old = store.object(target.resource.storage, key)?.value else {
            throw .notFound(target.resource, name)
        }
        let options = try deleteOptions(context)
        try checkDeletion(old, options, target.resource)
        if target.resource.id == APIResource.namespaces.id, ["default", "kube-system"].contains(name) {
            throw .forbidden(target.resource, name, "this namespace may not be deleted")
        }
        let dry = context.isDryRun || options["dryRun"]?.strings == ["All"]
        var object: JSONValue? = old
        if !dry {
            if options["propagationPolicy"]?.stringValue == "Orphan" { orphan(dependentsOf: old.objectUID) }
            object = markedOrRemoved(target.resource.storage, key)
        }
        let format = try ResponseFormat(context.request)
        if let object, !dry {
            let shown = view(StoredObject(value: object, revision: store.revision), target)
            return format.object(shown, target, status: 200, now: context.now)
        }
        var details: JSONValue = [
            "name": .string(name), "kind": .string(target.resource.plural), "uid": .string(old.objectUID),
        ]
        if !target.resource.group.isEmpty { details["group"] = .string(target.resource.group) }
        let status: JSONValue = [
            "apiVersion": "v1", "kind": "Status", "metadata": [:], "status": "Success", "details": details,
        ]
        let headers = ["content-type": "application/json"]
        return KubeResponse(status: 200, headers: headers, body: Array(status.text.utf8))
    }

    private func deleteOptions(_ context: RequestContext) throws(APIError) -> JSONValue {
        var options: JSONValue = [:]
        if let body = context.request.body, !body.isEmpty { options = try context.body() }
        if let policy = context.request.query("propagationPolicy") { options["propagationPolicy"] = .string(policy) }
        let policy = options["propagationPolicy"]?.stringValue ?? "Background"
        guard ["Background", "Foreground", "Orphan"].contains(policy) else {
            let fault = FieldFault.unsupported(
                "propagationPolicy",
                .string(policy),
                ["Background", "Foreground", "Orphan"]
            )
            throw .invalid(group: "meta.k8s.io", kind: "DeleteOptions", name: "", [fault])
        }
        return options
    }

    private func checkDeletion(
        _ object: JSONValue,
        _ options: JSONValue,
        _ resource: APIResource
    ) throws(APIError) {
        if let uid = options["preconditions"]?["uid"]?.stringValue, uid != object.objectUID {
            let why = "Precondition failed: UID in precondition: \(uid), UID in object meta: \(object.objectUID)"
            throw .conflict(resource, object.objectName, why)
        }
        let current = object.at(["metadata", "resourceVersion"])?.stringValue ?? ""
        if let version = options["preconditions"]?["resourceVersion"]?.stringValue, version != current {
            let why =
                "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object "
                + "meta: \(current)"
            throw .conflict(resource, object.objectName, why)
        }
    }

    /// Deletes an object, or marks it where finalizers hold it; returns what is left of it.
    private mutating func markedOrRemoved(_ storage: String, _ key: ObjectKey) -> JSONValue? {
        guard var object = store.object(storage, key)?.value else { return nil }
        guard !object.finalizers.isEmpty else {
            remove(storage, key)
            return nil
        }
        guard object.at(["metadata", "deletionTimestamp"]) == nil else { return object }
        object.put(.string(now.timestamp.description), at: ["metadata", "deletionTimestamp"])
        object.put(0, at: ["metadata", "deletionGracePeriodSeconds"])
        if let generation = object.at(["metadata", "generation"])?.intValue {
            object.put(.int(generation + 1), at: ["metadata", "generation"])
        }
        return store.write(storage, key, object)
    }

    /// Removes an object and what goes with it: the content of a namespace, the objects of a kind, what it owns.
    mutating func remove(_ storage: String, _ key: ObjectKey) {
        guard let object = store.object(storage, key)?.value else { return }
        if storage == APIResource.namespaces.storage {
            for kept in Set(resources.values.filter(\.isNamespaced).map(\.storage)).sorted() {
                for (place, _) in store.all(kept, namespace: key.name) { remove(kept, place) }
            }
        }
        if storage == APIResource.definitions.storage, let resource = Definition.resource(of: object) {
            for (place, _) in store.all(resource.storage) { remove(resource.storage, place) }
            resources[resource.id] = nil
        }
        store.remove(storage, key)
        for place in store.dependents(of: object.objectUID) { collect(place) }
    }

    /// Deletes an object that had owners and has none left, as the garbage collector does in the background.
    mutating func collect(_ place: Store.Place) {
        guard let object = store.object(place.storage, place.key)?.value else { return }
        let owners = object.ownerUIDs
        guard !owners.isEmpty, !owners.contains(where: store.exists) else { return }
        _ = markedOrRemoved(place.storage, place.key)
    }

    private mutating func orphan(dependentsOf uid: String) {
        for place in store.dependents(of: uid) {
            guard var object = store.object(place.storage, place.key)?.value else { continue }
            let rest = (object.at(["metadata", "ownerReferences"])?.arrayValue ?? [])
                .filter { $0["uid"]?.stringValue != uid }
            object.put(rest.isEmpty ? .none : .some(.array(rest)), at: ["metadata", "ownerReferences"])
            store.write(place.storage, place.key, object)
        }
    }
}
