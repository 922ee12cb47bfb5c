import KubeCore

extension APIServerState {
    /// One write on its way: what it replaces and what it brings.
    struct Write {
        var context: RequestContext
        var key: ObjectKey
        var old: StoredObject?
        var new: JSONValue
        /// The fields that the writer claims; nil where they follow from what changed.
        var managed: ManagedFields?

        var isStatus: Bool { context.target.subresource == "status" }
    }

    mutating func create(_ context: RequestContext) throws(APIError) -> KubeResponse {
        try context.checkWriteOptions()
        let target = context.target
        guard !target.resource.isNamespaced || target.namespace != nil else { throw .methodNotAllowed }
        var object = try received(context)
        let prefix = object.at(["metadata", "generateName"])?.stringValue ?? ""
        if object.objectName.isEmpty, !prefix.isEmpty {
            object.put(.string(prefix + generator.suffix()), at: ["metadata", "name"])
        }
        if object.objectName.isEmpty {
            throw .invalid(target.resource, "", [.required("metadata.name", "name or generateName is required")])
        }
        if let version = object.at(["metadata", "resourceVersion"])?.stringValue, !version.isEmpty {
            throw .badRequest("resourceVersion should not be set on objects to be created")
        }
        let key = target.key(object.objectName)
        return try commit(Write(context: context, key: key, new: object), status: 201)
    }

    mutating func replace(_ context: RequestContext, _ name: String) throws(APIError) -> KubeResponse {
        try context.checkWriteOptions()
        let target = context.target
        let object = try received(context)
        guard object.objectName == name else {
            throw .badRequest(
                "the name of the object (\(object.objectName)) does not match the name on the URL (\(name))"
            )
        }
        let key = target.key(name)
        let old = store.object(target.resource.storage, key)
        let version = object.at(["metadata", "resourceVersion"])?.stringValue ?? ""
        guard let old else {
            guard target.resource.traits.createsOnUpdate, target.subresource == nil, version.isEmpty else {
                throw .notFound(target.resource, name)
            }
            return try commit(Write(context: context, key: key, new: object), status: 201)
        }
        if version.isEmpty, !target.resource.traits.allowsUnconditionalUpdate {
            let fault = FieldFault(
                field: "metadata.resourceVersion",
                reason: "FieldValueInvalid",
                message: "Invalid value: 0x0: must be specified for an update"
            )
            throw .invalid(target.resource, name, [fault])
        }
        return try commit(Write(context: context, key: key, old: old, new: object), status: 200)
    }

    /// The object of a request, checked against its URL and in the form in which it is kept.
    private func received(_ context: RequestContext) throws(APIError) -> JSONValue {
        let target = context.target
        var object = try context.body()
        // The real server decodes into the type of the endpoint; client libraries of other languages rely on that.
        if !target.resource.isCustom {
            if object["kind"] == nil { object["kind"] = .string(target.resource.kind) }
            if object["apiVersion"] == nil { object["apiVersion"] = .string(target.apiVersion) }
        }
        object = stored(object, target)
        try checkHeader(object, context)
        return object
    }

    /// The object of a request in the form in which it is kept.
    func stored(_ object: JSONValue, _ target: APITarget) -> JSONValue {
        target.resource.id == APIResource.coreEvents.id ? EventView.stored(object) : object
    }

    /// Refuses an object of another kind, version or namespace than that of the URL.
    func checkHeader(_ object: JSONValue, _ context: RequestContext) throws(APIError) {
        let target = context.target
        let kind = object["kind"]?.stringValue ?? ""
        let version = object["apiVersion"]?.stringValue ?? ""
        guard !kind.isEmpty else { throw .badRequest("Object 'Kind' is missing in '\(object.text)'") }
        guard kind == target.resource.kind else {
            throw .badRequest(
                "\(kind) in version \"\(target.version.name)\" cannot be handled as a \(target.resource.kind): no "
                    + "kind \"\(kind)\" is registered for this resource"
            )
        }
        guard version == target.apiVersion else {
            throw .badRequest(
                "the API version in the data (\(version)) does not match the expected API version "
                    + "(\(target.apiVersion))"
            )
        }
        if let namespace = object.objectNamespace, namespace != target.namespace {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        }
    }

