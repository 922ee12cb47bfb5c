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
            let place = Store.Place(storage: target.resource.storage, key: key)
            let policy = options["propagationPolicy"]?.stringValue
            let grace = options["gracePeriodSeconds"]?.intValue
            object = markedOrRemoved(place, finalizer: policy.flatMap { Self.collectors[$0] }, grace: grace)
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
        return KubeResponse(status: 200, headers: headers, body: status.bytes)
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

    /// The finalizers by which the garbage collector holds an object while it deals with what it owns.
    private static let collectors = ["Foreground": "foregroundDeletion", "Orphan": "orphan"]

    /// Deletes an object, or marks it where finalizers hold it; returns what the request is answered with: the marked
    /// object, nil where it was removed at once.
    ///
    /// - Parameters:
    ///   - finalizer: the garbage collector's, of the policy that was asked for.
    ///   - grace: seconds that were asked for; they are for Pods that run.
    private mutating func markedOrRemoved(
        _ place: Store.Place,
        finalizer: String? = nil,
        grace: Int64? = nil
    ) -> JSONValue? {
        guard var object = store.object(place.storage, place.key)?.value else { return nil }
        let finalizers = object.finalizers + (finalizer.map { object.finalizers.contains($0) ? [] : [$0] } ?? [])
        if place.storage == APIResource.pods.storage {
            let seconds = PodDeletion.grace(object, asked: grace)
            if seconds > 0 {
                if !finalizers.isEmpty { object.put(.strings(finalizers), at: ["metadata", "finalizers"]) }
                guard let marked = PodDeletion.marked(object, grace: seconds, now: now) else { return object }
                return store.write(place.storage, place.key, marked)
            }
        }
        guard !finalizers.isEmpty else {
            remove(place.storage, place.key)
            return nil
        }
        if object.at(["metadata", "deletionTimestamp"]) == nil {
            object.put(.strings(finalizers), at: ["metadata", "finalizers"])
            object.put(.string(now.timestamp.description), at: ["metadata", "deletionTimestamp"])
            object.put(0, at: ["metadata", "deletionGracePeriodSeconds"])
            if let generation = object.at(["metadata", "generation"])?.intValue {
                object.put(.int(generation + 1), at: ["metadata", "generation"])
            }
            object = store.write(place.storage, place.key, object)
        } else if object.at(["metadata", "deletionGracePeriodSeconds"]) != 0 {
            object.put(0, at: ["metadata", "deletionGracePeriodSeconds"])
            object = store.write(place.storage, place.key, object)
        }
        if let finalizer, object.finalizers.contains(finalizer) { collect(dependentsOf: place, finalizer) }
        return object
    }

    /// The garbage collector's work for an object that it holds: dependents are let go, or deleted and waited for.
    private mutating func collect(dependentsOf owner: Store.Place, _ finalizer: String) {
        guard let uid = store.object(owner.storage, owner.key)?.value.objectUID else { return }
        if finalizer == "orphan" {
            orphan(dependentsOf: uid)
            release(owner, finalizer)
        } else {
            for place in store.dependents(of: uid) where isOwned(place, by: uid) {
                let owned = store.object(place.storage, place.key).map { store.dependents(of: $0.value.objectUID) }
                _ = markedOrRemoved(place, finalizer: owned?.isEmpty == false ? finalizer : nil)
            }
            releaseIfAlone(owner)
        }
    }

    /// Whether no other owner keeps a dependent: one that exists and is not itself being deleted in the foreground.
    private func isOwned(_ place: Store.Place, by uid: String) -> Bool {
        let owners = store.object(place.storage, place.key)?.value.ownerUIDs ?? []
        return !owners.contains { other in
            guard other != uid, let owner = store.place(uid: other) else { return false }
            let finalizers = store.object(owner.storage, owner.key)?.value.finalizers ?? []
            return !finalizers.contains("foregroundDeletion")
        }
    }

    /// Lets an owner go that waited for its dependents, once none blocks it any more.
    private mutating func releaseIfAlone(_ owner: Store.Place) {
        guard let object = store.object(owner.storage, owner.key)?.value,
            object.finalizers.contains("foregroundDeletion")
        else { return }
        let blocks = store.dependents(of: object.objectUID).contains { place in
            let references = store.object(place.storage, place.key)?.value.at(["metadata", "ownerReferences"])
            return (references?.arrayValue ?? []).contains {
                $0["uid"]?.stringValue == object.objectUID && $0["blockOwnerDeletion"]?.boolValue == true
            }
        }
        if !blocks { release(owner, "foregroundDeletion") }
    }

    /// Takes one finalizer off an object that is being deleted, and removes it if that was the last one.
    private mutating func release(_ place: Store.Place, _ finalizer: String) {
        guard var object = store.object(place.storage, place.key)?.value else { return }
        let rest = object.finalizers.filter { $0 != finalizer }
        guard !rest.isEmpty else { return remove(place.storage, place.key) }
        object.put(.strings(rest), at: ["metadata", "finalizers"])
        store.write(place.storage, place.key, object)
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
        for owner in object.ownerUIDs { if let place = store.place(uid: owner) { releaseIfAlone(place) } }
    }

    /// Deletes an object that had owners and has none left, as the garbage collector does in the background.
    mutating func collect(_ place: Store.Place) {
        guard let object = store.object(place.storage, place.key)?.value else { return }
        let owners = object.ownerUIDs
        guard !owners.isEmpty, !owners.contains(where: { store.place(uid: $0) != nil }) else { return }
        _ = markedOrRemoved(place)
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