    /// Checks a write, carries it out unless it changes nothing or is a rehearsal, and answers it.
    mutating func commit(_ write: Write, status: Int) throws(APIError) -> KubeResponse {
        var write = write
        let target = write.context.target
        let resource = target.resource
        let format = try ResponseFormat(write.context.request)
        if let namespace = write.key.namespace, write.old == nil {
            guard let found = store.object("namespaces", ObjectKey(name: namespace)) else {
                throw .notFound(.namespaces, namespace)
            }
            guard found.value.at(["metadata", "deletionTimestamp"]) == nil else {
                let why = "unable to create new content in namespace \(namespace) because it is being terminated"
                throw .forbidden(resource, write.key.name, why)
            }
        }
        try authorizeCreation(write)
        let object = try prepare(&write)
        try checkOwners(write, object)
        if write.old == nil, store.object(resource.storage, write.key) != nil {
            throw .alreadyExists(resource, write.key.name)
        }
        var result = object
        if let old = write.old, Self.isSame(old.value, object) {
            result = old.value
        } else if !write.context.isDryRun {
            result = store.write(resource.storage, write.key, object)
            afterWrite(resource, write.key, result)
        }
        let shown = view(StoredObject(value: result, revision: store.revision), target)
        var response = format.object(shown, target, status: status, now: write.context.now)
        if !write.context.warnings.isEmpty {
            response.headers["warning"] = write.context.warnings.map(Self.warning).joined(separator: ", ")
        }
        return response
    }

    /// A replacement or an application of what is not there creates it, and must be allowed to.
    private mutating func authorizeCreation(_ write: Write) throws(APIError) {
        guard write.old == nil, write.context.request.method != .post else { return }
        let resource = write.context.target.resource
        let key = write.key
        let access = APIAccess("create", group: resource.group, resource.plural, namespace: key.namespace, name: "")
        try authorize(write.context.user, access)
    }

    /// A value of the Warning header.
    private static func warning(_ text: String) -> String {
        let quoted = text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
        return "299 - \"\(quoted)\""
    }

    /// Whether a write would change nothing; times of managed fields and the version do not count.
    private static func isSame(_ old: JSONValue, _ new: JSONValue) -> Bool {
        func bare(_ object: JSONValue) -> JSONValue {
            var object = object
            object.put(nil, at: ["metadata", "resourceVersion"])
            let entries = object.at(["metadata", "managedFields"])?.arrayValue ?? []
            let untimed = entries.map { $0.without(["time"]) }
            object.put(untimed.isEmpty ? .none : .some(.array(untimed)), at: ["metadata", "managedFields"])
            return object
        }
        return bare(old) == bare(new)
    }

    /// What follows from a write: kinds that come and go, objects whose last finalizer or owner is gone.
    private mutating func afterWrite(_ resource: APIResource, _ key: ObjectKey, _ object: JSONValue) {
        if resource.id == APIResource.definitions.id { serve(definition: object) }
        let isDeleting = object.at(["metadata", "deletionTimestamp"]) != nil
        // One with time left ends only when its kubelet says so.
        let grace = object.at(["metadata", "deletionGracePeriodSeconds"])?.intValue ?? 0
        if isDeleting, object.finalizers.isEmpty, grace == 0 { remove(resource.storage, key) }
        collect(Store.Place(storage: resource.storage, key: key))
    }
}

extension RequestContext {
    /// The body as JSON.
    func body() throws(APIError) -> JSONValue {
        let type = MediaType(request.contentType ?? "application/json").name
        guard type == "application/json" else { throw .unsupportedMediaType(["application/json"]) }
        return try json()
    }

    func json() throws(APIError) -> JSONValue {
        guard let value = try? JSONCoding.decode(JSONValue.self, from: request.body ?? []),
            value.objectValue != nil || value.arrayValue != nil
        else {
            let kind = target.resource.kind
            throw .badRequest("the object provided is unrecognized (must be of type \(kind)): it is no JSON object")
        }
        return value
    }
}
